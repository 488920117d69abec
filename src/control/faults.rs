//! What tests ask of a running server: its counters, and damage; and a fuzzer of its parser. Only with the cargo feature `faults`.
//!
//! `GET /api/faults` answers with every counter by its name, each process's half by whoever counts:
//!
//! ```json
//! {"control": {"http_accept_errors": 0, "http_404": 1, "close_1009": 1},
//!  "conference": {"conference_resumed": 0, "conference_moved": 0, "error_bad-message": 1},
//!  "limits": {"limit_message_bytes": 1},
//!  "workers": [{"worker": 0, "port": 61000, "replaced": 0,
//!               "counters": {"worker_answers": 7, "core_received": 0, "udp_sent": 0, "limit_ssrcs_per_peer": 0}}]}
//! ```
//!
//! `limits` are those of this thread; a worker's `counters` are `null` while it is gone. They are as old as its last
//! answer, a second at most, and each request asks for newer ones. `POST /api/faults` takes what
//! `worker::fault::WorkerFault` describes, with the number of the worker: `{"worker": 0, "fault": "stall", "millis": 5000}`; with
//! `"pause": 1000` the control thread, too, does nothing for so many milliseconds. `{"trap": "offer", "word": "boom"}` makes
//! whatever holds the word panic where it is read on this thread: an offer, or a `message` of somebody inside.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::http::{Reply, Request, parse_head};
use super::site::Site;
use crate::conference::protocol::ErrorCode;
use crate::faults::{Trap, set_trap};
use crate::limits::Limit;
use crate::metrics::{Table, named};

impl Site<'_> {
    /// Answers a request for `/api/faults`.
    pub(super) fn faults(&mut self, request: &Request) -> Option<Reply> {
        if request.head.path != "/api/faults" {
            return None;
        }
        Some(match request.head.method {
            Method::GET | Method::HEAD => Reply::json(StatusCode::OK, &self.every_counter()),
            _ => match set_a_trap(&request.body).unwrap_or_else(|| self.workers.inject(&request.body)) {
                Ok(()) => Reply::json(StatusCode::ACCEPTED, &json!({})),
                Err(detail) => Reply::problem(StatusCode::BAD_REQUEST, &detail),
            },
        })
    }

    fn every_counter(&mut self) -> Value {
        let mut control = by_name(self.counters);
        let answers = self.counters.answers().map(|(status, count)| (format!("http_{status}"), count));
        let closes = self.counters.closes().map(|(code, count)| (format!("close_{code}"), count));
        control.extend(answers.chain(closes).map(|(name, count)| (name, Value::from(count))));
        let people = self.conference.counters();
        let mut conference = by_name(people);
        for code in ErrorCode::ALL {
            if let Ok(Value::String(name)) = serde_json::to_value(code) {
                conference.insert(format!("error_{name}"), people.refusals(code).into());
            }
        }
        let mut tally = self.tally.clone();
        tally += self.conference.tally();
        let limits: Map<String, Value> =
            Limit::ALL.iter().map(|limit| (limit.metric().to_owned(), tally.count(*limit).into())).collect();
        let workers = self.workers.counters();
        json!({ "control": control, "conference": conference, "limits": limits, "workers": workers })
    }
}

/// Bytes of a head that are accepted when heads are fuzzed.
const FUZZED_HEAD: usize = 2_048;

/// Bytes of a body that are accepted then.
const FUZZED_BODY: usize = 1_024;

/// Fuzzed: any bytes as an HTTP request head. It is refused, or its values are within the bounds; and it is the same head however it came in pieces.
pub(crate) fn fuzzed_head(data: &[u8]) {
    let whole = parse_head(data, FUZZED_HEAD, FUZZED_BODY);
    let Ok(Some((head, length))) = whole else { return };
    assert!(length <= data.len().min(FUZZED_HEAD), "a head of {length} bytes");
    assert!(head.body_bytes <= FUZZED_BODY, "a body of {} bytes", head.body_bytes);
    assert!(!head.path.chars().any(char::is_control), "a path with control characters: {:?}", head.path);
    assert!(!head.headers.contains_key("transfer-encoding"), "a body without a length");
    for cut in 0..length {
        let part = parse_head(data.get(..cut).unwrap_or_default(), FUZZED_HEAD, FUZZED_BODY);
        assert!(matches!(part, Ok(None)), "complete at {cut} of {length} bytes: {part:?}");
    }
}

/// Sets a trap on this thread, if that is what is asked for.
fn set_a_trap(wanted: &[u8]) -> Option<Result<(), String>> {
    #[derive(serde::Deserialize)]
    struct Wanted {
        trap: Trap,
        word: String,
    }
    let Wanted { trap, word } = serde_json::from_slice(wanted).ok()?;
    set_trap(trap, word);
    Some(Ok(()))
}

fn by_name(table: &impl Table) -> Map<String, Value> {
    named(table).map(|(name, count)| (name.to_owned(), count.into())).collect()
}
