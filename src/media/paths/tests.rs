use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

impl Paths {
    /// A path that is proven, and alive for as long as a test takes.
    pub fn pretend(&mut self, now: Instant) {
        self.learn(now, path(1), 1);
        self.prove(now, 0);
        self.known[0].heard = Some(now + Duration::from_secs(1_000_000));
    }
}

const MOST: usize = 4;

fn path(port: u16) -> Path {
    Path::udp(([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], 9).into())
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A token that differs for each path and time.
fn token(n: u8) -> Token {
    [n; 12]
}

/// A client that checks `path` and answers its challenge.
fn proven(paths: &mut Paths, now: Instant, path: Path) {
    paths.learn(now, path, MOST);
    let index = paths.arrive(&path, 100).expect("known");
    paths.checked(now, index, true, || Some(token(1)));
    let (challenged, token) = paths.next_challenge(now).expect("a challenge");
    assert_eq!(challenged, path);
    assert!(paths.answered(now, index, token));
}

#[test]
fn the_old_path_keeps_the_media_until_the_new_one_answers() {
    let (mut paths, mut now) = (Paths::default(), Instant::now());
    proven(&mut paths, now, path(1));
    assert_eq!(paths.media(now, 1_000), Some(path(1)));
    now += ms(2_000);
    paths.learn(now, path(2), MOST);
    let new = paths.arrive(&path(2), 100).expect("known");
    paths.checked(now, new, true, || Some(token(2)));
    paths.heard(now, new, || Some(token(3)));
    assert_eq!(paths.media(now, 1_000), Some(path(1)), "nobody has shown yet that they receive there");
    assert_eq!(paths.next_challenge(now), Some((path(2), token(2))));
    assert!(!paths.answered(now, new, token(3)), "an answer to something else");
    let old = paths.arrive(&path(1), 100).expect("known");
    assert!(!paths.answered(now, old, token(2)), "the right answer, by another path");
    assert!(paths.answered(now + ms(40), new, token(2)));
    assert_eq!(paths.media(now + ms(40), 1_000), Some(path(2)));
    assert!(!paths.answered(now + ms(41), new, token(2)), "once");
}

#[test]
fn a_second_path_that_is_only_checked_leaves_media_where_it_is() {
    let (mut paths, now) = (Paths::default(), Instant::now());
    proven(&mut paths, now, path(1));
    let first = paths.arrive(&path(1), 100).expect("known");
    paths.learn(now + ms(10), path(2), MOST);
    let second = paths.arrive(&path(2), 100).expect("known");
    paths.checked(now + ms(10), second, false, || Some(token(2)));
    paths.heard(now + ms(20), first, || Some(token(3)));
    assert!(paths.answered(now + ms(50), second, token(2)));
    assert_eq!(paths.media(now + ms(50), 1_000), Some(path(1)));
    paths.heard(now + ms(60), second, || Some(token(4)));
    assert_eq!(paths.media(now + ms(60), 1_000), Some(path(2)), "what is proven is followed at once");
    assert_eq!(paths.due(), None);
}

#[test]
fn silence_ends_media_and_the_next_packet_or_a_check_that_is_answered_begins_it_again() {
    let (mut paths, start) = (Paths::default(), Instant::now());
    proven(&mut paths, start, path(1));
    let index = paths.arrive(&path(1), 100).expect("known");
    assert!(paths.take_media(start + ms(9_999)));
    let now = start + ALIVE;
    assert!(!paths.take_media(now));
    assert_eq!(paths.media(now, 1_000), None);
    assert_eq!(paths.take_counts().withheld, 1);
    assert!(paths.allows(&path(1), 1_000), "STUN and DTLS go on");
    paths.heard(now, index, || Some(token(2)));
    assert_eq!(paths.media(now, 1_000), Some(path(1)));
    let now = now + ALIVE;
    paths.checked(now, index, false, || Some(token(3)));
    assert_eq!(paths.media(now, 1_000), None, "a check can be an old one");
    assert_eq!(paths.next_challenge(now), Some((path(1), token(3))));
    assert!(paths.answered(now, index, token(3)));
    assert_eq!(paths.media(now, 1_000), Some(path(1)));
}

#[test]
fn a_client_that_only_checks_is_asked_in_time_and_never_cut_off() {
    let (mut paths, mut now) = (Paths::default(), Instant::now());
    proven(&mut paths, now, path(1));
    for _ in 0..100 {
        now += ms(2_500);
        assert!(paths.take_media(now));
        let index = paths.arrive(&path(1), 100).expect("known");
        paths.checked(now, index, true, || Some(token(9)));
        if let Some((_, token)) = paths.next_challenge(now) {
            assert!(paths.answered(now, index, token));
        }
    }
    assert!(paths.take_counts().answers >= 50);
}

#[test]
fn a_client_that_answers_no_challenge_gets_three_times_what_it_sends_once_the_old_path_is_dead() {
    let (mut paths, mut now) = (Paths::default(), Instant::now());
    proven(&mut paths, now, path(1));
    now += ms(9_000);
    paths.learn(now, path(2), MOST);
    let new = paths.arrive(&path(2), 1_000).expect("known");
    paths.heard(now, new, || Some(token(2)));
    assert_eq!(paths.media(now, 100), Some(path(1)));
    now += ms(1_000);
    assert_eq!(paths.media(now, 3_000), Some(path(2)));
    assert_eq!(paths.media(now, 1), None);
    assert!(!paths.allows(&path(2), 1));
    paths.arrive(&path(2), 1_000);
    assert_eq!(paths.media(now, 3_000), Some(path(2)));
    assert!(paths.take_counts().limited >= 1);
}

#[test]
fn a_handshake_proves_the_path_that_it_never_left() {
    for second in [1, 2] {
        let (mut paths, now) = (Paths::default(), Instant::now());
        for port in [1, 2] {
            paths.learn(now, path(port), MOST);
        }
        for port in [1, second] {
            let index = paths.arrive(&path(port), 200).expect("known");
            paths.handshake(index);
            assert_eq!(paths.secure(false), Some(path(port)));
        }
        let last = paths.arrive(&path(second), 200).expect("known");
        paths.handshake_ended(now, last);
        let expected = (second == 1).then_some(path(1));
        assert_eq!(
            paths.media(now, 1_000),
            expected,
            "who knows our flight from elsewhere ends it from anywhere"
        );
    }
}

#[test]
fn a_connection_over_tcp_may_get_anything_and_media_once_the_client_is_at_its_end() {
    let (mut paths, now) = (Paths::default(), Instant::now());
    let tcp = Path { protocol: Protocol::Tcp, ..path(1) };
    paths.learn(now, tcp, MOST);
    assert!(paths.allows(&tcp, 100_000), "it would not be there if nobody received");
    assert_eq!(paths.media(now, 1_000), None, "a check can be overheard and sent again");
    let index = paths.arrive(&tcp, 100).expect("known");
    paths.heard(now, index, || Some(token(2)));
    assert_eq!(paths.media(now, 100_000), Some(tcp), "there is no other");
    paths.forget(&tcp);
    assert_eq!(paths.media(now, 1), None);
    assert_eq!(paths.due(), None);
}

#[test]
fn a_flood_of_addresses_is_bounded_and_an_idle_one_makes_room_but_never_that_of_the_media() {
    let (mut paths, now) = (Paths::default(), Instant::now());
    proven(&mut paths, now, path(1));
    let learned = (2..100).filter(|port| paths.learn(now, path(*port), MOST) == Learned::Known).count();
    assert_eq!(learned, MOST - 1);
    assert_eq!(paths.learn(now + IDLE, path(500), MOST), Learned::InPlaceOf(path(2)));
    assert_eq!(paths.iter().count(), MOST);
    assert_eq!([1, 3, 99].map(|port| paths.hold(now, &path(port))), [Hold::Proven, Hold::Claimed, Hold::Not]);
    assert_eq!([1, 3].map(|port| paths.hold(now + ALIVE, &path(port))), [Hold::Not, Hold::Not]);
    assert_eq!(paths.media(now, 1), Some(path(1)));
}

#[test]
fn challenges_are_quick_at_first_and_few_in_all() {
    let (mut paths, start) = (Paths::default(), Instant::now());
    paths.learn(start, path(1), MOST);
    let (mut sent, mut now) = (Vec::new(), start);
    let mut made = 0;
    while now < start + ms(60_000) {
        let index = paths.arrive(&path(1), 1_000).expect("known");
        paths.heard(now, index, || {
            made += 1;
            Some(token(made))
        });
        while let Some((_, token)) = paths.next_challenge(now) {
            assert_eq!(token, [1; 12], "an answer that is late is as good");
            sent.push((now - start).as_millis());
        }
        now += ms(10);
    }
    assert_eq!(&sent[..7], [0, 50, 150, 350, 750, 1_550, 2_350]);
    assert!(sent.len() < 180, "{} in a minute", sent.len());
}

/// Anything that can happen to the paths of a client.
#[derive(Debug, Clone)]
enum Act {
    Check {
        port: u16,
        bytes: usize,
        nominates: bool,
    },
    Media {
        port: u16,
        bytes: usize,
    },
    Handshake {
        port: u16,
        bytes: usize,
        ends: bool,
    },
    /// Answers what was sent there last; `right` or with another token.
    Answer {
        port: u16,
        right: bool,
    },
    Forget {
        port: u16,
    },
    Send {
        bytes: usize,
    },
    Answered {
        port: u16,
        bytes: usize,
    },
    Pass {
        millis: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let (port, bytes) = (1_u16..7, 20_usize..1_300);
    prop_oneof![
        (port.clone(), bytes.clone(), any::<bool>()).prop_map(|(port, bytes, nominates)| Act::Check {
            port,
            bytes,
            nominates
        }),
        (port.clone(), bytes.clone()).prop_map(|(port, bytes)| Act::Media { port, bytes }),
        (port.clone(), bytes.clone(), prop::bool::weighted(0.2))
            .prop_map(|(port, bytes, ends)| Act::Handshake { port, bytes, ends }),
        (port.clone(), prop::bool::weighted(0.3)).prop_map(|(port, right)| Act::Answer { port, right }),
        prop::bool::weighted(0.1).prop_flat_map(|_| 1_u16..7).prop_map(|port| Act::Forget { port }),
        bytes.clone().prop_map(|bytes| Act::Send { bytes }),
        (port, bytes).prop_map(|(port, bytes)| Act::Answered { port, bytes }),
        (1_u64..6_000).prop_map(|millis| Act::Pass { millis }),
    ]
}

/// What a test knows of a path, told once more and simply.
#[derive(Debug, Default)]
struct Model {
    received: u64,
    sent: u64,
    proven: bool,
    token: Option<Token>,
    heard: Option<Instant>,
}

proptest! {
    /// Whatever comes in which order: an unproven path gets at most three times what it sent, media goes to nobody who was
    /// not heard for ten seconds, and never from a live proven path to one that has proven nothing.
    #[test]
    fn nobody_gets_what_somebody_else_asked_for(acts in prop::collection::vec(act(), 1..200)) {
        let (mut paths, mut now, mut made) = (Paths::default(), Instant::now(), 0_u8);
        let mut model: BTreeMap<u16, Model> = BTreeMap::new();
        for act in acts {
            let mut fresh = || { made = made.wrapping_add(1); Some(token(made)) };
            match act {
                Act::Check { port, bytes, nominates } => {
                    match paths.learn(now, path(port), MOST) {
                        Learned::Full => continue,
                        Learned::InPlaceOf(gone) => { model.remove(&gone.remote.port()); }
                        Learned::Known => {}
                    }
                    model.entry(port).or_default().received += bytes as u64;
                    let index = paths.arrive(&path(port), bytes).expect("learned");
                    paths.checked(now, index, nominates, &mut fresh);
                }
                Act::Media { port, bytes } => {
                    if let Some(index) = paths.arrive(&path(port), bytes) {
                        let known = model.get_mut(&port).expect("known");
                        known.received += bytes as u64;
                        known.heard = Some(now);
                        paths.heard(now, index, &mut fresh);
                    }
                }
                Act::Handshake { port, bytes, ends } => {
                    if let Some(index) = paths.arrive(&path(port), bytes) {
                        model.get_mut(&port).expect("known").received += bytes as u64;
                        paths.handshake(index);
                        let elsewhere = paths.wandered;
                        if ends {
                            paths.handshake_ended(now, index);
                            let known = model.get_mut(&port).expect("known");
                            if !elsewhere {
                                (known.proven, known.token, known.heard) = (true, None, Some(now));
                            }
                        }
                    }
                }
                Act::Answer { port, right } => {
                    if let Some(index) = paths.arrive(&path(port), 60) {
                        let known = model.get_mut(&port).expect("known");
                        known.received += 60;
                        let expected = known.token.filter(|_| right);
                        let taken = paths.answered(now, index, expected.unwrap_or([0xff; 12]));
                        prop_assert_eq!(taken, expected.is_some());
                        if taken {
                            (known.proven, known.token, known.heard) = (true, None, Some(now));
                        }
                    }
                }
                Act::Forget { port } => {
                    paths.forget(&path(port));
                    model.remove(&port);
                }
                Act::Send { bytes } => {
                    if let Some(to) = paths.media(now, bytes) {
                        let port = to.remote.port();
                        let live = model.values().any(|known| known.proven && known.heard.is_some_and(|at| now < at + ALIVE));
                        let known = model.get_mut(&port).expect("known");
                        known.sent += bytes as u64;
                        prop_assert!(known.heard.is_some_and(|at| now < at + ALIVE), "nobody is heard there");
                        if !known.proven {
                            prop_assert!(!live || paths.active.is_none() || !paths.active().expect("one").is_alive(now));
                        }
                    }
                }
                Act::Answered { port, bytes } => {
                    if paths.allows(&path(port), bytes) {
                        model.get_mut(&port).expect("known").sent += bytes as u64;
                    }
                }
                Act::Pass { millis } => now += ms(millis),
            }
            while let Some((to, token)) = paths.next_challenge(now) {
                let known = model.get_mut(&to.remote.port()).expect("known");
                known.token = Some(token);
                if paths.allows(&to, 110) {
                    known.sent += 110;
                }
            }
            for known in model.values_mut() {
                if known.proven {
                    (known.sent, known.received) = (0, 0);
                }
                prop_assert!(known.sent <= AMPLIFICATION * known.received, "{known:?}");
            }
            prop_assert!(paths.iter().count() <= MOST);
            prop_assert!(paths.due().is_none_or(|due| due > now));
        }
    }
}
