//! What somebody who was let in can send: their packets are authentic, and no browser would make them.

use plenary::faults::Fault;
use plenary::limits::Limit;
use plenary::media::ids::{Kind, Stream};

use crate::client::connection::{Connection, Twist};
use crate::client::reshape::Reshape;
use crate::link::Conditions;
use crate::rng::Rng;
use crate::sender::{Picture, Sent};
use crate::sim::world::{Person, Way, World, ms};
use crate::simulated::{Attack, Stage};
use crate::table::{Group, Table, VIRTUAL_WAIT};

/// How long somebody sends what is wrong.
const LONG: std::time::Duration = ms(4_000);

fn attack(name: &'static str, counter: &'static str, count: fn(&World) -> u64) -> Attack {
    Attack { group: Group::Media, name, counter, count, answer: "nothing", wait: VIRTUAL_WAIT }
}

/// Every row of this file.
pub fn rows(table: &mut Table) {
    twisted(table);
    forged(table);
    offers(table);
    wishes(table);
    too_much(table);
    too_many(table);
    own_faults(table);
}

/// The hostile person's pictures are changed by `twist` from now on.
fn twist(stage: &mut Stage, mut change: impl FnMut(&mut Sent, &mut Rng) + 'static) {
    let mut dice = stage.dice.fork();
    let twist: Twist = Box::new(move |packet| change(packet, &mut dice));
    let client = &mut stage.world.seats[stage.hostile].client;
    client.connection.as_mut().expect("a connection").twist = Some(twist);
    stage.world.run(LONG);
}

fn twisted(table: &mut Table) {
    attack("an absurd timestamp", "core_held", |world| world.count(|c| c.held)).run(table, |stage| {
        twist(stage, |packet, dice| packet.time = dice.next() as u32);
        None
    });
    attack("a sequence that jumps", "core_jumps", |world| world.count(|c| c.jumps)).run(table, |stage| {
        let mut ahead = 0;
        twist(stage, move |packet, dice| {
            // Not further than a receiver can tell how often they wrapped (RFC 3711 section 3.3.1).
            if dice.chance(0.2) {
                ahead += 5_000 + dice.below(20_000);
            }
            packet.seq += ahead;
        });
        None
    });
    attack("a source that counts what was counted", "core_repeated", |world| world.count(|c| c.repeated))
        .run(table, |stage| {
            let sent = std::rc::Rc::new(std::cell::RefCell::new(std::collections::VecDeque::new()));
            let notes = sent.clone();
            twist(stage, move |packet, _| {
                notes.borrow_mut().push_back((packet.seq, packet.time, packet.level));
            });
            // The same numbers again for other packets, from other sources.
            stage.world.client(stage.hostile, |client, _| {
                client.connection.as_mut().expect("a connection").change_sources(0x5000_0000);
            });
            twist(stage, move |packet, _| {
                let again = sent.borrow_mut().iter().position(|(.., level)| *level == packet.level);
                if let Some((seq, time, _)) = again.and_then(|at| sent.borrow_mut().remove(at)) {
                    (packet.seq, packet.time) = (seq, time);
                }
            });
            None
        });
    attack("levels that say nobody is louder", "core_forwarded", |world| world.count(|c| c.forwarded)).run(
        table,
        |stage| {
            twist(stage, |packet, dice| {
                packet.level = packet.level.map(|_| 127 * u8::from(dice.chance(0.1)));
            });
            None
        },
    );
    attack("descriptors cut short", "core_unusable", |world| world.count(|c| c.unusable)).run(
        table,
        |stage| {
            twist(stage, |packet, dice| packet.payload.truncate(dice.below(7) as usize));
            None
        },
    );
}

/// The header of the last media packet the hostile person sent, as it is before the payload is sealed.
fn header(stage: &Stage) -> Vec<u8> {
    let packet = &stage.world.seats[stage.hostile].last_srtp;
    let words = usize::from(u16::from_be_bytes([packet[14], packet[15]]));
    packet[..16 + words * 4].to_vec()
}

