//! What receivers report that is wrong, or asks for too much, and ways that take nothing for a while: whoever else sees the same
//! publisher notices nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::{When, play};
use crate::client::Client;
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::sender::Picture;
use crate::trace::Trace;
use crate::world::{Person, Settings, World, ms};

/// About what the estimator never goes below, in bits a second.
const LEAST: u64 = 50_000;

/// Somebody with a camera, a receiver who means harm, and a third person, who sees the same camera.
struct Three {
    world: World,
    trace: Trace,
    ada: Person,
    harm: Person,
    third: Person,
    /// The newest sequence number of each source that left for the one who means harm.
    newest: Rc<RefCell<BTreeMap<u32, u16>>>,
}

/// How the third person fared for a while.
#[derive(Debug)]
struct Fared {
    picture_gap: Duration,
    sound_gap: Duration,
    oldest: Duration,
    packets: u64,
    lost: i64,
}

impl Three {
    fn meet(seed: u64, picture: Picture) -> Three {
        let trace = Trace::default();
        let settings = Settings { allocators: trace.allocators(), ..Settings::new(seed) };
        let mut world = World::with(settings);
        let camera = Profile { camera: Some(picture), ..Profile::PAGE };
        let ada = world.join(camera, Conditions::clean(20));
        let hostile = Profile { forges: true, ..Profile::LISTENER };
        let [harm, third] =
            [hostile, Profile::LISTENER].map(|profile| world.join(profile, Conditions::clean(20)));
        let lost = "they do not see the camera";
        world.within(ms(4_000), lost, |world| world.sees(harm, ada) && world.sees(third, ada));
        let (newest, to) = (Rc::new(RefCell::new(BTreeMap::new())), world.seats[harm].public);
        let noted = newest.clone();
        world.tap = Some(Box::new(move |turn| {
            for (run, bytes) in turn.iter().filter(|(run, _)| run.path.remote == to) {
                let headers = bytes.chunks(run.segment).filter_map(|datagram| datagram.first_chunk::<12>());
                for [_, _, high, low, _, _, _, _, source @ ..] in headers {
                    noted.borrow_mut().insert(u32::from_be_bytes(*source), u16::from_be_bytes([*high, *low]));
                }
            }
        }));
        world.run(ms(3_000));
        Three { world, trace, ada, harm, third, newest }
    }

    /// `act` happens again and again for so long, each `every`.
    fn during(&mut self, long: Duration, every: Duration, mut act: impl FnMut(&mut Three, u32)) -> Fared {
        self.world.start_watching();
        for turn in 0..u32::try_from(long.as_micros() / every.as_micros()).expect("seconds") {
            act(self, turn);
            self.world.run(every);
        }
        let (ada, third) = (self.ada, self.third);
        let receiver = &self.world.seats[third].client.receiver;
        let [seen, heard] = [&receiver.seen, &receiver.heard].map(|watches| watches[&(ada as u16)]);
        Fared {
            picture_gap: self.world.picture_gap(third, ada),
            sound_gap: self.world.sound_gap(third, ada),
            oldest: receiver.quality[&(ada as u16)].oldest,
            packets: seen.packets + heard.packets,
            lost: seen.lost + heard.lost,
        }
    }

    /// The third person's call without anything, and while `act` happens as often.
    fn compare(&mut self, long: Duration, every: Duration, act: impl FnMut(&mut Three, u32)) {
        let before = self.during(long, every, |_, _| {});
        let fared = self.during(long, every, act);
        println!("the third person: {before:?}, then {fared:?}");
        assert_eq!((before.lost, fared.lost), (0, 0), "something was lost for a third person");
        assert!(fared.packets + 10 >= before.packets, "a third person got less: {fared:?}, {before:?}");
        let (picture, sound) = (fared.picture_gap, fared.sound_gap);
        // A key frame that somebody needs is large for everybody: it costs a frame's time, and is some milliseconds on its way.
        assert!(picture <= before.picture_gap + ms(34), "a third person's picture stood for {picture:?}");
        assert!(sound <= before.sound_gap + ms(5), "a third person heard nothing for {sound:?}");
        assert!(fared.oldest <= before.oldest + ms(12), "it came later to them: {fared:?}, {before:?}");
    }

    /// A compound RTCP packet that the one who means harm makes up. There is none while a connection is built.
    fn report(&mut self, compound: &[u8]) {
        let seat = &mut self.world.seats[self.harm];
        let forger = seat.client.connection.as_mut().and_then(|connection| connection.forger.as_mut());
        let public = seat.public;
        if let Some(packet) = forger.and_then(|forger| forger.rtcp(compound)) {
            self.world.inject(public, packet);
        }
    }

    /// The source of the pictures that come to `harm`: nothing else has so many bytes.
    fn pictures(&self) -> u32 {
        let sources = &self.world.seats[self.harm].sources;
        sources.iter().max_by_key(|(_, bytes)| **bytes).map(|(source, _)| *source).expect("a source")
    }

