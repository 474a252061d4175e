//! SIP over WebSocket, as a server (RFC 7118): one message in each text or binary message.

use super::connection::{Context, End, Ends, WRITE_MESSAGES};
use crate::Message as SipMessage;
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Buffers of a connection, bytes; one message is a few hundred.
const BUFFER_BYTES: usize = 4 * 1024;
/// The subprotocol (RFC 7118 §4.1).
const SUBPROTOCOL: &str = "sip";

/// Shakes hands, then reads and writes until one of the two ends.
pub(super) async fn converse<S>(
    context: &Context,
    stream: S,
    ends: Ends,
    waiting: &mut mpsc::Receiver<Bytes>,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let longest = usize::from(context.config.limits.message_bytes);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(longest))
        .max_frame_size(Some(longest));
    let handshake =
        tokio_tungstenite::accept_hdr_async_with_config(stream, choose_subprotocol, Some(config));
    let socket = match timeout(context.config.message_timeout, handshake).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => {
            tracing::debug!(%error, "no WebSocket handshake");
            return End::Handshake;
        }
        Err(_) => return End::Handshake,
    };
    let (writer, reader) = socket.split();
    let wrote = AtomicBool::new(false);
    tokio::select! {
        end = read_all(context, reader, ends, &wrote) => end,
        end = write_all(context, writer, waiting, &wrote) => end,
    }
}

/// RFC 7118 §4.1: the client offers `sip`, and the server says that it takes it.
#[expect(clippy::result_large_err, reason = "the library's signature")]
fn choose_subprotocol(
    request: &Request,
    mut response: Response,
) -> Result<Response, ErrorResponse> {
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let has_sip = offered
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case(SUBPROTOCOL));
    if !has_sip {
        let mut refusal = ErrorResponse::new(Some("the subprotocol must be sip".to_owned()));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Err(refusal);
    }
    response.headers_mut().insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(SUBPROTOCOL),
    );
    Ok(response)
}

async fn read_all<S>(
    context: &Context,
    mut reader: SplitStream<WebSocketStream<S>>,
    ends: Ends,
    wrote: &AtomicBool,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let next = timeout(context.config.idle_timeout, reader.next()).await;
        let bytes = match next {
            Err(_) if wrote.swap(false, Ordering::Relaxed) => continue,
            Err(_) => return End::Ours,
            Ok(None | Some(Ok(Message::Close(_)))) => return End::Peer,
            Ok(Some(Err(error))) => {
                tracing::debug!(source = %ends.source, %error, "a WebSocket broke");
                return End::Lost;
            }
            Ok(Some(Ok(Message::Text(text)))) => Bytes::from(text),
            Ok(Some(Ok(Message::Binary(bytes)))) => bytes,
            // The library answers pings itself.
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => continue,
        };
        if let Err(end) = take(context, ends, bytes).await {
            return end;
        }
    }
}

/// RFC 7118 §5: a message is whole, or it is no message.
async fn take(context: &Context, ends: Ends, bytes: Bytes) -> Result<(), End> {
    match bytes.as_ref() {
        b"\r\n\r\n" => {
            context.pong();
            return Ok(());
        }
        b"\r\n" | b"" => return Ok(()),
        _ => {}
    }
    // Where the body ends the WebSocket message says: Content-Length may be left out.
    match SipMessage::parse(&bytes, &context.config.limits) {
        Ok(_) => context.deliver(ends, bytes).await,
        Err(error) => {
            tracing::debug!(source = %ends.source, %error, "not a SIP message");
            Err(End::Malformed)
        }
    }
}

async fn write_all<S>(
    context: &Context,
    mut writer: SplitSink<WebSocketStream<S>, Message>,
    waiting: &mut mpsc::Receiver<Bytes>,
    wrote: &AtomicBool,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let longest = context.config.message_timeout;
    let mut messages = Vec::with_capacity(WRITE_MESSAGES);
    while waiting.recv_many(&mut messages, WRITE_MESSAGES).await > 0 {
        let block = async {
            for message in messages.drain(..) {
                writer.feed(wrapped(message)).await?;
            }
            writer.flush().await
        };
        match timeout(longest, block).await {
            Ok(Ok(())) => wrote.store(true, Ordering::Relaxed),
            Ok(Err(_)) => return End::Lost,
            Err(_) => return End::Stalled,
        }
    }
    match writer.close().await {
        Ok(()) => End::Ours,
        Err(_) => End::Lost,
    }
}

/// Text when it can be (RFC 7118 §5): browsers' libraries expect it.
fn wrapped(message: Bytes) -> Message {
    match Utf8Bytes::try_from(message.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(message),
    }
}
