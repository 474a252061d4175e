//! baresip on both sides: a telephone's own idea of a call, with its media.

use crate::certificates::Authority;
use crate::ports::free_port;
use crate::programs::Program;
use crate::resources::{CarrierSpec, NUMBER, World};
use crate::switch::{Switch, until};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// It listens on three ports of its own finding; another program may take one meanwhile.
const STARTS_MAX: usize = 5;

/// A telephone that is driven by its control port.
struct Phone {
    // Ended before its folder is.
    _program: Program,
    control: TcpStream,
    /// Read and not taken yet.
    read: Vec<u8>,
    /// Types of events, with their parameters.
    events: Vec<(String, String)>,
    log: PathBuf,
    address: SocketAddr,
}

/// What a telephone sends.
const TONE: &str = "audio_source ausine,440\nausrc_srate 48000\nausrc_channels 2\n";
/// A bridge without another end.
const NOTHING: &str = "audio_source aubridge,silent\n";

impl Phone {
    /// A telephone of `user` on `ip`. Calls to it are answered at once; it sends `voice`, and `account` are
    /// more parameters of its account.
    fn start(
        user: &str,
        ip: &str,
        folder: &Path,
        authority: &Authority,
        voice: &str,
        account: &str,
    ) -> Self {
        (0..STARTS_MAX)
            .find_map(|_| Self::start_once(user, ip, folder, authority, voice, account))
            .expect("one of many ports is free")
    }

    /// `None` when a port that was free a moment ago is so no more.
    fn start_once(
        user: &str,
        ip: &str,
        folder: &Path,
        authority: &Authority,
        voice: &str,
        account: &str,
    ) -> Option<Self> {
        let folder = folder.join(format!("phone-{ip}"));
        std::fs::create_dir_all(&folder).unwrap();
        let (control, address) = (free_port("127.0.0.1"), free_port(ip));
        let bundle = folder.join("phone.pem");
        let parts =
            ["phone.pem", "phone.key"].map(|file| std::fs::read(authority.path(file)).unwrap());
        std::fs::write(&bundle, parts.concat()).unwrap();
        let config = format!(
            "module_path {modules}\nmodule g711.so\nmodule srtp.so\nmodule ausine.so\nmodule aubridge.so\n\
             module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
             ctrl_tcp_listen {control}\nsip_listen {address}\nnet_interface {ip}\n\
             sip_certificate {bundle}\nsip_cafile {authority}\nsip_verify_server yes\n\
             {voice}\
             audio_player aubridge,nowhere\naudio_alert aubridge,nowhere\n\
             rtp_ports 30000-39999\n",
            modules = modules(),
            bundle = bundle.display(),
            authority = authority.text("authority.pem"),
        );
        std::fs::write(folder.join("config"), config).unwrap();
        let account = format!("<sip:{user}@{ip}>;regint=0;answermode=auto{account}\n");
        std::fs::write(folder.join("accounts"), account).unwrap();
        let log = folder.join("log");
        let mut command = Command::new("baresip");
        let mut program = Program::start(command.arg("-f").arg(&folder), &log);
        let mut connected = None;
        let mut is_taken = false;
        until("baresip listens", || {
            if program.has_ended() {
                is_taken = said(&log).contains("Address already in use");
                assert!(is_taken, "{}", said(&log));
            }
            connected = TcpStream::connect(control).ok();
            is_taken || connected.is_some()
        });
        if is_taken {
            return None;
        }
        let control = connected.unwrap();
        control
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        Some(Self {
            _program: program,
            control,
            read: Vec::new(),
            events: Vec::new(),
            log,
            address,
        })
    }

    /// Gives a command of its menu.
    fn tell(&mut self, command: &str, parameters: &str) {
        let json = json!({ "command": command, "params": parameters, "token": "t" }).to_string();
        write!(self.control, "{}:{json},", json.len()).unwrap();
    }

    /// Takes in what has come: netstrings of JSON.
    fn listen(&mut self) {
        let mut buffer = [0; 16_384];
        match self.control.read(&mut buffer) {
            Ok(0) => panic!("baresip has gone: {}", said(&self.log)),
            Ok(length) => self.read.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => panic!("{error}"),
        }
        while let Some(event) = self.take() {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            if event["event"] == true {
                self.events.push((text("type"), text("param")));
            }
        }
    }

    fn take(&mut self) -> Option<Value> {
        let colon = self.read.iter().position(|byte| *byte == b':')?;
        let length: usize = std::str::from_utf8(&self.read[..colon])
            .unwrap()
            .parse()
            .unwrap();
        let end = colon + 1 + length;
        let value = serde_json::from_slice(self.read.get(colon + 1..end)?).unwrap();
        // With the comma behind it.
        self.read.get(end)?;
        self.read.drain(..=end);
        Some(value)
    }

