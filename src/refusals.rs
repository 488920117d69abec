//! Who was refused what, for the log: one line for an address and a minute, however much was refused.
//!
//! Pure: the driver gives the time, and writes the lines. A line names an address, because an operator needs it to act, and
//! never a room or a person. Addresses are those a connection was made from; a datagram's proves nothing and is not told.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::ledger::ClientAddress;

/// For how long one line speaks.
const MINUTE: Duration = Duration::from_secs(60);

/// Addresses that are told one by one at a time. An attack from more has one line for all of the others.
const ADDRESSES: usize = 256;

/// Different refusals of one address that are told with their number.
const KINDS: usize = 8;

/// What was refused since the last line.
#[derive(Debug, Default)]
struct Since {
    kinds: Vec<(Cow<'static, str>, u64)>,
    others: u64,
}

impl Since {
    fn count(&mut self, what: Cow<'static, str>) {
        if let Some((_, count)) = self.kinds.iter_mut().find(|(known, _)| *known == what) {
            *count += 1;
        } else if self.kinds.len() < KINDS {
            self.kinds.push((what, 1));
        } else {
            self.others += 1;
        }
    }

    fn total(&self) -> u64 {
        self.kinds.iter().map(|(_, count)| count).sum::<u64>() + self.others
    }

    /// The line for the minute that is over; `None` if nothing was refused.
    fn line(&self, who: &str) -> Option<String> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let mut line = format!("refused {who} {total} more times within a minute");
        let mut between = ": ";
        for (what, count) in &self.kinds {
            let _ = write!(line, "{between}{count} x {what}");
            between = ", ";
        }
        if self.others > 0 {
            let _ = write!(line, "{between}{} x something else", self.others);
        }
        Some(line)
    }
}

/// The refusals of the last minute.
#[derive(Debug, Default)]
pub struct RefusalLog {
    by_address: BTreeMap<ClientAddress, Since>,
    /// Whose minute ends when, the first to end first.
    ends: VecDeque<(Instant, ClientAddress)>,
    /// Those of addresses that had no place.
    others: Since,
    others_end: Option<Instant>,
}

impl RefusalLog {
    /// Notes that `what` was refused to `address`. The line to log, if it is the first in a minute.
    #[must_use]
    pub fn note(
        &mut self,
        now: Instant,
        address: ClientAddress,
        what: impl Into<Cow<'static, str>>,
    ) -> Option<String> {
        let what = what.into();
        if let Some(since) = self.by_address.get_mut(&address) {
            since.count(what);
            return None;
        }
        if self.by_address.len() >= ADDRESSES {
            self.others.count(what);
            self.others_end.get_or_insert(now + MINUTE);
            return None;
        }
        self.by_address.insert(address, Since::default());
        self.ends.push_back((now + MINUTE, address));
        Some(format!("refused {address}: {what}"))
    }

    /// When [`RefusalLog::pop_due`] has something to say.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.ends.front().map(|(end, _)| *end).into_iter().chain(self.others_end).min()
    }

    /// The line of a minute that is over. To be called until `None`.
    pub fn pop_due(&mut self, now: Instant) -> Option<String> {
        while self.ends.front().is_some_and(|(end, _)| *end <= now) {
            let Some((_, address)) = self.ends.pop_front() else { break };
            let Some(line) = self.by_address.get(&address).and_then(|since| since.line(&address.to_string()))
            else {
                self.by_address.remove(&address);
                continue;
            };
            // Who goes on is told once a minute, without a first line.
            self.by_address.insert(address, Since::default());
            self.ends.push_back((now + MINUTE, address));
            return Some(line);
        }
        self.others_end.take_if(|end| *end <= now)?;
        std::mem::take(&mut self.others).line("other addresses")
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn address(number: u32) -> ClientAddress {
        IpAddr::from(Ipv4Addr::from_bits(0xc000_0200 + number)).into()
    }

    fn due(refusals: &mut RefusalLog, now: Instant) -> Vec<String> {
        std::iter::from_fn(|| refusals.pop_due(now)).collect()
    }

    #[test]
    fn an_address_has_one_line_a_minute_and_what_followed_is_counted_in_the_next() {
        let (mut refusals, start) = (RefusalLog::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(
            refusals.note(at(0), address(1), "too-large").as_deref(),
            Some("refused 192.0.2.1: too-large")
        );
        for _ in 0..500 {
            assert_eq!(refusals.note(at(1), address(1), "rate-limited"), None);
        }
        assert_eq!(refusals.note(at(2), address(1), "too-large"), None);
        assert_eq!(refusals.note(at(2), address(2), "busy").as_deref(), Some("refused 192.0.2.2: busy"));
        assert_eq!(refusals.next(), Some(at(60)));
        assert!(due(&mut refusals, at(59)).is_empty());
        let told = due(&mut refusals, at(60));
        assert_eq!(
            told,
            ["refused 192.0.2.1 501 more times within a minute: 500 x rate-limited, 1 x too-large"]
        );
        assert_eq!(refusals.note(at(61), address(1), "busy"), None, "this minute has its line");
        assert_eq!(due(&mut refusals, at(120)), ["refused 192.0.2.1 1 more times within a minute: 1 x busy"]);
        assert!(due(&mut refusals, at(180)).is_empty());
        assert_eq!((refusals.next(), refusals.by_address.len()), (None, 0), "nothing is kept of who stopped");
    }

    #[test]
    fn more_addresses_than_places_have_one_line_together() {
        let (mut refusals, start) = (RefusalLog::default(), Instant::now());
        let lines = (0..100_000).filter_map(|number| refusals.note(start, address(number), "busy")).count();
        assert_eq!(lines, ADDRESSES);
        let told = due(&mut refusals, start + MINUTE);
        assert_eq!(told, ["refused other addresses 99744 more times within a minute: 99744 x busy"]);
        assert_eq!(refusals.next(), None);
    }

    #[test]
    fn more_kinds_than_are_told_are_one() {
        let (mut refusals, start) = (RefusalLog::default(), Instant::now());
        let kinds = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        assert!(refusals.note(start, address(1), "a").is_some());
        assert!(kinds.iter().all(|kind| refusals.note(start, address(1), *kind).is_none()));
        let told = due(&mut refusals, start + MINUTE);
        assert!(told[0].ends_with("1 x h, 2 x something else"), "{told:?}");
    }
}
