//! The scenarios. Each says in its name what a user would lose.

mod churn;
mod crowd;
mod meeting;
mod mute;
mod quiet;
mod recovery;
mod storm;
mod world;

/// Which runs a scenario takes part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// In `make check` too.
    Always,
    /// Only with `PLENARY_SIM=all`.
    All,
}

/// The seeds of a full run.
const SEEDS: [u64; 3] = [1, 20_261_121, 0xdead_5eed];

/// Runs `scenario` with every seed of this run, and says which one failed.
fn play(when: When, scenario: impl Fn(u64)) {
    let all = std::env::var("PLENARY_SIM").is_ok_and(|value| value == "all");
    let seed = std::env::var("PLENARY_SIM_SEED")
        .ok()
        .map(|seed| seed.parse().expect("PLENARY_SIM_SEED is a number"));
    let seeds: Vec<u64> = match (seed, all, when) {
        (Some(seed), _, _) => vec![seed],
        (None, true, _) => SEEDS.to_vec(),
        (None, false, When::Always) => SEEDS[..1].to_vec(),
        (None, false, When::All) => {
            println!("only with PLENARY_SIM=all");
            return;
        }
    };
    for seed in seeds {
        println!("seed {seed}: run again with PLENARY_SIM_SEED={seed}");
        scenario(seed);
    }
}
