//! Faults on demand in a whole worker, for tests. Only with the cargo feature `faults`.

use std::io;

use serde::Deserialize;
use serde_json::Value;

use super::WorkerHandle;
use crate::limits::Limit;
use crate::media::ids::PeerId;

/// A fault, as `POST /api/faults` names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// The worker's thread ends by a panic.
    Panic,
    /// A panic inside a person's connection, at the next datagram it takes in.
    PanicOnReceive {
        /// Whose.
        peer: PeerId,
    },
    /// A panic inside a person's connection, at the next packet it is to send.
    PanicOnSend {
        /// Whose.
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
    /// So many notices at once, about nobody: more than its queue to the control thread holds. With a
    /// `pause` of that thread: it takes them out as fast as they come.
    Notices {
        /// How many.
        count: u32,
    },
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

/// Which worker is to have which fault.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    /// Its number, from 0.
    pub(super) worker: usize,
    /// The fault.
    #[serde(flatten)]
    pub(super) fault: Fault,
    /// Milliseconds for which the control thread does nothing after it passed the fault on.
    #[serde(default)]
    pub(super) pause: u64,
}

/// A worker's counters, by name; those of its limits by the name of their metric.
pub(super) fn counters(handle: &WorkerHandle) -> Value {
    let (report, answers) = handle.report();
    let (core, udp, tcp) = (report.core, report.udp, report.tcp);
    let named = [
        ("answers", answers),
        ("core_datagrams", core.datagrams),
        ("core_unknown", core.unknown),
        ("core_hostile", core.hostile),
        ("core_unlearned", core.unlearned),
        ("core_unauthentic", core.unauthentic),
        ("core_stun_refused", core.stun_refused),
        ("core_handshakes_dropped", core.handshakes_dropped),
        ("core_received", core.received),
        ("core_unusable", core.unusable),
        ("core_reports_malformed", core.reports_malformed),
        ("core_forwarded", core.forwarded),
        ("core_resent", core.resent),
        ("core_held", core.held),
        ("core_not_decodable", core.not_decodable),
        ("core_jumps", core.jumps),
        ("core_key_frames_asked", core.key_frames_asked),
        ("core_key_frames_merged", core.key_frames_merged),
        ("core_connections_lost", core.connections_lost),
        ("core_offers_refused", core.offers_refused),
        ("core_wakeups", core.wakeups),
        ("core_late", core.late),
        ("core_clock_steps_back", core.clock_steps_back),
        ("core_paths", report.paths as u64),
        ("core_people", report.people as u64),
        ("udp_received", udp.received),
        ("udp_sent", udp.sent),
        ("udp_sends", udp.sends),
        ("udp_dropped", udp.dropped),
        ("udp_failed", udp.failed),
        ("udp_unreachable", udp.unreachable),
        ("udp_forbidden", udp.forbidden),
        ("udp_too_large", udp.too_large),
        ("udp_revived", udp.revived),
        ("tcp_connections", report.tcp_connections as u64),
        ("tcp_accepted", tcp.accepted),
        ("tcp_ended", tcp.ended),
        ("tcp_accept_errors", tcp.accept_errors),
        ("tcp_received", tcp.received),
        ("tcp_empty", tcp.empty),
        ("tcp_strangers", tcp.strangers),
        ("tcp_sent", tcp.sent),
        ("tcp_sends", tcp.sends),
        ("tcp_dropped", tcp.dropped),
        ("tcp_stale", tcp.stale),
        ("tcp_unroutable", tcp.unroutable),
        ("commands_most_waiting", handle.commands_most_waiting() as u64),
        ("notices_most_waiting", report.notices_most_waiting as u64),
    ];
    let limits = Limit::ALL.iter().map(|limit| (limit.metric(), report.limits.count(*limit)));
    named.into_iter().chain(limits).map(|(name, count)| (name.to_owned(), Value::from(count))).collect()
}
