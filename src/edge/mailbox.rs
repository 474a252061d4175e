//! The bounded queue into a shard, and the waking of a shard that sleeps in its poll.
//!
//! Anybody may hold a [`Mailbox`]. Putting something in never waits: a full queue is an answer. The
//! shard is woken by a system call only when it really sleeps.

use super::trace::Tracer;
use mio::Waker;
use sip_core::transaction::Path;
use sip_core::transport::Unreachable;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};

/// Inputs that wait for one shard. More are refused: a datagram is dropped and counted, and comes
/// again by its sender's timer.
const INPUTS_MAX: usize = 16_384;

/// What reaches a shard from other threads.
pub(crate) enum ShardInput {
    /// A message of a call that this shard owns, received elsewhere.
    Message { bytes: Vec<u8>, path: Path },
    /// A destination that cannot be reached.
    Unreachable(Unreachable, sip_core::transaction::Transport),
    /// A question that the shard answers through a channel of its own.
    Question(Box<dyn FnOnce(&mut call_control::Engine) + Send>),
    /// A question about the messages of a call.
    TraceQuestion(TraceQuestion),
}

/// What is asked of a shard about the messages of a call.
pub(crate) type TraceQuestion = Box<dyn FnOnce(&call_control::Engine, &mut Tracer) + Send>;

/// The sending side; clones share the queue.
#[derive(Clone)]
pub(crate) struct Mailbox {
    sender: SyncSender<ShardInput>,
    waker: Arc<Waker>,
    asleep: Arc<AtomicBool>,
    refused: Arc<AtomicU64>,
}

/// The shard's side.
pub(crate) struct Inbox {
    receiver: Receiver<ShardInput>,
    /// Looked at, not taken yet.
    first: Option<ShardInput>,
    asleep: Arc<AtomicBool>,
}

/// The queue is full, or its shard is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// A queue whose reader is woken by `waker`.
pub(crate) fn mailbox(waker: Waker) -> (Mailbox, Inbox) {
    let (sender, receiver) = sync_channel(INPUTS_MAX);
    let asleep = Arc::new(AtomicBool::new(false));
    let mailbox = Mailbox {
        sender,
        waker: Arc::new(waker),
        asleep: Arc::clone(&asleep),
        refused: Arc::default(),
    };
    (
        mailbox,
        Inbox {
            receiver,
            first: None,
            asleep,
        },
    )
}

impl Mailbox {
    /// Queues `input` and wakes the shard when it sleeps.
    pub(crate) fn send(&self, input: ShardInput) -> Result<(), Refused> {
        match self.sender.try_send(input) {
            Ok(()) => {
                self.wake();
                Ok(())
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                Err(Refused)
            }
        }
    }

    /// Wakes the shard when it sleeps.
    pub(crate) fn wake(&self) {
        // SeqCst pairs with `Inbox::may_sleep`: either the shard sees the input before it sleeps,
        // or this sees that it sleeps.
        if self.asleep.swap(false, Ordering::SeqCst)
            && let Err(error) = self.waker.wake()
        {
            tracing::warn!(%error, "a shard could not be woken; its next timer will");
        }
    }

    /// Inputs that were refused since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Inbox {
    /// The next input.
    pub(crate) fn take(&mut self) -> Option<ShardInput> {
        self.first.take().or_else(|| self.receive())
    }

    /// Whether there is a next input.
    pub(crate) fn has_input(&mut self) -> bool {
        if self.first.is_none() {
            self.first = self.receive();
        }
        self.first.is_some()
    }

    fn receive(&self) -> Option<ShardInput> {
        match self.receiver.try_recv() {
            Ok(input) => Some(input),
            Err(TryRecvError::Empty) => None,
            // A shard holds its own mailbox, so this never comes.
            Err(TryRecvError::Disconnected) => None,
        }
    }

    /// Declares that the shard is about to sleep. Look for input once more afterwards: what came
    /// before the declaration wakes nobody.
    pub(crate) fn about_to_sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// The shard is awake.
    pub(crate) fn awake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }
}
