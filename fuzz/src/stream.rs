//! A stream is the same messages wherever the network cuts it.

use super::LIMITS;
use sip_core::{Frame, frame};

/// What a reader takes from a stream: lengths, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Message(usize),
    Ping,
    /// The reader gave up.
    Broken,
}

/// Bytes of a stream. The first says how it is cut.
pub fn stream(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else {
        return;
    };
    let at_once = read(bytes, bytes.len());
    let in_pieces = read(bytes, usize::from(*cut) + 1);
    assert_eq!(
        at_once,
        in_pieces,
        "pieces of {} bytes",
        usize::from(*cut) + 1
    );
    let messages = at_once.iter().map(|taken| match taken {
        Taken::Message(length) => *length,
        Taken::Ping => 4,
        Taken::Broken => 0,
    });
    assert!(messages.sum::<usize>() <= bytes.len());
}

/// Reads as a connection does: adds a piece, takes what is whole, and so on.
fn read(bytes: &[u8], piece: usize) -> Vec<Taken> {
    let (mut taken, mut held) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(piece.max(1)) {
        held.extend_from_slice(piece);
        if take(&mut held, &mut taken).is_none() {
            taken.push(Taken::Broken);
            break;
        }
    }
    taken
}

/// Takes all that is whole; `None` when the stream cannot be read on.
fn take(held: &mut Vec<u8>, taken: &mut Vec<Taken>) -> Option<()> {
    while !held.is_empty() {
        let length = match frame(held, &LIMITS) {
            Frame::Complete(length) => {
                taken.push(Taken::Message(length));
                length
            }
            Frame::Ping(length) => {
                taken.push(Taken::Ping);
                length
            }
            Frame::Blank(length) => length,
            Frame::NeedMore => break,
            Frame::Error(_) => return None,
        };
        assert!(length > 0 && length <= held.len());
        held.drain(..length);
    }
    Some(())
}