    /// Waits for an event whose parameter begins so, and takes it.
    fn wait_for(&mut self, kind: &str, parameter: &str) {
        let is_it = |event: &(String, String)| event.0 == kind && event.1.starts_with(parameter);
        until(&format!("baresip says {kind} {parameter}"), || {
            self.listen();
            let found = self.events.iter().position(is_it);
            found.map(|at| self.events.remove(at)).is_some()
        });
    }

    /// Waits until words are in its log so many times.
    fn wait_until_said(&self, words: &str, times: usize) {
        until(&format!("baresip says {words} {times} times"), || {
            said(&self.log).matches(words).count() >= times
        });
    }
}

fn said(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}

fn modules() -> &'static str {
    [
        "/usr/lib/baresip/modules",
        "/usr/lib64/baresip/modules",
        "/usr/local/lib/baresip/modules",
    ]
    .into_iter()
    .find(|path| Path::new(path).is_dir())
    .expect("baresip is installed (scripts/install-test-tools)")
}

/// A switch whose customer and carrier are telephones that are reached by `transport`; the carrier's
/// sends `voice`, and its trunk has `more`.
fn between(
    transport: &str,
    authority: &Authority,
    voice: &str,
    more: &str,
) -> (Switch, Phone, Phone, SocketAddr) {
    between_with(transport, authority, voice, more, ["", ""], "")
}

/// The same with more parameters of the telephones' accounts, and fields of the customer's trunk.
fn between_with(
    transport: &str,
    authority: &Authority,
    voice: &str,
    more: &str,
    accounts: [&str; 2],
    ingress_more: &str,
) -> (Switch, Phone, Phone, SocketAddr) {
    let tls = free_port("127.0.0.1");
    let switch = Switch::start(&[
        ("DIDTRON_SIP_LISTENERS", &format!("tls/{tls}")),
        (
            "DIDTRON_SIP_TLS_CERTIFICATE_FILE",
            &authority.text("node.pem"),
        ),
        ("DIDTRON_SIP_TLS_KEY_FILE", &authority.text("node.key")),
        (
            "DIDTRON_SIP_TLS_SERVER_ROOTS_FILE",
            &authority.text("authority.pem"),
        ),
    ]);
    let [of_caller, of_callee] = accounts;
    let caller = Phone::start(
        "442071234567",
        "127.0.0.21",
        &switch.scratch(),
        authority,
        TONE,
        of_caller,
    );
    let callee = Phone::start(
        NUMBER,
        "127.0.0.31",
        &switch.scratch(),
        authority,
        voice,
        of_callee,
    );
    // baresip listens for TLS one port above.
    let gateway = match transport {
        "tls" => SocketAddr::new(callee.address.ip(), callee.address.port() + 1),
        _ => callee.address,
    };
    let mut spec = CarrierSpec::new("aurora", gateway, "0.012");
    let more = format!("transport: {transport}\n{more}");
    spec.more = &more;
    let mut world = World::of(vec![spec]);
    world.media = "relay";
    world.more_sources = ", 127.0.0.1";
    world.ingress = ingress_more;
    world.apply(&switch);
    let to = match transport {
        "tls" => tls,
        _ => switch.sip,
    };
    (switch, caller, callee, to)
}

/// The `nth` call of two telephones, with all that they do; `hangs_up` says who ends it.
fn talk(caller: &mut Phone, callee: &mut Phone, uri: &str, nth: usize, hangs_up: &str) {
    caller.tell("dial", uri);
    caller.wait_for("CALL_ESTABLISHED", "");
    callee.wait_for("CALL_ESTABLISHED", "");
    for phone in [&mut *caller, &mut *callee] {
        phone.wait_until_said("incoming rtp for 'audio' established", nth);
    }
    caller.tell("sndcode", "5");
    callee.wait_until_said("received event: '5' (end=1)", nth);
    callee.tell("sndcode", "9");
    caller.wait_until_said("received event: '9' (end=1)", nth);
    for command in ["hold", "resume"] {
        caller.events.clear();
        callee.events.clear();
        caller.tell(command, "");
        callee.wait_for("CALL_REMOTE_SDP", "offer");
        caller.wait_for("CALL_REMOTE_SDP", "answer");
    }
    let (first, second) = match hangs_up {
        "customer" => (caller, callee),
        _ => (callee, caller),
    };
    first.tell("hangup", "");
    second.wait_for("CALL_CLOSED", "");
}

