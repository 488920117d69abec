//! What this driver told its clients, counted: an operator sees which mistakes or attacks there are.

use std::collections::BTreeMap;

/// HTTP answers by status and WebSocket closes by code. Both are the server's own choice, so there are few of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlCounters {
    answers: BTreeMap<u16, u64>,
    closes: BTreeMap<u16, u64>,
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

    /// Everything counted so far, by name: `http_404`, `close_1009`.
    pub fn named(&self) -> impl Iterator<Item = (String, u64)> {
        let answers = self.answers.iter().map(|(status, count)| (format!("http_{status}"), *count));
        answers.chain(self.closes.iter().map(|(code, count)| (format!("close_{code}"), *count)))
    }
}
