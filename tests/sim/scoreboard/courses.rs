//! The links that rules are tried on.

use std::time::Duration;

use crate::link::Conditions;
use crate::link::bottleneck::Cross;
use crate::link::loss::Bursts;
use crate::link::rate::{Step, Trace};
use crate::world::ms;

/// What is sent down, rises and falls through every layer.
const RAMPS: Trace = Trace(&[
    Step::new(2, 2_500),
    Step::new(2, 1_800),
    Step::new(2, 1_200),
    Step::new(2, 700),
    Step::new(2, 400),
    Step::new(2, 700),
    Step::new(2, 1_200),
    Step::new(2, 1_800),
    Step::new(4, 2_500),
]);

/// One kind of link, and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    pub name: &'static str,
    /// From the publisher to the server.
    pub up: Conditions,
    /// From the server to who watches, while they join.
    pub down: Conditions,
    /// Another link down, so long after watching began.
    pub then: Option<(Duration, Conditions)>,
    /// What is to be recovered from happens so long after watching began.
    pub disturbed: Option<Duration>,
    /// People who watch behind the one bottleneck.
    pub watchers: usize,
}

/// A link that holds every layer.
fn wide() -> Conditions {
    Conditions::narrow(20, 5_000_000, ms(100))
}

/// All of them, in the order of the scoreboard.
pub fn all() -> Vec<Course> {
    let plain = Course {
        name: "",
        up: Conditions::clean(20),
        down: wide(),
        then: None,
        disturbed: None,
        watchers: 1,
    };
    let down = |name, down| Course { name, down, ..plain };
    let wave = Cross { rate: 1_400_000, on: ms(5_000), off: ms(5_000) };
    let two_mbit = Conditions::narrow(20, 2_000_000, ms(100));
    let ramps = Conditions { trace: Some(RAMPS), ..Conditions::narrow(20, 2_500_000, ms(100)) };
    vec![
        down("1 Mbit/s", Conditions::narrow(20, 1_000_000, ms(60))),
        Course {
            then: Some((Duration::ZERO, ramps)),
            disturbed: Some(ms(8_000)),
            ..down("2.5 Mbit/s to 0.4 and back in steps of 2 s", Conditions { trace: None, ..ramps })
        },
        Course {
            then: Some((ms(6_000), Conditions { rate: Some(500_000), ..two_mbit })),
            disturbed: Some(ms(6_000)),
            ..down("2 Mbit/s, after 6 s a quarter of it", two_mbit)
        },
        down("2 % loss", Conditions { loss: 0.02, ..wide() }),
        down("5 % loss", Conditions { loss: 0.05, ..wide() }),
        down("10 % loss", Conditions { loss: 0.1, ..wide() }),
        down("5 % loss in bursts of 6", Conditions { bursts: Some(Bursts::of(0.05, 6.0)), ..wide() }),
        down("40 ms jitter", Conditions { jitter: ms(40), ..wide() }),
        down("1 Mbit/s, 300 ms of queue", Conditions::narrow(20, 1_000_000, ms(300))),
        down(
            "2 Mbit/s, somebody else takes 1.4 of it, 5 s of 10",
            Conditions { cross: Some(wave), ..two_mbit },
        ),
        Course { watchers: 2, ..down("two people behind 2 Mbit/s", two_mbit) },
        Course { up: Conditions::losing(20, 0.02), ..down("2 % loss on the publisher's side only", wide()) },
    ]
}