    /// Asks for the last of `source`, 31 runs of 17 (RFC 4585 section 6.2.1).
    fn asks_for_all(&mut self, source: u32) {
        const RUNS: u16 = 31;
        let newest = self.newest.borrow().get(&source).copied().unwrap_or_default();
        let mut nack = [&[0x81, 205][..], &(2 + RUNS).to_be_bytes(), &7_u32.to_be_bytes()].concat();
        nack.extend(source.to_be_bytes());
        for run in 0..RUNS {
            nack.extend(newest.wrapping_sub(16 + run * 17).to_be_bytes());
            nack.extend([0xff, 0xff]);
        }
        self.report(&nack);
    }

    /// Bytes that have left for the one who means harm.
    fn bytes(&self) -> u64 {
        self.world.traffic(self.world.seats[self.harm].public).bytes_to
    }

    /// The one who means harm, or is taken for it, sees the camera again.
    fn comes_back(&mut self, within: Duration) -> Duration {
        let (ada, harm) = (self.ada as u16, self.harm);
        let frames = |world: &World| world.seats[harm].client.receiver.seen[&ada].frames;
        let before = frames(&self.world);
        self.world.within(within, "nothing is shown any more", |world| frames(world) >= before + 15)
    }
}

/// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1): `count` packets from `base` on came
/// at once, or were lost.
fn arrivals(base: u16, count: u16, came: bool, reference: u32, number: u8) -> Vec<u8> {
    let mut control = [base.to_be_bytes(), count.to_be_bytes()].concat();
    control.extend(&reference.to_be_bytes()[1..]);
    control.push(number);
    // One run: a small step of time each, or nothing.
    control.extend((u16::from(came) << 13 | count).to_be_bytes());
    control.resize(control.len() + usize::from(came) * usize::from(count), 4);
    control.resize(control.len().next_multiple_of(4), 0);
    let words = (2 + control.len() / 4) as u16;
    [&[0x8f, 205][..], &words.to_be_bytes(), &7_u32.to_be_bytes(), &9_u32.to_be_bytes(), &control].concat()
}

/// A receiver report (RFC 3550 section 6.4.2): all of `source` is lost.
fn all_lost(source: u32) -> Vec<u8> {
    let mut report = [&[0x81, 201, 0, 7][..], &7_u32.to_be_bytes(), &source.to_be_bytes()].concat();
    report.extend([255, 0, 0xff, 0xff]);
    report.resize(32, 0);
    report
}

/// 1.5 Mbit/s of requests for the last 527 packets, which are within what a person may send.
#[test]
fn whoever_asks_for_everything_a_thousand_times_a_second_costs_a_third_person_nothing() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, Picture::REAL);
        let source = three.pictures();
        let (before, began) = (three.bytes(), three.world.now);
        let idle = three.world.count(|c| c.resent);
        three.compare(ms(3_000), ms(1), |three, _| three.asks_for_all(source));
        let resent = three.world.count(|c| c.resent) - idle;
        let refused = three.world.count(|c| c.resends_pointless + c.resends_repeated + c.resends_over);
        let sent = (three.bytes() - before) * 8_000 / (three.world.now - began).as_millis() as u64;
        let unread = three.world.count(|c| c.lists_unread);
        println!(
            "{resent} packets again, {refused} refused, {unread} lists unread, {sent} bit/s went to whoever asked"
        );
        assert!(resent > 5 && refused > 5_000 && unread > 1_000);
        // The camera makes 900 kbit/s.
        assert!(sent < 1_500_000, "{sent} bit/s to one who asks for everything");
        assert_eq!(three.world.count(|c| c.ended_too_much + c.connections_lost), 0);
        three.comes_back(ms(1_500));
        three.world.finish("everything, a thousand times a second");
    });
}

#[test]
fn feedback_that_lies_makes_the_estimate_neither_nothing_nor_anything() {
    play(When::Always, |seed| {
        for lie in ["never sent", "again and again", "backwards", "cut short"] {
            let mut three = Three::meet(seed, Picture::REAL);
            let began = three.world.now;
            three.compare(ms(3_000), ms(20), |three, turn| {
                let number = turn as u8;
                let report = match lie {
                    "never sent" => arrivals((turn * 7_919) as u16, 400, true, turn, number),
                    "again and again" => arrivals(100, 200, true, 1_000, 9),
                    "backwards" => {
                        arrivals((60_000 - turn * 50) as u16, 50, true, 9_000 - turn * 40, 255 - number)
                    }
                    _ => {
                        let mut whole = arrivals((turn * 50) as u16, 50, true, turn, number);
                        whole.truncate(24);
                        whole[3] = 5;
                        whole
                    }
                };
                three.report(&report);
            });
            let peer = three.world.peer(three.harm);
            let all = three.trace.since(peer, began);
            let (least, most) = (all[0], all[all.len() - 1]);
            println!("{lie}: estimates of {least} to {most} bit/s");
            assert!(least >= LEAST, "{lie}: an estimate of {least} bit/s");
            // Half as much again as is shown is wanted, and twice that is the most that is looked for.
            assert!(most < 6_000_000, "{lie}: an estimate of {most} bit/s for 900 kbit/s that came");
            three.comes_back(ms(1_500));
            three.world.finish(lie);
        }
    });
}

