//! What sealing beside str0m leans on: whose keys and numbers there are, and what str0m still sends when it has no stream.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use str0m::crypto::dtls::SrtpProfile;
use str0m::rtp::Ssrc;

use super::hooks::{Log, Seen, inner};
use super::*;

/// The lengths of AES-256-GCM's master key and salt (RFC 7714 section 12).
const KEY: usize = 32;
const SALT: usize = 12;

/// A line of the server's: where, what it sends with, and its retransmissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    mid: Mid,
    ssrc: Ssrc,
    rtx: Option<Ssrc>,
}

/// A pair whose server has thirteen lines to send on, and somebody who watches its cryptography.
struct Watched {
    pair: Pair,
    slots: Vec<Mid>,
    log: Log,
}

impl Watched {
    fn new() -> Watched {
        let log = Log::default();
        let pair = Pair::with(RtcConfig::new().set_crypto_provider(log.provider()));
        let mut watched = Watched { slots: vec![pair.down], pair, log };
        let more = [MediaKind::Audio; 8].into_iter().chain([MediaKind::Video; 4]);
        let more: Vec<MediaKind> = more.collect();
        watched.offer(&more, None);
        watched.pair.run(ms(300));
        assert_eq!(watched.slots.len(), 13);
        watched
    }

    /// The client offers again, with more lines to receive on, and ends one perhaps. Nobody takes a step.
    fn offer(&mut self, more: &[MediaKind], stop: Option<Mid>) {
        let mut changes = self.pair.client.rtc.sdp_api();
        for kind in more {
            self.slots.push(changes.add_media(*kind, Direction::RecvOnly, None, None, None));
        }
        if let Some(mid) = stop {
            changes.stop_media(mid);
        }
        if more.is_empty() && stop.is_none() {
            changes.ice_restart(true);
        }
        let (offer, pending) = changes.apply().unwrap();
        self.pair.answer = exchange(&mut self.pair.client, &mut self.pair.server, &offer, pending);
    }

    /// Every sending stream of the server.
    fn lines(&mut self) -> Vec<Line> {
        let mut api = self.pair.server.rtc.direct_api();
        let mut lines = Vec::new();
        for mid in &self.slots {
            if let Some(stream) = api.stream_tx_by_mid(*mid, None) {
                lines.push(Line { mid: *mid, ssrc: stream.ssrc(), rtx: stream.rtx() });
            }
        }
        lines
    }

    fn remove(&mut self, lines: &[Line]) {
        let mut api = self.pair.server.rtc.direct_api();
        assert!(lines.iter().all(|line| api.remove_stream_tx(line.ssrc)));
        assert_eq!(self.lines(), []);
    }

    fn declare(&mut self, lines: &[Line]) {
        let mut api = self.pair.server.rtc.direct_api();
        for line in lines {
            api.declare_stream_tx(line.ssrc, line.rtx, line.mid, None);
        }
    }

    /// The client sends a picture for so long.
    fn send_up(&mut self, time: Duration) {
        let end = self.pair.now + time;
        let mut seq = 1_000 + self.pair.sent.len() as u64;
        while self.pair.now < end {
            self.pair.client.write(self.pair.now, self.pair.up, seq, seq as u32 * 3_000);
            self.pair.run(ms(33));
            seq += 1;
        }
    }

    /// Each SRTCP packet the server has sent: its source, and its index (RFC 7714 section 9.2).
    fn reports(&self) -> Vec<(u32, u32)> {
        let word = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
        let reports = self.pair.sent.iter().filter(|datagram| is_rtcp(datagram));
        let index = |datagram: &Datagram| word(&datagram[datagram.len() - 4..]) & 0x7fff_ffff;
        reports.map(|datagram| (word(&datagram[4..8]), index(datagram))).collect()
    }

    /// The numbers of the types of all RTCP that the server has sealed since so much was seen.
    fn kinds_sealed(&self, since: usize) -> BTreeSet<u8> {
        let mut kinds = BTreeSet::new();
        for seen in self.log.seen().split_off(since) {
            let Seen::Sealed { readable, rest } = seen else { continue };
            if is_rtcp(&readable) {
                let compound = [&readable[..8], &rest].concat();
                let mut at = 0;
                while at < compound.len() {
                    kinds.insert(compound[at + 1]);
                    at += 4 * (1 + usize::from(u16::from_be_bytes([compound[at + 2], compound[at + 3]])));
                }
            }
        }
        kinds
    }
}

