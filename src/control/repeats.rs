//! Requests that say which one they are (`Idempotency-Key`): whoever asks again, because no answer came, gets the one that there was, and
//! nothing is made twice.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::http::{Awaited, Reply, Request};
use crate::ledger::{ClientAddress, Crowd};
use crate::limits::{Limit, Limits, Tally};

/// The header.
const HEADER: &str = "idempotency-key";

/// Characters of a key at most.
const KEY_CHARS: usize = 255;

/// How long an answer is given again: whoever lost one asks within minutes.
const GIVEN_FOR: Duration = Duration::from_secs(3600);

/// What was asked for: by whom, and every byte of it.
pub(super) type Print = [u8; 32];

/// An answer that was given.
#[derive(Debug)]
struct Given {
    number: u64,
    print: Print,
    reply: Reply,
    /// The room that was made.
    made: Option<String>,
    at: Instant,
}

/// What is known of a key.
#[derive(Debug)]
pub(super) enum Known {
    /// Nothing.
    Nothing,
    /// Something else was asked for under it.
    Otherwise,
    /// This was answered.
    Answered(Reply),
}

/// Answers that are given again. Keys are of clients' choosing: no hash table without a secret key.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    given: BTreeMap<(ClientAddress, String), Given>,
    /// By number, from the oldest on.
    keys: BTreeMap<u64, (ClientAddress, String)>,
    crowd: Crowd<u64>,
    next: u64,
}

impl Repeats {
    /// What an address was answered under a key.
    pub fn find(&mut self, now: Instant, address: ClientAddress, key: &str, print: &Print) -> Known {
        self.forget_old(now);
        match self.given.get(&(address, key.to_owned())) {
            None => Known::Nothing,
            Some(given) if given.print != *print => Known::Otherwise,
            Some(given) => {
                let mut reply = given.reply.clone();
                // It waits for the disk as the first one does, whose business it is if that takes nothing.
                reply.kept = reply.kept.map(|awaited| Awaited { made: None, ..awaited });
                Known::Answered(reply)
            }
        }
    }

    /// Remembers an answer; where there are too many the oldest goes, of the address that has most.
    pub fn remember(
        &mut self,
        now: Instant,
        (address, key): (ClientAddress, String),
        (print, reply): (Print, &Reply),
        (limits, tally): (&Limits, &mut Tally),
    ) {
        while self.crowd.count(address) >= limits.get(Limit::IdempotencyKeysPerAddress)
            && let Some(oldest) = self.crowd.first_of(address)
        {
            tally.hit(Limit::IdempotencyKeysPerAddress);
            self.forget(oldest);
        }
        while self.crowd.len() >= limits.get(Limit::IdempotencyKeys)
            && let Some((_, oldest)) = self.crowd.first()
        {
            tally.hit(Limit::IdempotencyKeys);
            self.forget(oldest);
        }
        let number = self.next;
        self.next += 1;
        let made = reply.kept.as_ref().and_then(|awaited| awaited.made.clone());
        self.crowd.insert(address, number);
        self.keys.insert(number, (address, key.clone()));
        self.given.insert((address, key), Given { number, print, reply: reply.clone(), made, at: now });
    }

    /// A room that was made could not be kept: who asks again asks anew.
    pub fn not_made(&mut self, room: &str) {
        let of_it = |given: &&Given| given.made.as_deref() == Some(room);
        if let Some(number) = self.given.values().find(of_it).map(|given| given.number) {
            self.forget(number);
        }
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some((&number, key)) = self.keys.first_key_value()
            && self.given.get(key).is_none_or(|given| given.at + GIVEN_FOR <= now)
        {
            self.forget(number);
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some(key) = self.keys.remove(&number) {
            self.crowd.remove(key.0, number);
            self.given.remove(&key);
        }
    }
}

/// The key that a request names, if it does: a text in quotation marks, or, as many write it, without.
pub(super) fn key_of(headers: &HeaderMap) -> Result<Option<String>, String> {
    let mut lines = headers.get_all(HEADER).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let text = line.to_str().unwrap_or_default().trim();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=KEY_CHARS).contains(&inner.len()) && inner.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && lines.next().is_none() {
        return Ok(Some(inner.to_owned()));
    }
    Err(format!("Idempotency-Key: one, of 1 to {KEY_CHARS} letters, digits and signs"))
}