/// Sends SRTP that the hostile person made up.
fn send(stage: &mut Stage, header: &[u8], payload: &[u8]) {
    let client = &stage.world.seats[stage.hostile].client;
    let forger = client.connection.as_ref().and_then(|connection| connection.forger.as_ref());
    // Without keys while a new connection is being built.
    if let Some(packet) = forger.and_then(|forger| forger.rtp(header, payload)) {
        stage.spoof(stage.hostile, packet);
    }
}

/// Sends SRTCP that the hostile person made up.
fn send_rtcp(stage: &mut Stage, compound: &[u8]) {
    let client = &mut stage.world.seats[stage.hostile].client;
    let forger = client.connection.as_mut().and_then(|connection| connection.forger.as_mut());
    if let Some(packet) = forger.and_then(|forger| forger.rtcp(compound)) {
        stage.spoof(stage.hostile, packet);
    }
}

fn forged(table: &mut Table) {
    attack("RTP with a wrong payload type", "core_unauthentic", |world| world.count(|c| c.unauthentic)).run(
        table,
        |stage| {
            let mut header = header(stage);
            for number in 0..2_000_u16 {
                let payload_type = stage.dice.below(128) as u8;
                // None of RTCP's numbers, and none of ours.
                header[1] = if payload_type < 64 { 35 + payload_type % 10 } else { 64 | payload_type };
                header[2..4].copy_from_slice(&(30_000 + number).to_be_bytes());
                send(stage, &header, &[0x90; 200]);
                if number % 4 == 3 {
                    stage.world.run(ms(1));
                }
            }
            None
        },
    );
    let sources = Attack {
        answer: "media-lost",
        ..attack("10,000 media sources", "limit_ssrcs_per_peer", |world| {
            world.limit_hits(Limit::SsrcsPerPeer)
        })
    };
    sources.run(table, |stage| {
        let mut header = header(stage);
        for number in 0..10_000_u32 {
            header[8..12].copy_from_slice(&(0x5000_0000 + number).to_be_bytes());
            send(stage, &header, &[0x90; 100]);
            if number % 8 == 7 {
                stage.world.run(ms(1));
            }
        }
        Some(said_once(stage))
    });
    let channels = Attack {
        answer: "media-lost",
        ..attack("10,000 data channels", "limit_data_streams_per_peer", |world| {
            world.limit_hits(Limit::DataStreamsPerPeer)
        })
    };
    channels.run(table, |stage| {
        for number in 0..10_000_u32 {
            // Between two connections there is none.
            stage.world.client(stage.hostile, |client, _| {
                client.connection.iter_mut().for_each(Connection::open_channel);
            });
            if number % 8 == 7 {
                stage.world.run(ms(1));
            }
        }
        Some(said_once(stage))
    });
    // 19 Mbit/s of it.
    let garbage = Attack {
        answer: "too-much-media",
        ..attack("RTCP garbage", "core_reports_malformed", |world| world.count(|c| c.reports_malformed))
    };
    garbage.run(table, |stage| {
        for number in 0..4_000_u32 {
            let words = 2 + stage.dice.below(300) as usize;
            let mut compound = vec![0; words * 4];
            stage.dice.fill(&mut compound);
            compound[0] = 0x80 | stage.dice.below(32) as u8;
            compound[1] = 192 + stage.dice.below(32) as u8;
            // Half of them say how long they are, the others lie.
            if stage.dice.chance(0.5) {
                compound[2..4].copy_from_slice(&(words as u16 - 1).to_be_bytes());
            }
            // Not more senders than one may have: reports of more are refused as such.
            compound[4..8].copy_from_slice(&(number % 4).to_be_bytes());
            send_rtcp(stage, &compound);
            if number % 4 == 3 {
                stage.world.run(ms(1));
            }
        }
        None
    });
    let unread = attack("NACKs for everything", "core_lists_unread", |world| world.count(|c| c.lists_unread));
    unread.run(table, |stage| {
        let before = stage.world.transmitted;
        // Two pictures, which is as much as is within what a person may send. What is sent again has sources as well, of less.
        let mut sources: Vec<(u64, u32)> = stage.world.seats[stage.hostile]
            .sources
            .iter()
            .map(|(source, bytes)| (*bytes, *source))
            .collect();
        sources.sort_unstable();
        let sources: Vec<u32> = sources.into_iter().rev().map(|(_, source)| source).take(2).collect();
        assert_eq!(sources.len(), 2);
        for _ in 0..20 {
            for source in &sources {
                for first in (0..65_536_u32).step_by(8 * 31 * 17) {
                    nacks(stage, *source, first);
                }
            }
            stage.world.run(ms(50));
        }
        let sent = stage.world.transmitted - before;
        assert!(sent < 3_000, "{sent} datagrams left in a second");
        None
    });
}