fn is_rtcp(datagram: &[u8]) -> bool {
    (128..192).contains(&datagram[0]) && (64..96).contains(&(datagram[1] & 0x7f))
}

fn is_rtp(datagram: &[u8]) -> bool {
    (128..192).contains(&datagram[0]) && !is_rtcp(datagram)
}

/// A key of AES-256-GCM, derived (RFC 3711 section 4.3).
fn derived(key: &[u8], salt: &[u8], label: u8) -> Vec<u8> {
    let mut input = [0; 16];
    input[..SALT].copy_from_slice(salt);
    input[7] ^= label;
    let block = |number: u8| {
        let mut output = [0; 32];
        input[15] = number;
        inner().srtp_provider.srtp_aes_256_ecb_round(key, &input, &mut output);
        output[..16].to_vec()
    };
    [0, 1].map(block).concat()
}

#[test]
fn the_keys_are_told_once_before_anything_is_sealed_and_lie_as_rfc_5764_says() {
    let mut watched = Watched::new();
    watched.send_up(ms(1_000));
    let seen = watched.log.seen();
    let told: Vec<usize> = (0..seen.len()).filter(|at| matches!(seen[*at], Seen::Keys { .. })).collect();
    let used = seen.iter().position(|seen| !matches!(seen, Seen::Keys { .. })).unwrap();
    assert_eq!((told.len(), told[0] < used), (1, true), "once, and first");
    let Seen::Keys { material, profile, client } = &seen[told[0]] else { unreachable!() };
    assert_eq!((*profile, *client), (SrtpProfile::AEAD_AES_256_GCM, false), "the server is the server");
    assert_eq!(material.len(), 2 * (KEY + SALT));
    let (keys, salts) = material.split_at(2 * KEY);
    let (theirs, ours) = ((&keys[..KEY], &salts[..SALT]), (&keys[KEY..], &salts[SALT..]));
    let ciphers = |seals: bool, (key, salt): (&[u8], &[u8]), label: u8| {
        let key = derived(key, salt, label);
        seen.iter().filter(|seen| **seen == Seen::Cipher { key: key.clone(), seals }).count()
    };
    for label in [0, 3] {
        assert!(ciphers(true, ours, label) == 1, "we seal with the second, label {label}");
        assert!(ciphers(false, theirs, label) == 1, "and open with the first, label {label}");
    }
    assert!(seen.iter().any(|seen| matches!(seen, Seen::Opened { readable, .. } if is_rtp(readable))));
}

#[test]
fn the_answers_numbers_are_those_of_the_streams_which_can_all_be_removed() {
    let mut watched = Watched::new();
    let lines = watched.lines();
    assert_eq!(lines.len(), 13);
    for section in watched.pair.answer.split("\r\nm=").skip(1) {
        let value = |name| section.lines().find_map(|line| line.strip_prefix(name));
        let mid = Mid::from(value("a=mid:").unwrap());
        let numbers = section.lines().filter_map(|line| line.strip_prefix("a=ssrc:")?.split(' ').next());
        let numbers: BTreeSet<u32> = numbers.map(|number| number.parse().unwrap()).collect();
        let line = lines.iter().find(|line| line.mid == mid);
        let expected = line.into_iter().flat_map(|line| [Some(line.ssrc), line.rtx]).flatten();
        assert_eq!(numbers, expected.map(|ssrc| *ssrc).collect(), "{section}");
    }
    watched.remove(&lines);
    watched.pair.server.events.clear();
    watched.send_up(ms(5_000));
    assert!(watched.pair.server.rtc.is_alive() && watched.pair.server.rtc.is_connected());
    assert!(watched.pair.server.packets().len() > 100, "what comes in comes in");
    assert!(watched.pair.client.rtc.is_connected());
}

#[test]
fn numbers_stay_if_they_are_declared_before_an_offer_and_change_if_not() {
    let mut watched = Watched::new();
    let lines = watched.lines();
    watched.remove(&lines);
    watched.offer(&[], None);
    let others = watched.lines();
    assert_eq!(others.len(), 13);
    let same = others.iter().filter(|line| lines.contains(line)).count();
    assert_eq!(same, 0, "numbers are kept now: they need not be declared");
    watched.remove(&others);
    watched.declare(&others);
    watched.offer(&[MediaKind::Video, MediaKind::Audio], None);
    let more = watched.lines();
    assert_eq!((&more[..13], more.len()), (&others[..], 15), "all are kept, and new lines have new ones");
    // A line that this offer ends keeps what was declared: to be removed by one's own list.
    let ended = watched.slots[3];
    watched.remove(&more);
    watched.declare(&more);
    watched.offer(&[], Some(ended));
    let after = watched.lines();
    assert!(after.contains(&more[3]), "an ended line's stream goes by itself now");
    assert_eq!(after, more);
    watched.remove(&after);
    watched.pair.run(ms(1_000));
    assert!(watched.pair.server.rtc.is_connected());
}

