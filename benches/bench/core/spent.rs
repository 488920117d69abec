//! What the core spends, told apart from what the benchmark does around it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What the core spent.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Spent {
    /// On datagrams with media that came in.
    pub input: Duration,
    /// On what left at once.
    pub output: Duration,
    /// On what was due, and left then.
    pub timers: Duration,
    /// On everything else that people sent: reports, checks.
    pub feedback: Duration,
    /// On what it told other cores, and what they told it.
    #[serde(default)]
    pub crossing: Duration,
    pub allocations: u64,
    pub received: u64,
    pub forwarded: u64,
    /// Bytes of the heap that the core has taken and not given back.
    pub held: i64,
    /// What is spent counts; before, the room only gets warm.
    #[serde(skip)]
    counts: bool,
}

impl Spent {
    /// From now on what is spent counts, or not. What is held stays so.
    pub fn begin(&mut self, counts: bool) {
        *self = Spent { counts, held: self.held, ..Spent::default() };
    }

    /// This and another core's.
    pub fn and(mut self, other: &Spent) -> Spent {
        self.input += other.input;
        self.output += other.output;
        self.timers += other.timers;
        self.feedback += other.feedback;
        self.crossing += other.crossing;
        self.allocations += other.allocations;
        self.received += other.received;
        self.forwarded += other.forwarded;
        self.held += other.held;
        self
    }

    pub fn together(&self) -> Duration {
        self.input + self.output + self.timers + self.feedback + self.crossing
    }
}

/// Does `work` in the core, and counts what it takes. Of `part` of what was spent only the time is told apart.
pub fn inside<T>(spent: &mut Spent, part: fn(&mut Spent) -> &mut Duration, work: impl FnOnce() -> T) -> T {
    if !spent.counts {
        return beside(spent, work);
    }
    let mut result = None;
    let began = Instant::now();
    let allocations = allocation_counter::measure(|| result = Some(inside_the_core(work)));
    *part(spent) += began.elapsed();
    spent.allocations += allocations.count_total;
    spent.held += allocations.bytes_current;
    result.expect("the work was done")
}

/// Does what takes from the core's heap or gives back to it, and is not to be counted otherwise.
pub fn beside<T>(spent: &mut Spent, work: impl FnOnce() -> T) -> T {
    let mut result = None;
    spent.held += allocation_counter::measure(|| result = Some(work())).bytes_current;
    result.expect("the work was done")
}

/// Only what runs in here is the core: callgrind knows it by this name.
#[inline(never)]
fn inside_the_core<T>(work: impl FnOnce() -> T) -> T {
    work()
}
