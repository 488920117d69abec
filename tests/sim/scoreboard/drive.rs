//! One rule on one course: a publisher, who watches, and what came of it.

use std::time::Duration;

use plenary::conference::placement::PerMille;
use plenary::media::ids::Layer;

use super::courses::Course;
use super::figures::Figures;
use super::rules::{HOLDS, Rule};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::receiver::quality::Quality;
use crate::world::{Person, Settings, Way, World, ms};

/// The encoders find their rates before anybody watches.
const BEFORE: Duration = ms(5_000);

/// Whoever joins sees something within this, or it is taken to be this.
const FIRST_WITHIN: Duration = ms(10_000);

/// Between the first picture and what is counted: key frames and estimates of the beginning.
const SETTLES: Duration = ms(2_000);

/// For how long it is counted.
const LASTS: Duration = ms(20_000);

/// How often an oracle is told what the link holds.
const STEP: Duration = ms(100);

/// What `rule` makes of `course` in the world of `seed`.
pub fn drive(course: &Course, rule: Rule, seed: u64) -> Figures {
    drive_on(1, course, rule, seed)
}

/// The same with so many workers: the publisher and those who watch are on different ones, if there are several.
pub fn drive_on(workers: usize, course: &Course, rule: Rule, seed: u64) -> Figures {
    HOLDS.set(u64::MAX);
    let spill_at = PerMille(0);
    let settings = Settings { workers, spill_at, allocators: rule.allocators(), ..Settings::new(seed) };
    let settings = Settings { egress: rule.egress(), ..settings };
    let mut world = World::with(settings);
    let publisher = world.join_over(Profile::BROWSER, course.up, Conditions::clean(20));
    world.run(BEFORE);
    let joined = world.now;
    let watchers: Vec<Person> = watch(&mut world, course);
    step_until(&mut world, &watchers, FIRST_WITHIN, |world| {
        watchers.iter().all(|watcher| quality(world, *watcher, publisher).is_some_and(|q| q.first.is_some()))
    });
    step_until(&mut world, &watchers, SETTLES, |_| false);
    world.start_watching();
    let (began, before) = (world.now, arrived(&world, &watchers));
    let (until, then) = match course.then {
        Some((at, then)) => (at, Some(then)),
        None => (LASTS, None),
    };
    step_until(&mut world, &watchers, until, |_| false);
    if let Some(then) = then {
        world.set_link(watchers[0], Way::Down, then);
        step_until(&mut world, &watchers, LASTS - until, |_| false);
    }
    let bytes = arrived(&world, &watchers) - before;
    let meter = world.meter(watchers[0], Way::Down);
    let of = |figure: &dyn Fn(&Quality) -> f64| {
        let sum: f64 =
            watchers.iter().map(|watcher| quality(&world, *watcher, publisher).map_or(0.0, figure)).sum();
        sum / watchers.len() as f64
    };
    let minutes = LASTS.as_secs_f64() / 60.0;
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let first = |q: &Quality| q.first.map_or(FIRST_WITHIN, |at| (at - joined).min(FIRST_WITHIN));
    let nothing = watchers.iter().any(|watcher| quality(&world, *watcher, publisher).is_none());
    // Whoever never sees anything waits all the time.
    let frozen = |q: &Quality| if q.first.is_none() { LASTS } else { q.freezes.frozen(world.now) };
    let recovers = course.disturbed.map(|disturbed| {
        of(&|q| {
            q.freezes
                .ended(world.now)
                .map_or(0.0, |at| millis(at.saturating_duration_since(began + disturbed)))
        })
    });
    let useful = of(&|q| q.useful as f64) * watchers.len() as f64;
    let figures = Figures {
        used: meter.utilisation() * 100.0,
        queue: millis(meter.sojourn(0.95)),
        frozen: if nothing { 60_000.0 } else { of(&|q| millis(frozen(q))) / minutes },
        first: if nothing { millis(FIRST_WITHIN) } else { of(&|q| millis(first(q))) },
        useful: useful / (bytes as f64).max(1.0) * 100.0,
        kbps: useful * 8.0 / 1e3 / LASTS.as_secs_f64() / watchers.len() as f64,
        received: bytes as f64 * 8.0 / 1e3 / LASTS.as_secs_f64() / watchers.len() as f64,
        recovers,
        changes: of(&|q| q.changes as f64) / minutes,
        torn: of(&|q| q.torn as f64) / minutes,
        silent: of(&|q| millis(q.silent)) / minutes,
        lips: of(&|q| millis(q.lip_offset())),
        low: of(&|q| q.share(Layer::Low)) * 100.0,
        middle: of(&|q| q.share(Layer::Middle)) * 100.0,
        high: of(&|q| q.share(Layer::High)) * 100.0,
    };
    world.finish(&format!("{}, {}", course.name, rule.name()));
    figures
}

/// Those who watch, behind one bottleneck.
fn watch(world: &mut World, course: &Course) -> Vec<Person> {
    let first = world.join_over(Profile::LISTENER, Conditions::clean(20), course.down);
    let mut watchers = vec![first];
    for _ in 1..course.watchers {
        let other = world.join(Profile::LISTENER, Conditions::clean(20));
        world.share_link(other, first);
        watchers.push(other);
    }
    watchers
}

fn quality(world: &World, watcher: Person, publisher: Person) -> Option<&Quality> {
    world.seats[watcher].client.receiver.quality.get(&(publisher as u16))
}

/// Bytes that came to those who watch.
fn arrived(world: &World, watchers: &[Person]) -> u64 {
    watchers.iter().map(|watcher| world.seats[*watcher].datagram_bytes).sum()
}

/// Lets time pass and tells an oracle what the link holds.
fn step_until(world: &mut World, watchers: &[Person], time: Duration, done: impl Fn(&World) -> bool) {
    let end = world.now + time;
    while world.now < end && !done(world) {
        let holds = world.holds(watchers[0], Way::Down);
        HOLDS.set(holds / watchers.len() as u64);
        world.run(STEP.min(end - world.now));
    }
}
