//! The scenarios. Each says in its name what a user would lose.

use plenary::conference::placement::{self, PerMille};

use crate::world::settings::{SPILL_AT, WORKERS};

mod adaptive;
mod churn;
mod clocks;
mod codecs;
mod crowd;
mod demand;
mod egress;
mod estimate;
mod feedback;
mod files;
mod joins;
mod large;
mod meeting;
mod mute;
mod paths;
mod probes;
mod publishers;
mod quiet;
mod recovery;
mod screens;
mod simulcast;
mod slots;
mod spread;
mod standstill;
mod storm;
mod thinning;
mod voices;
mod wire;
mod workers;
mod world;

/// Which runs a scenario takes part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// In `make check` too.
    Always,
    /// Only with `PLENARY_SIM=all`.
    All,
    /// Only there, and with one seed: it takes long.
    Once,
}

/// The seeds of a full run.
const SEEDS: [u64; 3] = [1, 20_261_121, 0xdead_5eed];

/// Whoever comes goes where there are fewest, whatever their room.
const SPREAD: PerMille = PerMille(0);

/// Runs `scenario` with every seed of this run, and says which one failed. In a full run the last seed has a server
/// with three workers, and every room is on all of them.
fn play(when: When, scenario: impl Fn(u64)) {
    let all = std::env::var("PLENARY_SIM").is_ok_and(|value| value == "all");
    let number = |name: &str| Some(std::env::var(name).ok()?.parse().expect("a number"));
    let workers = number("PLENARY_SIM_WORKERS").map(|workers: u64| workers as usize);
    let seeds: Vec<u64> = match (number("PLENARY_SIM_SEED"), all, when) {
        (Some(seed), _, _) => vec![seed],
        (None, true, When::Always | When::All) => SEEDS.to_vec(),
        (None, true, When::Once) | (None, false, When::Always) => SEEDS[..1].to_vec(),
        (None, false, When::All | When::Once) => {
            println!("only with PLENARY_SIM=all");
            return;
        }
    };
    for (run, seed) in seeds.into_iter().enumerate() {
        let workers = workers.unwrap_or(if run == 2 { 3 } else { 1 });
        println!("seed {seed}: run again with PLENARY_SIM_SEED={seed} PLENARY_SIM_WORKERS={workers}");
        WORKERS.set(workers);
        SPILL_AT.set(if workers > 1 { SPREAD } else { placement::SPILL_AT });
        scenario(seed);
    }
}
