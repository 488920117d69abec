//! What sealing beside str0m leans on: whose keys and numbers there are, and what str0m still sends when it has no stream.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use plenary::media::egress::seal::{Profile, Sealed, Sealer, SessionKey};
use str0m::crypto::dtls::SrtpProfile;
use str0m::format::PayloadParams;
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

/// What a label derives from a master key: the first of 32 bytes (RFC 3711 section 4.3).
fn derived(key: &[u8], salt: &[u8], label: u8) -> [u8; 32] {
    let mut input = [0; 16];
    input[..salt.len()].copy_from_slice(salt);
    input[7] ^= label;
    let mut all = [0; 32];
    for (number, half) in (0..).zip(all.chunks_mut(16)) {
        let (mut output, srtp) = ([0; 32], inner().srtp_provider);
        input[15] = number;
        match key.len() {
            16 => srtp.srtp_aes_128_ecb_round(key, &input, &mut output),
            _ => srtp.srtp_aes_256_ecb_round(key, &input, &mut output),
        }
        half.copy_from_slice(&output[..16]);
    }
    all
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
        let key = derived(key, salt, label).to_vec();
        seen.iter().filter(|seen| **seen == Seen::Cipher { key: key.clone(), seals }).count()
    };
    for label in [0, 3] {
        assert!(ciphers(true, ours, label) == 1, "we seal with the second, label {label}");
        assert!(ciphers(false, theirs, label) == 1, "and open with the first, label {label}");
    }
    assert!(seen.iter().any(|seen| matches!(seen, Seen::Opened { readable, .. } if is_rtp(readable))));
}

/// As RFC 5764 section 4.2 says, with the lengths of RFC 3711 and RFC 7714: what is sealed with keys so read is what str0m opens.
#[test]
fn keys_of_the_other_profiles_lie_alike_and_what_is_sealed_with_them_is_opened() {
    for (profile, ours, salt) in [
        (SrtpProfile::AES128_CM_SHA1_80, Profile::Cm, 14),
        (SrtpProfile::AEAD_AES_128_GCM, Profile::Gcm128, 12),
    ] {
        let (log, other) = (Log::forcing(profile), Log::forcing(profile));
        let config = |log: &Log| RtcConfig::new().set_crypto_provider(log.provider());
        let mut pair = Pair::between(config(&other), config(&log));
        let seen = log.seen();
        let Some(Seen::Keys { material, .. }) = seen.first() else { panic!("keys come first") };
        assert_eq!(material.len(), 2 * (16 + salt), "{profile:?}");
        let (master, salts) = (&material[16..32], &material[32 + salt..]);
        let session = |label: u8| SessionKey {
            key: derived(master, salts, label)[..16].to_vec(),
            authentication: *derived(master, salts, label + 1).first_chunk().unwrap(),
            // Of the shorter salt the rest is nothing.
            salt: std::array::from_fn(|at| if at < salt { derived(master, salts, label + 2)[at] } else { 0 }),
        };
        let (media, reports) = (session(0), session(3));
        for key in [&media.key, &reports.key] {
            let made = Seen::Cipher { key: key.clone(), seals: true };
            assert!(seen.contains(&made), "{profile:?}: we seal with the second keys");
        }
        let ssrc = pair.server.rtc.direct_api().stream_tx_by_mid(pair.down, None).unwrap().ssrc();
        let vp8 = |params: &PayloadParams| params.spec().codec == Codec::Vp8;
        let pt = *pair.server.rtc.codec_config().find(vp8).unwrap().pt();
        let mut sealer = Sealer::new(ours, &media, &reports).unwrap();
        let mut packet = vec![0x80, 0x80 | pt, 0, 9, 0, 0, 0, 1];
        packet.extend(ssrc.to_be_bytes());
        packet.extend([0x90, 0xe0, 0x80, 1, 1, 0x20, 0x10, 7, 7, 7]);
        sealer.seal(&mut Sealed::new(plenary::media::rtp::Ssrc(*ssrc)), 9, &mut packet, 0, 12).unwrap();
        // A sender report of the same source.
        let mut report = vec![0x80, 200, 0, 6];
        report.extend(ssrc.to_be_bytes());
        report.extend([1; 20]);
        sealer.seal_report(&mut report, 0).unwrap();
        let (now, from) = (pair.now, pair.server.address);
        pair.client.events.clear();
        for datagram in [&report, &packet] {
            pair.client.receive(now, from, datagram);
        }
        pair.run(ms(100));
        let came = pair.client.packets();
        let [packet] = &came[..] else { panic!("{profile:?}: media is not opened") };
        assert_eq!(*packet.seq_no, 9);
        assert!(packet.last_sender_info.is_some(), "{profile:?}: reports are not opened");
    }
}

#[test]
fn a_line_that_is_inactive_for_a_while_keeps_its_number_and_has_no_stream_before_or_after() {
    let mut watched = Watched::new();
    let lines = watched.lines();
    watched.remove(&lines);
    let (slot, since) = (watched.slots[3], watched.pair.sent.len());
    for direction in [Direction::Inactive, Direction::RecvOnly] {
        watched.declare(&lines);
        let mut changes = watched.pair.client.rtc.sdp_api();
        changes.set_direction(slot, direction);
        let (offer, pending) = changes.apply().unwrap();
        watched.pair.answer = exchange(&mut watched.pair.client, &mut watched.pair.server, &offer, pending);
        assert_eq!(watched.lines(), lines, "{direction:?}: a number changes, or a stream goes by itself");
        watched.remove(&lines);
        watched.pair.run(ms(1_000));
        assert_eq!(watched.lines(), [], "{direction:?}: a stream comes back by itself");
        let sends = watched.pair.server.rtc.media(slot).unwrap().direction().is_sending();
        assert_eq!(sends, direction == Direction::RecvOnly);
    }
    assert!(watched.pair.sent[since..].iter().all(|datagram| !is_rtp(datagram)));
    assert!(watched.pair.server.rtc.is_connected());
}

/// The packets left with a stream that str0m knew; when they are asked for again it knows none.
#[test]
fn what_is_asked_for_again_of_a_number_without_a_stream_is_not_sent_and_ends_nothing() {
    let asked = |streams: bool| {
        let mut watched = Watched::new();
        let (lines, down) = (watched.lines(), watched.pair.down);
        for number in 0..10 {
            watched.pair.server.write(watched.pair.now, down, 100 + number, 3_000 * number as u32);
        }
        watched.pair.server.step(watched.pair.now);
        let lost: Vec<Datagram> = watched.pair.server.out.drain(4..7).collect();
        assert!(lost.iter().all(|datagram| is_rtp(datagram)));
        if !streams {
            watched.remove(&lines);
        }
        let since = watched.log.seen().len();
        watched.pair.run(ms(20));
        watched.pair.sent.clear();
        watched.pair.run(ms(1_000));
        let asks = |compound: &[u8]| compound.windows(2).any(|bytes| bytes == [0x81, 205]);
        let opened = watched.log.seen().split_off(since).into_iter().any(|seen| {
            matches!(seen, Seen::Opened { readable, rest } if is_rtcp(&readable) && asks(&[&readable[..8], &rest].concat()))
        });
        assert!(watched.pair.server.rtc.is_connected());
        (opened, watched.pair.sent.iter().any(|datagram| is_rtp(datagram)))
    };
    assert_eq!(asked(true), (true, true), "a stream sends again what is asked for");
    assert_eq!(asked(false), (true, false), "without one only the cipher has seen it");
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
