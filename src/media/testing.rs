//! What several tests of this heart need.

use std::hash::{BuildHasher, Hash};
use std::time::{Duration, Instant};

use rustc_hash::FxBuildHasher;

/// Keys in the table.
const KEYS: usize = 256;

/// The low bits of a hash say where a key is looked for in a table of this size, the high seven what is compared before
/// the key itself.
const PLACE: u64 = 511;

/// How often all keys are looked up; the fastest time counts, because other programs have the machine too.
const ROUNDS: usize = 200;

/// Looks up keys that collide in an unkeyed hash table, and as many that do not, in what `fill` makes of them: neither may
/// take four times as long as the other. With such a table it was 20 times and more.
pub fn assert_crafted_are_found_as_fast<K: Copy + Hash, Look: FnMut(&K) -> bool>(
    key: &dyn Fn(u64) -> K,
    fill: impl Fn(&[K]) -> Look,
) {
    let place = |key: &K| {
        let hash = FxBuildHasher.hash_one(key);
        (hash & PLACE, hash >> 57)
    };
    let wanted = place(&key(0));
    let crafted: Vec<K> = (0..).map(key).filter(|key| place(key) == wanted).take(KEYS).collect();
    let plain: Vec<K> = (0..KEYS as u64).map(|number| key((number * 0x9e37_79b9) & 0xffff_ffff)).collect();
    let (mut among_crafted, mut among_plain) = (fill(&crafted), fill(&plain));
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        fastest[0] = fastest[0].min(timed(&crafted, &mut among_crafted));
        fastest[1] = fastest[1].min(timed(&plain, &mut among_plain));
    }
    println!("{KEYS} look-ups: {:?} of crafted keys, {:?} of others", fastest[0], fastest[1]);
    assert!(fastest[0] < fastest[1] * 4, "{:?} for crafted keys, {:?} for others", fastest[0], fastest[1]);
}

fn timed<K>(keys: &[K], look: &mut impl FnMut(&K) -> bool) -> Duration {
    let began = Instant::now();
    assert!(keys.iter().all(look), "every key is there");
    began.elapsed()
}
