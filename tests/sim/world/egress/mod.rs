//! Judges what leaves: the bytes the server hands to the network, opened with the keys of whoever they are for.
//!
//! The egress guard of the server looks at what it means to send, before anything is sealed. Here is what a browser
//! would get if nothing were lost: sources, payload types and extensions as they were agreed on in the answer, every
//! number in its place, retransmissions that are what left before.

mod agreed;
mod connection;
mod names;
mod numbers;
mod packet;

use std::collections::BTreeMap;

use plenary::conference::SocketId;
use plenary::media::message::SlotTable;

use super::Person;
use crate::client::Client;
use crate::client::connection::Agreed;
use crate::client::keyring::{Opener, is_rtcp};
pub use connection::{At, Counts};
use connection::{Judged, Unfit};
use names::Names;
pub use names::Told;
use packet::Header;

/// The largest datagram that passes an Ethernet whole, over IPv6 and UDP.
const MOST_BYTES: usize = 1_500 - 48;

/// Datagrams that wait for the keys or the answer they are judged by: what is sent in the second in which a client's
/// handshake or answer is on its way.
const MOST_WAITING: usize = 20_000;

/// One of a person's connections.
struct Life {
    number: u16,
    agreed: Agreed,
    /// How many answers were read.
    read: usize,
    rtp: Option<Opener>,
    rtcp: Option<Opener>,
    judged: Judged,
    /// What names a source of which nobody has read yet.
    waits: Vec<(At, Vec<u8>)>,
}

/// All that one person was sent.
#[derive(Default)]
struct Sheet {
    lives: Vec<Life>,
    /// Datagrams for a connection that has no keys yet.
    waits: Vec<(At, Vec<u8>)>,
    names: Names,
}

/// What leaves, by person.
#[derive(Default)]
pub struct Egress {
    sheets: BTreeMap<Person, Sheet>,
    pub violations: Vec<String>,
}

impl Life {
    fn new(number: u16, agreed: Agreed) -> Life {
        Life { number, agreed, read: 0, rtp: None, rtcp: None, judged: Judged::default(), waits: Vec::new() }
    }

    /// Reads the answers that came, and takes the keys. Whether there is something new.
    fn look(&mut self, violations: &mut Vec<String>) -> bool {
        let keys = self.agreed.keys.theirs();
        let before = (self.rtp.is_some(), self.rtcp.is_some(), self.read);
        self.rtp = self.rtp.take().or_else(|| keys.rtp.map(|key| key.opener()));
        self.rtcp = self.rtcp.take().or_else(|| keys.rtcp.map(|key| key.opener()));
        for answer in &self.agreed.answers.borrow()[self.read..] {
            self.read += 1;
            if let Err(unfit) = self.judged.agree(answer) {
                violations.push(format!("an answer: {unfit:?}"));
            }
        }
        before != (self.rtp.is_some(), self.rtcp.is_some(), self.read)
    }

    /// Judges a datagram that left at `at`; `None` if it is none of this connection's, as far as is known.
    fn judge(&mut self, at: At, datagram: &[u8], judges_not: Option<u16>) -> Option<Result<(), Unfit>> {
        if is_rtcp(datagram) {
            let compound = self.rtcp.as_mut()?.rtcp(datagram)?;
            return Some(self.judged.judge_reports(&compound));
        }
        let (header, sealed) = Header::read(datagram)?;
        let turns = self.judged.turns(&header);
        let payload = self.rtp.as_mut()?.rtp(header.bytes, turns, sealed)?;
        Some(self.judged.judge(at, &header, &payload, judges_not))
    }

    fn lacks_keys(&self, rtcp: bool) -> bool {
        if rtcp { self.rtcp.is_none() } else { self.rtp.is_none() }
    }
}

impl Egress {
    /// The server tells `person` what slots show.
    pub fn told(&mut self, person: Person, socket: SocketId, table: SlotTable) {
        self.sheets.entry(person).or_default().names.say(socket, table);
    }

    /// What was judged of what left for `person`.
    pub fn counts(&self, person: Person) -> Counts {
        let mut counts = Counts::default();
        let lives = self.sheets.get(&person).into_iter().flat_map(|sheet| &sheet.lives);
        lives.for_each(|life| counts.add(&life.judged.counts));
        counts
    }