#[test]
fn telephones_call_talk_hold_resume_and_dial_tones_over_udp_tcp_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.issue("node", "node");
    authority.issue("phone", "phone");
    for transport in ["udp", "tcp", "tls"] {
        let (switch, mut caller, mut callee, to) = between(transport, &authority, TONE, "");
        let uri = format!("sip:{NUMBER}@{to};transport={transport}");
        let ends = ["customer", "carrier"];
        for (index, hangs_up) in ends.into_iter().enumerate() {
            talk(&mut caller, &mut callee, &uri, index + 1, hangs_up);
        }
        let records = switch.wait_for_cdrs(2);
        for by in ends {
            let mut of_it = records.iter().filter(|record| record["released_by"] == by);
            let record = of_it.next().unwrap_or_else(|| panic!("{by}: {records:#?}"));
            assert_eq!(record["outcome"], "answered", "{record}");
            let id = record["id"].as_str().unwrap();
            let media = &switch.get(&format!("/api/v1/cdrs/{id}"))["media"];
            for side in ["packets_from_customer", "packets_from_carrier"] {
                assert!(media[side].as_u64().unwrap() > 0, "{media}");
            }
        }
        switch.wait_until_idle();
    }
}

/// Second sockets of steady streams: those of sessions come by fours.
fn steady_streams(switch: &Switch) -> u64 {
    switch.metric("media_sockets", "") as u64 % 4
}

#[test]
fn steady_streams_of_telephones_have_sockets_that_outlive_hold_and_resume() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.issue("node", "node");
    authority.issue("phone", "phone");
    for trunk in ["", SEALED] {
        let accounts = [if trunk.is_empty() { "" } else { MANDATORY }, ""];
        let (switch, mut caller, mut callee, to) =
            between_with("tls", &authority, TONE, "", accounts, trunk);
        let most = switch.metric("media_sockets_max", "");
        assert!((4.0..).contains(&most), "{most}");
        caller.tell("dial", &format!("sip:{NUMBER}@{to};transport=tls"));
        caller.wait_for("CALL_ESTABLISHED", "");
        callee.wait_for("CALL_ESTABLISHED", "");
        until("both streams are steady", || steady_streams(&switch) == 2);
        for command in ["hold", "resume"] {
            caller.events.clear();
            callee.events.clear();
            caller.tell(command, "");
            callee.wait_for("CALL_REMOTE_SDP", "offer");
            caller.wait_for("CALL_REMOTE_SDP", "answer");
        }
        caller.tell("sndcode", "5");
        callee.wait_until_said("received event: '5' (end=1)", 1);
        callee.tell("sndcode", "9");
        caller.wait_until_said("received event: '9' (end=1)", 1);
        assert_eq!(steady_streams(&switch), 2);
        caller.tell("hangup", "");
        callee.wait_for("CALL_CLOSED", "");
        switch.wait_until_idle();
        until("their sockets are closed", || steady_streams(&switch) == 0);
        let record = &switch.wait_for_cdrs(1)[0];
        let id = record["id"].as_str().unwrap();
        let media = &switch.get(&format!("/api/v1/cdrs/{id}"))["media"];
        for side in ["packets_from_customer", "packets_from_carrier"] {
            assert!(media[side].as_u64().unwrap() > 250, "{media}");
        }
    }
}

/// A trunk whose media is encrypted, and the parameter of a telephone's account that demands it.
const SEALED: &str = "media_encryption: {mode: required}";
const SEALED_IN_CLEAR: &str = "media_encryption: {mode: required, keys_in_clear: true}";
const MANDATORY: &str = ";mediaenc=srtp-mand";