/// By what a request is known again: all that it shows and asks for.
pub(super) fn print(request: &Request) -> Print {
    let mut hash = Context::new(&SHA256);
    let shown = request.head.headers.get(AUTHORIZATION).map_or(&b""[..], |line| line.as_bytes());
    hash.update(&shown.len().to_be_bytes());
    hash.update(shown);
    hash.update(&request.body);
    let mut print = [0; 32];
    print.iter_mut().zip(hash.finish().as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
    print
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn address(last: u8) -> ClientAddress {
        ClientAddress::of([192, 0, 2, last].into())
    }

    pub fn remember(repeats: &mut Repeats, now: Instant, who: u8, key: &str, tally: &mut Tally) {
        let limits =
            Limits::default().with(Limit::IdempotencyKeysPerAddress, 2).with(Limit::IdempotencyKeys, 4);
        let reply = Reply::empty(StatusCode::CREATED);
        repeats.remember(now, (address(who), key.to_owned()), ([1; 32], &reply), (&limits, tally));
    }

    fn is_known(repeats: &mut Repeats, now: Instant, who: u8, key: &str) -> bool {
        matches!(repeats.find(now, address(who), key, &[1; 32]), Known::Answered(_))
    }

    #[test]
    fn an_answer_is_given_again_to_who_asked_for_the_same_for_an_hour() {
        let (mut repeats, mut tally, start) = (Repeats::default(), Tally::default(), Instant::now());
        remember(&mut repeats, start, 1, "a", &mut tally);
        assert!(is_known(&mut repeats, start, 1, "a") && !is_known(&mut repeats, start, 2, "a"));
        assert!(matches!(repeats.find(start, address(1), "a", &[2; 32]), Known::Otherwise));
        assert!(is_known(&mut repeats, start + Duration::from_secs(3_599), 1, "a"));
        assert!(!is_known(&mut repeats, start + GIVEN_FOR, 1, "a"));
        assert!(repeats.given.is_empty() && repeats.keys.is_empty() && repeats.crowd.is_empty());
    }

    #[test]
    fn who_asks_very_often_is_forgotten_first() {
        let (mut repeats, mut tally, start) = (Repeats::default(), Tally::default(), Instant::now());
        for key in ["a", "b", "c"] {
            remember(&mut repeats, start, 1, key, &mut tally);
        }
        assert_eq!(["a", "b", "c"].map(|key| is_known(&mut repeats, start, 1, key)), [false, true, true]);
        for who in 2..=4 {
            remember(&mut repeats, start, who, "a", &mut tally);
        }
        assert!(!is_known(&mut repeats, start, 1, "b") && is_known(&mut repeats, start, 2, "a"));
        let counts =
            [Limit::IdempotencyKeysPerAddress, Limit::IdempotencyKeys].map(|limit| tally.count(limit));
        assert_eq!(counts, [1, 1]);
    }

    #[test]
    fn a_key_is_one_word_with_or_without_quotation_marks() {
        let key = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(HEADER, line.parse().unwrap());
            }
            key_of(&headers).map_err(drop)
        };
        assert_eq!(key(&[]), Ok(None));
        assert_eq!(key(&["\"8e03978e\""]), Ok(Some("8e03978e".to_owned())));
        assert_eq!(key(&["8e03978e"]), key(&["\"8e03978e\""]));
        for bad in [&[""][..], &["\"\""], &["a b"], &["a", "b"], &["x".repeat(256).as_str()]] {
            assert_eq!(key(bad), Err(()), "{bad:?}");
        }
    }
}
