// A caller that speaks SIP over WebSocket (RFC 7118) by Node's own client, the one of browsers.
//
//   node --experimental-websocket caller.mjs URL NUMBER hangs-up|waits
//
// It calls NUMBER, acknowledges, and then hangs up itself or waits until it is hung up on. What else
// happens ends it with an error. Nobody can connect to it: all must come by its own connection.

const [url, number, mode] = process.argv.slice(2);
const transport = url.startsWith("wss:") ? "WSS" : "WS";
const own = `${Math.random().toString(36).slice(2)}.invalid`;
const callId = `${own}-call`;
const patience = setTimeout(() => fail("nothing more came"), 30_000);
const socket = new WebSocket(url, "sip");

const description = [
  "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 4000 RTP/AVP 8", "",
].join("\r\n");

let to = `<sip:${number}@${new URL(url).host}>`;
let target = `sip:${number}@${new URL(url).host}`;

function fail(why) {
  console.error(why);
  process.exit(1);
}

function end() {
  clearTimeout(patience);
  socket.close();
}

function request(method, cseq, branch, body = "") {
  const lines = [
    `${method} ${target} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${own};branch=z9hG4bK${branch}`,
    `From: <sip:442071234567@${own}>;tag=1`,
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    "Max-Forwards: 70",
    `Contact: <sip:caller@${own};transport=ws>`,
  ];
  if (body) lines.push("Content-Type: application/sdp");
  lines.push(`Content-Length: ${Buffer.byteLength(body)}`, "", body);
  socket.send(lines.join("\r\n"));
}

/** All fields of one name, in the order in which they stand. */
function fields(message, name) {
  const head = message.split("\r\n\r\n")[0].split("\r\n").slice(1);
  return head.filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
}

function value(message, name) {
  return fields(message, name)[0]?.slice(name.length + 1).trim() ?? "";
}

function answer(message) {
  const lines = ["SIP/2.0 200 OK", ...fields(message, "Via")];
  for (const name of ["From", "To", "Call-ID", "CSeq"]) lines.push(...fields(message, name));
  socket.send([...lines, "Content-Length: 0", "", ""].join("\r\n"));
}

function onResponse(message) {
  const status = Number(message.split(" ")[1]);
  const cseq = value(message, "CSeq");
  if (status < 200) return;
  if (status !== 200) fail(message);
  if (cseq === "2 BYE") return end();
  to = value(message, "To");
  target = value(message, "Contact").replace(/^<|>.*$/g, "");
  request("ACK", 1, "ack");
  if (mode === "hangs-up") setTimeout(() => request("BYE", 2, "bye"), 200);
}

socket.onerror = (event) => fail(`no connection: ${event.message ?? event.error ?? ""}`);
socket.onopen = () => {
  if (socket.protocol !== "sip") fail(`subprotocol ${socket.protocol}`);
  request("INVITE", 1, "invite", description);
};
socket.onmessage = async ({ data }) => {
  const message = typeof data === "string" ? data : await data.text();
  if (message.startsWith("SIP/2.0 ")) return onResponse(message);
  if (!message.startsWith("BYE ") || mode !== "waits") fail(message);
  answer(message);
  setTimeout(end, 200);
};
