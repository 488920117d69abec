//! What anybody can send to the server's UDP port, from any address.

use std::net::SocketAddr;

use plenary::limits::{Limit, Limits};

use crate::sim::world::{Traffic, World, ms};
use crate::simulated::{Attack, Stage};
use crate::table::{Group, Table, VIRTUAL_WAIT};

/// Datagrams of one attack, unless there is a reason for more.
const MANY: usize = 1_000;

fn attack(name: &'static str, counter: &'static str, count: fn(&World) -> u64) -> Attack {
    Attack { group: Group::Udp, name, counter, count, answer: "nothing", wait: VIRTUAL_WAIT }
}

/// Sends what `make` makes from strangers' addresses, a few each millisecond, and tells how many datagrams came back.
fn from_strangers(stage: &mut Stage, count: usize, mut make: impl FnMut(&mut Stage) -> Vec<u8>) -> String {
    let before = stage.world.astray;
    for number in 0..count {
        let (stranger, bytes) = (stage.stranger(), make(stage));
        stage.world.inject(stranger, bytes);
        if number % 10 == 9 {
            stage.world.run(ms(1));
        }
    }
    stage.world.run(ms(100));
    let answers = stage.world.astray - before;
    if answers == 0 { "nothing".into() } else { format!("{answers} datagrams") }
}

/// Sends what `make` makes of what somebody honest sent last, as if it came from them.
fn in_their_name(stage: &mut Stage, count: usize, mut make: impl FnMut(&mut Stage, Vec<u8>) -> Vec<u8>) {
    let victim = stage.honest[0];
    for number in 0..count {
        let seat = &stage.world.seats[victim];
        let overheard = [&seat.last_srtp, &seat.last_srtcp, &seat.last_stun];
        let bytes = overheard[number % 3].clone();
        assert!(!bytes.is_empty(), "there is nothing to send again yet");
        let bytes = make(stage, bytes);
        stage.spoof(victim, bytes);
        if number % 10 == 9 {
            stage.world.run(ms(7));
        }
    }
}

fn noise(stage: &mut Stage, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    stage.dice.fill(&mut noise);
    noise
}

/// A DTLS 1.2 record with the beginning of a `ClientHello` (RFC 6347 sections 4.1 and 4.2).
fn client_hello(stage: &mut Stage) -> Vec<u8> {
    let mut hello =
        vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 1, 0, 0, 88, 0, 0, 0, 0, 0, 0, 0, 0, 88];
    hello.extend(noise(stage, 88));
    hello
}

/// Every row of this file.
pub fn rows(table: &mut Table) {
    addresses(table);
    strangers(table);
    in_the_name_of_others(table);
}