#[test]
fn a_stream_on_a_line_that_is_not_there_cannot_be_declared() {
    let mut watched = Watched::new();
    let (none, rtc) = (Mid::from("none"), &mut watched.pair.server.rtc);
    assert!(rtc.media(none).is_none(), "who asks is told");
    let declare = AssertUnwindSafe(|| {
        rtc.direct_api().declare_stream_tx(7.into(), None, none, None);
    });
    assert!(catch_unwind(declare).is_err(), "it is no panic now: nobody need ask before");
}

#[test]
fn without_streams_reports_come_from_one_number_that_is_no_slots_and_no_sender_reports_leave() {
    let mut watched = Watched::new();
    let mut lines = watched.lines();
    watched.remove(&lines);
    let (before, seen) = (watched.pair.sent.len(), watched.log.seen().len());
    watched.send_up(ms(5_000));
    for _ in 0..2 {
        watched.declare(&lines);
        watched.offer(&[], None);
        lines = watched.lines();
        watched.remove(&lines);
        watched.send_up(ms(3_000));
    }
    // The first reports left while there were streams.
    watched.pair.sent.drain(..before);
    let reports = watched.reports();
    let sources: BTreeSet<u32> = reports.iter().map(|(source, _)| *source).collect();
    let slots = lines.iter().flat_map(|line| [Some(line.ssrc), line.rtx]).flatten();
    assert!(reports.len() > 50, "{}", reports.len());
    assert_eq!(sources.len(), 1, "one sender, over offers and restarts");
    assert!(slots.into_iter().all(|slot| !sources.contains(&*slot)), "it is no slot's");
    let kinds = watched.kinds_sealed(seen);
    assert!(!kinds.contains(&200), "sender reports leave without a stream: {kinds:?}");
    assert!(kinds.contains(&201) && kinds.contains(&205), "receiver reports and feedback go on: {kinds:?}");
}

#[test]
fn the_index_of_reports_counts_from_zero_without_a_gap() {
    let mut watched = Watched::new();
    let lines = watched.lines();
    watched.remove(&lines);
    watched.send_up(ms(3_000));
    let indices: Vec<u32> = watched.reports().into_iter().map(|(_, index)| index).collect();
    assert!(indices.len() > 20);
    assert_eq!(indices, (0..indices.len() as u32).collect::<Vec<_>>(), "ours begin at 2^30");
}

#[test]
fn what_is_reported_of_a_number_without_a_stream_is_opened_and_nobody_is_told() {
    let asked = |streams: bool| {
        let mut watched = Watched::new();
        let lines = watched.lines();
        if !streams {
            watched.remove(&lines);
        }
        watched.send_up(ms(300));
        watched.pair.server.events.clear();
        watched.pair.client.rtc.direct_api().send_pli_feedback(99.into(), lines[0].ssrc);
        watched.pair.run(ms(500));
        let wish = |compound: &[u8]| {
            compound
                .windows(12)
                .any(|bytes| bytes[..2] == [0x81, 206] && bytes[8..] == lines[0].ssrc.to_be_bytes())
        };
        let opened = watched.log.seen().into_iter().any(|seen| {
            matches!(seen, Seen::Opened { readable, rest } if is_rtcp(&readable) && wish(&[&readable[..8], &rest].concat()))
        });
        let told = watched.pair.server.events.iter().any(|event| matches!(event, Event::KeyframeRequest(_)));
        assert!(watched.pair.server.rtc.is_connected());
        (opened, told)
    };
    assert_eq!(asked(true), (true, true), "with a stream there is an event");
    assert_eq!(asked(false), (true, false), "without one only the cipher has seen it");
}

#[test]
fn without_an_estimator_and_streams_no_media_leaves() {
    let mut watched = Watched::new();
    let lines = watched.lines();
    watched.remove(&lines);
    watched.pair.server.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::mbps(3));
    watched.pair.sent.clear();
    watched.send_up(ms(10_000));
    let media = watched.pair.sent.iter().filter(|datagram| is_rtp(datagram)).count();
    assert_eq!((media, watched.pair.sent.len() > 100), (0, true));
}