/// What they say themselves is lost meanwhile, so that nobody says anything else.
#[test]
fn a_receiver_who_reports_that_all_is_lost_is_sent_something_and_others_lose_nothing() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, Picture::REAL);
        let (source, began, harm) = (three.pictures(), three.world.now, three.harm);
        let mut left = Vec::new();
        three.compare(ms(5_000), ms(50), |three, turn| {
            three.world.seats[harm].up.cut = true;
            three.report(&all_lost(source));
            // Whatever numbers the last ones had, these are among them.
            for base in 0..8 {
                three.report(&arrivals((turn % 8 + base * 8) as u16 * 1_024, 1_024, false, turn, turn as u8));
            }
            left.push(three.bytes());
        });
        three.world.seats[harm].up.cut = false;
        let all = three.trace.since(three.world.peer(harm), began);
        let last = left[left.len() - 1] - left[left.len() - 21];
        println!("estimates of {} to {} bit/s, {last} bytes in the last second", all[0], all[all.len() - 1]);
        assert!(all[0] >= LEAST, "an estimate of {} bit/s", all[0]);
        assert!(all[0] * 2 < all[all.len() - 1], "whoever says that all is lost is not believed");
        assert!(last > 4_000, "{last} bytes in a second: not even sound");
        three.comes_back(ms(5_000));
        three.world.finish("all is lost");
    });
}

/// A call of the kernel that fails, again and again: runs were sealed, numbered and noted, and nothing of them is on the line.
#[test]
fn a_way_that_takes_nothing_for_300_ms_is_mended_by_resends_alone() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, Picture::REAL);
        let (ada, harm) = (three.ada, three.harm);
        let requests = |three: &Three| three.world.seats[harm].client.receiver.requests;
        let cut = |three: &Three| three.world.seats[harm].down.hits.cut;
        let (resent, asked) = (three.world.count(|c| c.resent), requests(&three));
        let shown = three.world.seats[harm].client.receiver.seen[&(ada as u16)].frames;
        three.compare(ms(3_000), ms(100), |three, turn| {
            three.world.seats[harm].down.cut = (5..8).contains(&turn);
        });
        let gap = three.world.picture_gap(harm, ada);
        let shown = three.world.seats[harm].client.receiver.seen[&(ada as u16)].frames - shown;
        let resent = three.world.count(|c| c.resent) - resent;
        println!("{} did not leave, {resent} left again, the picture stood for {gap:?}", cut(&three));
        assert!(cut(&three) > 20 && resent >= 20, "{} were lost, {resent} left again", cut(&three));
        assert_eq!(requests(&three), asked, "a key frame had to mend it");
        assert!(gap < ms(700), "the picture stood still for {gap:?}");
        assert!(shown >= 175, "{shown} of 180 frames were shown");
        three.world.finish("a way that takes nothing");
    });
}

/// Of a second and a half in which nothing passes the first third is too old to be sent again, and the ring has given it up.
#[test]
fn what_the_ring_has_given_up_is_mended_by_a_key_frame_and_costs_nobody_else_anything() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, Picture::REAL);
        let (ada, harm, source) = (three.ada, three.harm, three.pictures());
        let requests = |three: &Three| three.world.seats[harm].client.receiver.requests;
        let (pointless, asked) = (three.world.count(|c| c.resends_pointless), requests(&three));
        three.compare(ms(4_000), ms(100), |three, turn| {
            three.world.seats[harm].down.cut = (5..20).contains(&turn);
            if turn == 20 {
                three.asks_for_all(source);
            }
        });
        let gap = three.world.picture_gap(harm, ada);
        let pointless = three.world.count(|c| c.resends_pointless) - pointless;
        println!("{pointless} were not there any more, the picture stood for {gap:?}");
        assert!(pointless > 40, "{pointless} of what was asked for the ring had given up");
        assert_eq!(requests(&three), asked, "the server waited until it was asked for a key frame");
        assert!(gap < ms(1_500 + 350), "the picture stood still for {gap:?}");
        three.comes_back(ms(1_000));
        three.world.finish("a ring that moved on");
    });
}

#[test]
fn keys_that_change_under_requests_for_what_left_under_others_repeat_no_nonce_and_others_notice_nothing() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, Picture::REAL);
        let (ada, harm) = (three.ada, three.harm);
        let mut sources = vec![three.pictures()];
        three.compare(ms(4_000), ms(10), |three, turn| {
            if turn % 130 == 30 {
                sources.push(three.pictures());
                three.world.client(harm, Client::rebuild);
            }
            for source in sources.clone() {
                three.asks_for_all(source);
            }
        });
        assert_eq!(three.world.seats[harm].client.life(), 4, "three connections more");
        assert_eq!(three.world.count(|c| c.nonces_repeated + c.connections_failed), 0);
        three.world.meet_anew(ms(3_000), "whoever has new keys sees nobody", &[harm]);
        assert!(three.world.sees(harm, ada), "whoever has new keys sees nothing");
        three.world.finish("keys that change");
    });
}