fn strangers(table: &mut Table) {
    attack("garbage", "core_unknown", |world| world.count(|c| c.unknown)).run(table, |stage| {
        Some(from_strangers(stage, MANY, |stage| {
            let size = 1 + stage.dice.below(1_400) as usize;
            let mut bytes = noise(stage, size);
            // No first byte of STUN, DTLS or SRTP.
            bytes[0] |= 0xc0;
            bytes
        }))
    });
    attack("STUN with a wrong key", "core_stun_refused", |world| world.count(|c| c.stun_refused)).run(
        table,
        |stage| {
            Some(from_strangers(stage, MANY, |stage| {
                let mut stun = stage.world.seats[stage.honest[0]].last_stun.clone();
                // The end is the fingerprint, the 20 bytes before its header are the integrity.
                let at = stun.len() - 8 - 1 - stage.dice.below(20) as usize;
                stun[at] ^= 1 + stage.dice.below(255) as u8;
                stun
            }))
        },
    );
    let flood = Attack {
        answer: "16 are answered and challenged",
        ..attack("STUN flood with forged sources", "limit_addresses_per_peer", |world| {
            world.limit_hits(Limit::AddressesPerPeer)
        })
    };
    flood.run(table, |stage| {
        let before = stage.world.astray;
        for _ in 0..MANY {
            let stun = stage.world.seats[stage.hostile].last_stun.clone();
            for _ in 0..10 {
                let stranger = stage.stranger();
                stage.world.inject(stranger, stun.clone());
            }
            stage.world.run(ms(1));
        }
        let most = stage.world.people() * Limits::default().get(Limit::AddressesPerPeer);
        assert!(stage.world.paths() <= most, "{} addresses are known", stage.world.paths());
        let answers = stage.world.astray - before;
        // A request of 100 bytes makes room for an answer and two challenges.
        Some(if (16..=3 * 16).contains(&answers) {
            "16 are answered and challenged".into()
        } else {
            format!("{answers} datagrams")
        })
    });
    plain_stun(table);
    attack("DTLS ClientHello from unknown addresses", "core_unlearned", |world| world.count(|c| c.unlearned))
        .run(table, |stage| Some(from_strangers(stage, MANY, client_hello)));
    attack("SRTP from unknown addresses", "core_unlearned", |world| world.count(|c| c.unlearned)).run(
        table,
        |stage| {
            Some(from_strangers(stage, MANY, |stage| stage.world.seats[stage.honest[1]].last_srtp.clone()))
        },
    );
    attack("over 1,500 bytes", "core_hostile", |world| world.count(|c| c.hostile)).run(table, |stage| {
        in_their_name(stage, 100, |stage, mut bytes| {
            bytes.resize(1_501 + stage.dice.below(64_000) as usize, 0);
            bytes
        });
        Some(from_strangers(stage, 100, |stage| {
            let mut bytes = client_hello(stage);
            bytes.resize(1_501, 0);
            bytes
        }))
    });
    attack("source port 0", "core_hostile", |world| world.count(|c| c.hostile)).run(table, |stage| {
        let before = stage.world.astray;
        for _ in 0..MANY {
            let nowhere = std::net::SocketAddr::new(stage.stranger().ip(), 0);
            let seat = &stage.world.seats[stage.hostile];
            let (stun, srtp) = (seat.last_stun.clone(), seat.last_srtp.clone());
            stage.world.inject(nowhere, stun);
            stage.world.inject(nowhere, srtp);
            stage.world.run(ms(1));
        }
        Some(if stage.world.astray == before { "nothing".into() } else { "datagrams to port 0".into() })
    });
}

/// Questions for one's own address, which need no name and no password.
fn plain_stun(table: &mut Table) {
    let ask = |stage: &mut Stage, times: usize, mut from: Box<dyn FnMut(&mut Stage) -> SocketAddr>| {
        let before = stage.world.astray;
        for number in 0..times {
            let (from, id) = (from(stage), noise(stage, 12));
            let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &id].concat();
            stage.world.inject(from, request);
            if number % 100 == 99 {
                stage.world.run(ms(1));
            }
        }
        stage.world.run(ms(100));
        let answers = stage.world.astray - before;
        move |most| {
            if (1..=most).contains(&answers) { "its rate".to_owned() } else { format!("{answers} answers") }
        }
    };
    let limit = |name, counter, count| Attack { answer: "its rate", ..attack(name, counter, count) };
    limit("plain STUN, in one name", "limit_stun_per_second_per_address", |world| {
        world.limit_hits(Limit::StunPerSecondPerAddress)
    })
    .run(table, |stage| {
        let stranger = stage.stranger();
        Some(ask(stage, 10 * MANY, Box::new(move |_| stranger))(510))
    });
    limit("plain STUN, in many names", "limit_stun_per_second", |world| {
        world.limit_hits(Limit::StunPerSecond)
    })
    .run(table, |stage| Some(ask(stage, 10 * MANY, Box::new(Stage::stranger))(1_250)));
}