/// Eight generic NACKs (RFC 4585 section 6.2.1) for 31 times 17 packets of `source` each, from `first` on.
fn nacks(stage: &mut Stage, source: u32, first: u32) {
    let mut compound = Vec::new();
    for entry in 0..8 * 31 {
        if entry % 31 == 0 {
            compound.extend([0x81, 205, 0, 2 + 31]);
            compound.extend([7_u32.to_be_bytes(), source.to_be_bytes()].concat());
        }
        compound.extend(((first + entry * 17) as u16).to_be_bytes());
        compound.extend([0xff, 0xff]);
    }
    send_rtcp(stage, &compound);
}

/// Offers of fewer slots and as many again, of lines that stop and become others, faster than anybody may offer.
fn offers(table: &mut Table) {
    let offers = Attack {
        // Of offers that come too fast only the newest is taken, and one that builds on another is none.
        answer: "offer-refused",
        ..attack("offers of fewer slots and of more", "core_key_frames_asked", |world| {
            world.count(|c| c.key_frames_asked)
        })
    };
    offers.run(table, |stage| {
        use Reshape::{Receive, Recycle, Rotate, Stop, Use};
        let few = Use { audio: 1, video: 1 };
        let changes = [few, Use { audio: 8, video: 5 }, Rotate, Receive(false), Receive(true), Stop, Recycle];
        for change in changes.into_iter().cycle().take(28) {
            stage.world.client(stage.hostile, |client, _| {
                client.reshape(change);
                client.receiver.complaints.clear();
            });
            stage.world.run(ms(200));
        }
        Some(said_once(stage))
    });
}

fn wishes(table: &mut Table) {
    attack("key-frame requests 1,000 a second", "core_key_frames_merged", |world| {
        world.count(|c| c.key_frames_merged)
    })
    .run(table, |stage| {
        for _ in 0..4_000 {
            begs(stage, stage.hostile);
            stage.world.run(ms(1));
        }
        asked_seldom(stage, |stage| {
            begs(stage, stage.hostile);
            stage.world.run(ms(1));
        });
        None
    });
    attack("a page that looks away and back 40 times a second", "core_key_frames_refused", |world| {
        world.count(|c| c.key_frames_refused)
    })
    .run(table, |stage| {
        let people: Vec<_> = stage.honest.iter().map(|person| stage.world.peer(*person)).collect();
        let mut away = false;
        let mut look = |stage: &mut Stage| {
            let seen = if away { &people[..] } else { &[] };
            away = !away;
            stage.world.client(stage.hostile, |client, _| client.look_at(seen));
            stage.world.run(ms(25));
        };
        (0..160).for_each(|_| look(stage));
        asked_seldom(stage, look);
        None
    });
}

/// How often the first honest person was asked for a key frame.
fn asked(stage: &mut Stage) -> u64 {
    let client = &mut stage.world.seats[stage.honest[0]].client;
    let camera = client.connection.as_mut().and_then(|connection| connection.camera(Stream::Camera));
    let camera = camera.expect("a camera");
    camera.requests_taken + camera.requests_dropped
}

/// `person` asks everybody they see for a key frame.
fn begs(stage: &mut Stage, person: Person) {
    stage.world.client(person, |client, now| {
        client.connection.as_mut().expect("a connection").beg();
        client.run(now);
    });
}

