//! Faults on demand in a whole worker, for tests. Only with the cargo feature `faults`.

use std::borrow::Cow;
use std::io;

use serde::{Deserialize, Deserializer};

use crate::media::ids::PeerId;

/// A fault, as `POST /api/faults` names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum WorkerFault {
    /// The worker's thread ends by a panic.
    Panic,
    /// A panic inside a person's connection, at the next datagram it takes in.
    PanicOnReceive {
        /// Whose.
        #[serde(deserialize_with = "peer")]
        peer: PeerId,
    },
    /// A panic inside a person's connection, at the next packet it is to send.
    PanicOnSend {
        /// Whose.
        #[serde(deserialize_with = "peer")]
        peer: PeerId,
    },
    /// The worker's thread does nothing for so long.
    Stall {
        /// Milliseconds.
        millis: u64,
    },
    /// The next sends fail.
    Send {
        /// With this error.
        errno: Errno,
        /// So many of them.
        count: u32,
    },
    /// The next receives fail.
    Receive {
        /// With this error.
        errno: Errno,
        /// So many of them.
        count: u32,
    },
    /// So many notices at once, about nobody: more than its queue to the control thread holds. With a
    /// `pause` of that thread: it takes them out as fast as they come.
    Notices {
        /// How many.
        count: u32,
    },
}

fn peer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PeerId, D::Error> {
    Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// An error of the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Errno {
    /// Operation not permitted: a firewall.
    Eperm,
    /// Input or output error: segmentation is not supported.
    Eio,
    /// The socket's queue is full.
    Eagain,
    /// The datagram is too large.
    Emsgsize,
    /// No route.
    Enetunreach,
}

impl Errno {
    /// As the kernel would report it (Linux, `errno.h`).
    #[must_use]
    pub fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Errno::Eperm => 1,
            Errno::Eio => 5,
            Errno::Eagain => 11,
            Errno::Emsgsize => 90,
            Errno::Enetunreach => 101,
        })
    }
}

/// The errors that the next calls of a kind are to have.
#[derive(Debug, Default)]
struct FailingCalls(Option<(Errno, u32)>);

impl FailingCalls {
    /// The next one, if there is one.
    fn take(&mut self) -> Option<io::Error> {
        let (errno, left) = self.0.as_mut()?;
        *left = left.checked_sub(1)?;
        Some(errno.error())
    }
}

/// Which of a socket's calls are to fail.
#[derive(Debug, Default)]
pub struct Failing {
    sends: FailingCalls,
    receives: FailingCalls,
}

impl Failing {
    /// The next `count` sends fail with `errno`.
    pub fn sends(&mut self, errno: Errno, count: u32) {
        self.sends = FailingCalls(Some((errno, count)));
    }

    /// The next `count` receives fail with `errno`.
    pub fn receives(&mut self, errno: Errno, count: u32) {
        self.receives = FailingCalls(Some((errno, count)));
    }

    /// Whether the next send is to fail.
    pub(super) fn is_next_send(&self) -> bool {
        self.sends.0.is_some_and(|(_, left)| left > 0)
    }

    /// How a send fails, if it is to.
    pub(super) fn next_send(&mut self) -> Option<io::Error> {
        self.sends.take()
    }

    /// How a receive fails, if it is to.
    pub(super) fn next_receive(&mut self) -> Option<io::Error> {
        self.receives.take()
    }
}