#[test]
fn telephones_with_srtp_talk_to_plain_ones_and_to_each_other_and_hold_and_resume() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.issue("node", "node");
    authority.issue("phone", "phone");
    for (transport, [ingress, egress]) in [
        ("tls", [SEALED, ""]),
        ("tls", ["", SEALED]),
        ("udp", [SEALED_IN_CLEAR, SEALED_IN_CLEAR]),
    ] {
        let account = |trunk: &str| if trunk.is_empty() { "" } else { MANDATORY };
        let accounts = [account(ingress), account(egress)];
        let (switch, mut caller, mut callee, to) =
            between_with(transport, &authority, TONE, egress, accounts, ingress);
        let uri = format!("sip:{NUMBER}@{to};transport={transport}");
        talk(&mut caller, &mut callee, &uri, 1, "customer");
        for (phone, trunk) in [(&caller, ingress), (&callee, egress)] {
            let said = said(&phone.log);
            let is_sealed = said.contains("SRTP is Enabled");
            assert_eq!(is_sealed, !trunk.is_empty(), "{transport} {trunk}: {said}");
            assert!(!said.contains("failed to decrypt"), "{said}");
        }
        let record = &switch.wait_for_cdrs(1)[0];
        assert_eq!(record["outcome"], "answered", "{record}");
        let id = record["id"].as_str().unwrap();
        let media = &switch.get(&format!("/api/v1/cdrs/{id}"))["media"];
        for side in ["packets_from_customer", "packets_from_carrier"] {
            assert!(media[side].as_u64().unwrap() > 0, "{media}");
        }
        switch.wait_until_idle();
        let dropped = |reason| switch.metric("srtp_dropped_total", &format!("reason=\"{reason}\""));
        assert_eq!((dropped("replayed"), dropped("key_used_up")), (0.0, 0.0));
        // On a slow machine packets by a key may come after its grace.
        assert!(dropped("forged") < 10.0, "{}", dropped("forged"));
    }
}

#[test]
fn a_live_call_says_by_what_its_media_is_encrypted_and_a_plain_telephone_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.issue("node", "node");
    authority.issue("phone", "phone");
    let (switch, mut caller, mut callee, to) =
        between_with("tls", &authority, TONE, SEALED, [MANDATORY; 2], SEALED);
    let uri = format!("sip:{NUMBER}@{to};transport=tls");
    caller.tell("dial", &uri);
    caller.wait_for("CALL_ESTABLISHED", "");
    let call = live(&switch);
    for side in ["ingress_encryption", "egress_encryption"] {
        assert!(call[side].as_str().unwrap().contains("AES"), "{call}");
    }
    caller.tell("hangup", "");
    callee.wait_for("CALL_CLOSED", "");
    switch.wait_until_idle();
    drop((caller, callee));
    let plain = switch.scratch().join("plain");
    let mut plain = Phone::start("442071234567", "127.0.0.21", &plain, &authority, TONE, "");
    plain.tell("dial", &uri);
    plain.wait_for("CALL_CLOSED", "488");
    let records = switch.wait_for_cdrs(2);
    let refused = |record: &&Value| record["release_reason"] == "unusable_sdp";
    assert_eq!(records.iter().filter(refused).count(), 1, "{records:#?}");
}

/// The call that is up, with its media.
fn live(switch: &Switch) -> Value {
    let calls = switch.get("/api/v1/calls");
    let id = calls["items"][0]["id"].as_str().unwrap().to_owned();
    switch.get(&format!("/api/v1/calls/{id}"))
}

#[test]
fn a_telephone_that_sends_no_voice_is_found_and_its_trunk_ends_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.issue("node", "node");
    authority.issue("phone", "phone");
    let silence = "silence: {one_way_after_s: 20, one_way: hang_up}";
    let (switch, mut caller, mut callee, to) = between("udp", &authority, NOTHING, silence);
    caller.tell("dial", &format!("sip:{NUMBER}@{to};transport=udp"));
    caller.wait_for("CALL_ESTABLISHED", "");
    callee.wait_for("CALL_ESTABLISHED", "");
    let mut media = Value::Null;
    until("the voice of one side is measured", || {
        media = live(&switch)["media"].clone();
        media["packets_from_customer"].as_u64().unwrap_or(0) > 50
    });
    let quality = &media["quality_from_customer"];
    // How well it is heard depends on the machine: that the figures are right is judged by tshark.
    let lost = quality["packets_lost"].as_i64().unwrap();
    assert!(
        lost < media["packets_from_customer"].as_i64().unwrap(),
        "{media}"
    );
    assert!(quality["mos"].as_f64().unwrap() > 1.0, "{media}");
    assert_eq!(media["packets_from_carrier"], 0, "{media}");
    assert_eq!(media["quality_from_carrier"]["mos"], Value::Null, "{media}");
    for phone in [&mut caller, &mut callee] {
        phone.wait_for("CALL_CLOSED", "");
    }
    let record = &switch.wait_for_cdrs(1)[0];
    assert_eq!(record["release_reason"], "one_way_media", "{record}");
    let id = record["id"].as_str().unwrap();
    let media = &switch.get(&format!("/api/v1/cdrs/{id}"))["media"];
    assert_eq!(media["not_heard"], "carrier", "{media}");
    for name in ["media_one_way_total", "media_not_heard_total"] {
        assert_eq!(switch.metric(name, ""), 1.0, "{name}");
    }
    switch.wait_until_idle();
}