    /// A datagram leaves for `person`, whose client this is.
    pub fn judge(&mut self, person: Person, client: &Client, now: At, datagram: &[u8], told: &Told<'_>) {
        if datagram.len() > MOST_BYTES {
            self.violations.push(format!("{person} is sent {} bytes in one", datagram.len()));
        }
        if !matches!(datagram.first(), Some(128..192)) {
            return;
        }
        let sheet = self.sheets.entry(person).or_default();
        if let Some(connection) = &client.connection
            && sheet.lives.last().is_none_or(|life| life.number != client.life())
        {
            sheet.lives.push(Life::new(client.life(), connection.agreed.clone()));
        }
        let not = client.receiver.judges_not;
        let mut found = Vec::new();
        sheet.settle(person, not, &mut found);
        // What waited is looked at no more: its name may have been said since.
        sheet.lives.iter_mut().for_each(|life| life.judged.shown = None);
        sheet.take(person, (now, datagram.to_vec()), not, &mut found);
        let shown = sheet.lives.iter_mut().rev().find_map(|life| life.judged.shown.take());
        if let Some(Err(what)) = shown.map(|shown| sheet.names.judge(now.real, &shown, client, told)) {
            found.push(format!("{person}: {what}"));
        }
        self.violations.append(&mut found);
    }

    /// For how long somebody was shown or played what was not named yet, at most.
    pub fn longest_nameless(&self) -> std::time::Duration {
        self.sheets.values().map(|sheet| sheet.names.longest).max().unwrap_or_default()
    }

    /// What was judged, how many numbers never came, and how much could never be judged. `present` says which connection
    /// somebody still has: of one that is gone the last answer may never have come.
    pub fn close(&mut self, present: impl Fn(Person) -> Option<u16>) -> (Counts, u64, usize) {
        let (mut counts, mut missing, mut unjudged) = (Counts::default(), 0, 0);
        for (person, sheet) in &mut self.sheets {
            sheet.settle(*person, None, &mut self.violations);
            let present = present(*person);
            // Whoever never had keys cannot tell what is for them.
            let keyless = sheet.lives.iter().any(|life| life.lacks_keys(false) || life.lacks_keys(true));
            unjudged += if keyless || present.is_none() { 0 } else { sheet.waits.len() };
            for life in &sheet.lives {
                counts.add(&life.judged.counts);
                if life.waits.is_empty() || present == Some(life.number) {
                    missing += life.judged.missing();
                    unjudged += life.waits.len();
                }
            }
        }
        (counts, missing, unjudged)
    }
}

impl Sheet {
    /// Judges what waited, if it can be judged now.
    fn settle(&mut self, person: Person, not: Option<u16>, violations: &mut Vec<String>) {
        let mut any = false;
        for life in &mut self.lives {
            if life.look(violations) {
                any = true;
                for waited in std::mem::take(&mut life.waits) {
                    let judged = life.judge(waited.0, &waited.1, not);
                    note(person, life, waited, judged.unwrap_or(Ok(())), violations);
                }
            }
        }
        if any {
            for waited in std::mem::take(&mut self.waits) {
                self.take(person, waited, not, violations);
            }
        }
    }

    fn take(
        &mut self,
        person: Person,
        (at, datagram): (At, Vec<u8>),
        not: Option<u16>,
        violations: &mut Vec<String>,
    ) {
        for life in self.lives.iter_mut().rev() {
            if let Some(judged) = life.judge(at, &datagram, not) {
                note(person, life, (at, datagram), judged, violations);
                return;
            }
        }
        let keyless = self.lives.iter().any(|life| life.lacks_keys(is_rtcp(&datagram)));
        if keyless && self.waits.len() < MOST_WAITING {
            self.waits.push((at, datagram));
        } else {
            violations.push(format!("{person} cannot open {:02x?}...", &datagram[..12]));
        }
    }
}

/// What came of a datagram.
fn note(
    person: Person,
    life: &mut Life,
    datagram: (At, Vec<u8>),
    judged: Result<(), Unfit>,
    violations: &mut Vec<String>,
) {
    match judged {
        Ok(()) => {}
        Err(Unfit::UnknownSource) if life.waits.len() < MOST_WAITING => life.waits.push(datagram),
        Err(Unfit::UnknownSource) => violations.push(format!("{person}: a source that no answer names")),
        Err(Unfit::Wrong(what)) => violations.push(format!("{person}: {what}")),
    }
}