/// One viewer who goes on with `act` for eight seconds has each publisher asked half a time a second, and whoever has lost
/// something is served all the same.
fn asked_seldom(stage: &mut Stage, mut act: impl FnMut(&mut Stage)) {
    let (before, began) = (asked(stage), stage.world.now);
    while stage.world.now < began + ms(8_000) {
        act(stage);
    }
    let often = asked(stage) - before;
    println!("key frames asked of a publisher in eight seconds: {often}");
    assert!(often <= 5, "a publisher was asked {often} times in eight seconds");
    let before = asked(stage);
    begs(stage, stage.honest[2]);
    stage.world.run(ms(600));
    assert!(asked(stage) > before, "who lost something is not served any more");
}

/// A camera of 16.5 Mbit/s, and everybody else on a line of 10: the honest ones go on being seen.
fn too_much(table: &mut Table) {
    let much = Attack {
        answer: "too-much-media, media-lost",
        // Their own lines hold 200 ms, which signaling waits for, too.
        wait: VIRTUAL_WAIT + ms(200),
        ..attack("a camera of 16.5 Mbit/s, viewers on 10", "core_over_rate", |world| {
            world.count(|c| c.over_rate)
        })
    };
    much.run(table, |stage| {
        for person in stage.honest {
            let line = Conditions { rate: Some(10_000_000), queue: 250_000, ..Conditions::clean(20) };
            stage.world.set_link(person, Way::Down, line);
        }
        let swollen = Picture { fps: 60, packets: 28, bytes: 1_200 };
        let client = &mut stage.world.seats[stage.hostile].client;
        let camera = client.connection.as_mut().and_then(|connection| connection.camera(Stream::Camera));
        camera.expect("a camera").swell(swollen);
        stage.world.run(ms(25_000));
        for of in &stage.honest[..2] {
            let gap = stage.world.picture_gap(stage.honest[2], *of);
            println!("the longest the third person saw nothing new of {of}: {gap:?}");
        }
        Some(said_once(stage))
    });
}

/// 4,800 packets a second of each layer, which are hardly more bytes than a camera is asked for.
fn too_many(table: &mut Table) {
    let many = Attack {
        answer: "too-much-media",
        ..attack("a camera of small packets by the thousand", "core_over_rate", |world| {
            world.count(|c| c.over_rate)
        })
    };
    many.run(table, |stage| {
        let tiny = Picture { fps: 60, packets: 80, bytes: 30 };
        let client = &mut stage.world.seats[stage.hostile].client;
        let camera = client.connection.as_mut().and_then(|connection| connection.camera(Stream::Camera));
        camera.expect("a camera").swell(tiny);
        let before = stage.world.count(|c| c.forwarded);
        stage.world.run(LONG);
        let each = (stage.world.count(|c| c.forwarded) - before) / LONG.as_secs();
        println!("{each} packets a second were passed on");
        Some(said_once(stage))
    });
}

fn own_faults(table: &mut Table) {
    for (name, fault) in [
        ("a panic in a connection that receives", Fault::PanicOnReceive),
        ("a panic in a connection that sends", Fault::PanicOnSend),
    ] {
        let panics = Attack {
            group: Group::OwnFaults,
            answer: "media-lost",
            ..attack(name, "core_connections_lost", |world| world.count(|c| c.connections_lost))
        };
        panics.run(table, |stage| {
            for _ in 0..3 {
                stage.world.break_connection(stage.hostile, fault);
                stage.world.run(ms(1_500));
                assert!(stage.world.sees(stage.honest[2], stage.hostile), "they do not come back");
            }
            Some(said_once(stage))
        });
    }
    let back = Attack {
        group: Group::OwnFaults,
        ..attack("the clock steps back", "core_clock_steps_back", |world| world.count(|c| c.clock_steps_back))
    };
    back.run(table, |stage| {
        for step in [5, 1_000, 3_600_000] {
            stage.world.behind += ms(step);
            stage.world.run(ms(2_000));
        }
        stage.world.client(stage.honest[0], |client, _| client.mute(Kind::Audio, false));
        None
    });
}

/// What the hostile person was told, if it was always the same.
fn said_once(stage: &Stage) -> String {
    let mut codes: Vec<String> = stage.world.seats[stage.hostile]
        .client
        .errors
        .iter()
        .map(|(code, _)| serde_json::to_string(code).expect("a code").replace('"', ""))
        .collect();
    codes.dedup();
    codes.join(", ")
}
