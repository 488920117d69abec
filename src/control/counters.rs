//! What this driver told its clients, counted: an operator sees which mistakes or attacks there are.

use std::collections::BTreeMap;

crate::metrics! {
    /// HTTP answers by status and WebSocket closes by code, among others. Both are the server's own choice, so there are
    /// few of each.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct ControlCounters as "http" {
        /// Times a connection that waited could not be accepted.
        pub accept_errors: u64,
        /// TCP connections that are there, of pages and of signaling.
        pub connections: u64 as Gauge,
        /// TCP connections that are there whose first request is not complete.
        pub half_open_connections: u64 as Gauge,
        /// Times the work for one client ended by a panic: their connection ended, and nobody else's.
        pub panics: u64,
    } with {
        answers: BTreeMap<u16, u64>,
        closes: BTreeMap<u16, u64>,
    }
}

impl ControlCounters {
    /// An HTTP request was answered with `status`.
    pub(super) fn answered(&mut self, status: u16) {
        *self.answers.entry(status).or_default() += 1;
    }

    /// The server closed a WebSocket with `code`.
    pub(super) fn closed(&mut self, code: u16) {
        *self.closes.entry(code).or_default() += 1;
    }

    /// How many HTTP requests were answered with which status so far.
    pub fn answers(&self) -> impl Iterator<Item = (u16, u64)> {
        self.answers.iter().map(|(status, count)| (*status, *count))
    }

    /// How many sockets were closed with which code so far.
    pub fn closes(&self) -> impl Iterator<Item = (u16, u64)> {
        self.closes.iter().map(|(code, count)| (*code, *count))
    }
}