fn in_the_name_of_others(table: &mut Table) {
    let refused: fn(&World) -> u64 = |world| world.count(|c| c.unauthentic);
    let moves = Attack {
        answer: "no media",
        ..attack("a spoofed datagram to move somebody's egress", "core_unauthentic", refused)
    };
    moves.run(table, |stage| {
        let victim = stage.honest[0];
        let strangers = [(); 5].map(|()| stage.stranger());
        for number in 0..100 {
            let stranger = strangers[number % 5];
            let seat = &stage.world.seats[victim];
            let overheard = [seat.last_srtp.clone(), seat.last_srtcp.clone()];
            let stun = seat.last_stun.clone();
            // As the victim's own, when that has arrived, with an overheard binding request in front.
            stage.world.run(ms(31));
            stage.world.inject(stranger, stun);
            for bytes in overheard {
                stage.world.inject(stranger, bytes);
            }
            let scrap = noise(stage, 100).into_iter().chain([0; 12]);
            let scrap: Vec<u8> = [0x80, 0x60].into_iter().chain(scrap).collect();
            stage.world.inject(stranger, scrap);
            stage.world.run(ms(9));
        }
        // Answers to the requests, and challenges that only the victim could answer.
        let traffic = strangers.map(|stranger| stage.world.traffic(stranger));
        let bought = |traffic: &Traffic| traffic.media_to > 0 || traffic.bytes_to > 3 * traffic.bytes_from;
        Some(if traffic.iter().any(bought) { format!("{traffic:?}") } else { "no media".into() })
    });
    attack("truncated", "core_unauthentic", refused).run(table, |stage| {
        in_their_name(stage, MANY, |stage, mut bytes| {
            let size = 12 + stage.dice.below(bytes.len() as u64 - 12) as usize;
            bytes.truncate(size);
            bytes
        });
        None
    });
    attack("replayed", "core_unauthentic", refused).run(table, |stage| {
        in_their_name(stage, MANY, |_, bytes| bytes);
        None
    });
}

/// Addresses that are not the sender's.
fn addresses(table: &mut Table) {
    let buys = Attack {
        answer: "at most three times their bytes to the stranger",
        ..attack("a check and a report in a stranger's name", "core_challenges_sent", |world| {
            world.count(|c| c.challenges_sent)
        })
    };
    buys.run(table, |stage| {
        let stranger = stage.stranger();
        // The hostile one says nothing else, and nothing of theirs is on its way.
        stage.world.seats[stage.hostile].up.cut = true;
        stage.world.run(ms(100));
        let stun = stage.world.seats[stage.hostile].last_stun.clone();
        let connection = stage.world.seats[stage.hostile].client.connection.as_mut();
        let forger = connection.and_then(|connection| connection.forger.as_mut()).expect("a forger");
        let report = forger.rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 7]).expect("keys");
        stage.world.inject(stranger, stun);
        stage.world.inject(stranger, report);
        stage.world.run(ms(13_000));
        stage.world.seats[stage.hostile].up.cut = false;
        let traffic = stage.world.traffic(stranger);
        Some(if traffic.bytes_to <= 3 * traffic.bytes_from {
            "at most three times their bytes to the stranger".into()
        } else {
            format!("{} bytes for {}", traffic.bytes_to, traffic.bytes_from)
        })
    });
    let silent = Attack {
        answer: "no media after ten seconds",
        ..attack("an address that falls silent", "core_media_withheld", |world| {
            world.count(|c| c.media_withheld)
        })
    };
    silent.run(table, |stage| {
        let address = stage.world.seats[stage.hostile].public;
        stage.world.seats[stage.hostile].up.cut = true;
        stage.world.run(ms(10_100));
        let before = stage.world.traffic(address).media_to;
        stage.world.run(ms(2_000));
        let media = stage.world.traffic(address).media_to - before;
        stage.world.seats[stage.hostile].up.cut = false;
        stage.world.run(ms(2_000));
        assert!(stage.world.sees(stage.hostile, stage.honest[0]), "it comes back with its client");
        Some(if media == 0 { "no media after ten seconds".into() } else { format!("{media} datagrams") })
    });
    let takes = Attack {
        answer: "nothing",
        ..attack("somebody else's path, by one's own check", "core_paths_refused", |world| {
            world.count(|c| c.paths_refused)
        })
    };
    takes.run(table, |stage| {
        for _ in 0..100 {
            for victim in stage.honest {
                let stun = stage.world.seats[stage.hostile].last_stun.clone();
                stage.spoof(victim, stun);
            }
            stage.world.run(ms(40));
        }
        None
    });
}
