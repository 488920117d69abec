//! How far people come on their way into a call, and where those are lost who do not arrive. Pure.
//!
//! ```text
//!   socket ──> joined ──> offer ──> ice ──> dtls ──> frame sent ──> frame shown
//!      └──────────┴─────────┴────────┴───────┴──────────┴──> lost (by cause), or settled (nothing to show)
//! ```
//!
//! Whoever is on the way is an [`Attempt`], and it ends once: shown, lost or settled. So of each step, those who reached it are those who
//! reached the next one, those who were lost or settled there, and those who are there now.

use std::collections::BTreeMap;

use super::protocol::Cause;

/// A step of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A signaling socket was opened, or is used again.
    Socket,
    /// They are in a room.
    Joined,
    /// Their page offered a connection.
    Offer,
    /// A packet of theirs arrived, with the password of their connection.
    Ice,
    /// There are keys: media may pass.
    Dtls,
    /// A picture began to leave for them.
    Sent,
    /// Their page has shown one.
    Shown,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Step; 7] =
        [Step::Socket, Step::Joined, Step::Offer, Step::Ice, Step::Dtls, Step::Sent, Step::Shown];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Step::Socket => "socket",
            Step::Joined => "joined",
            Step::Offer => "offer",
            Step::Ice => "ice",
            Step::Dtls => "dtls",
            Step::Sent => "frame-sent",
            Step::Shown => "frame-shown",
        }
    }

    fn next(self) -> Option<Step> {
        Step::ALL.into_iter().find(|step| *step > self)
    }
}

/// Why somebody goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// They went away.
    Left,
    /// Their socket is gone, and they did not come back.
    SocketGone,
    /// The server closed their socket.
    SocketClosed,
    /// They were not let in.
    TurnedAway,
    /// There was something to show, and nothing of it left for them.
    NothingSent,
    /// Something left for them, and their page did not say that it was shown.
    NotShown,
    /// Their page reported a trouble, and they went away.
    Trouble(Cause),
}

impl Loss {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Loss::Left => "left",
            Loss::SocketGone => "socket-gone",
            Loss::SocketClosed => "socket-closed",
            Loss::TurnedAway => "turned-away",
            Loss::NothingSent => "nothing-sent",
            Loss::NotShown => "not-shown",
            Loss::Trouble(cause) => cause.word(),
        }
    }
}

/// What becomes of somebody who arrived and sees nobody, through no fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Settled {
    /// They are alone in the room.
    Alone,
    /// Nobody shows anything, or they want to see nothing.
    NothingToShow,
    /// Pictures go from browser to browser.
    Direct,
    /// They came back as who they were: that attempt goes on.
    CameBack,
}

impl Settled {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Settled::Alone => "alone",
            Settled::NothingToShow => "nothing-to-show",
            Settled::Direct => "direct",
            Settled::CameBack => "came-back",
        }
    }
}

/// Somebody on the way.
#[derive(Debug, PartialEq, Eq)]
pub struct Attempt {
    at: Step,
    /// What was found when they reported a trouble.
    cause: Option<Cause>,
}

impl Attempt {
    /// How far they came.
    #[must_use]
    pub fn at(&self) -> Step {
        self.at
    }

    /// What is to blame if they are lost from now on.
    pub fn blame(&mut self, cause: Cause) {
        self.cause = Some(cause);
    }
}

/// All who ever were on the way, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Pages of rooms that were sent to browsers. Whose socket follows which is not known.
    pub pages: u64,
    reached: BTreeMap<Step, u64>,
    lost: BTreeMap<(Step, Loss), u64>,
    settled: BTreeMap<(Step, Settled), u64>,
    on_way: BTreeMap<Step, u64>,
}

impl Funnel {
    /// Somebody begins.
    #[must_use]
    pub fn begin(&mut self) -> Option<Attempt> {
        self.arrive(Step::Socket);
        Some(Attempt { at: Step::Socket, cause: None })
    }

    /// Somebody came as far as `to`, if not further. What is left of the attempt is in its place: nothing once they see somebody.
    pub fn advance(&mut self, attempt: &mut Option<Attempt>, to: Step) {
        let Some(on_way) = attempt else { return };
        while on_way.at < to
            && let Some(next) = on_way.at.next()
        {
            self.depart(on_way.at);
            self.arrive(next);
            on_way.at = next;
            // They got through after all.
            on_way.cause = on_way.cause.filter(|_| next < Step::Dtls);
        }
        if on_way.at == Step::Shown {
            self.depart(Step::Shown);
            *attempt = None;
        }
    }

    /// Somebody goes no further. What they reported says why, if they reported something.
    pub fn lose(&mut self, attempt: &mut Option<Attempt>, loss: Loss) {
        let Some(Attempt { at, cause }) = attempt.take() else { return };
        self.depart(at);
        *self.lost.entry((at, cause.map_or(loss, Loss::Trouble))).or_default() += 1;
    }

    /// Somebody arrived, and has nothing to see.
    pub fn settle(&mut self, attempt: &mut Option<Attempt>, settled: Settled) {
        let Some(Attempt { at, .. }) = attempt.take() else { return };
        self.depart(at);
        *self.settled.entry((at, settled)).or_default() += 1;
    }

    /// How many reached a step.
    #[must_use]
    pub fn reached(&self, step: Step) -> u64 {
        self.reached.get(&step).copied().unwrap_or(0)
    }

    /// How many are there now.
    #[must_use]
    pub fn on_way(&self, step: Step) -> u64 {
        self.on_way.get(&step).copied().unwrap_or(0)
    }

    /// Where whom was lost, why, and how many.
    pub fn lost(&self) -> impl Iterator<Item = (Step, Loss, u64)> {
        self.lost.iter().map(|((step, loss), count)| (*step, *loss, *count))
    }

    /// Where who settled, as what, and how many.
    pub fn settled(&self) -> impl Iterator<Item = (Step, Settled, u64)> {
        self.settled.iter().map(|((step, settled), count)| (*step, *settled, *count))
    }

    fn arrive(&mut self, step: Step) {
        *self.reached.entry(step).or_default() += 1;
        *self.on_way.entry(step).or_default() += 1;
    }

    fn depart(&mut self, step: Step) {
        if let Some(count) = self.on_way.get_mut(&step) {
            *count = count.saturating_sub(1);
        }
    }

    /// Whether of each step those who reached it are where they can be.
    #[cfg(test)]
    pub(super) fn adds_up(&self) -> bool {
        Step::ALL.into_iter().all(|step| {
            let next = step.next().map_or(0, |next| self.reached(next));
            let lost: u64 = self.lost().filter(|(at, ..)| *at == step).map(|(.., count)| count).sum();
            let settled: u64 = self.settled().filter(|(at, ..)| *at == step).map(|(.., count)| count).sum();
            let accounted = next + lost + settled + self.on_way(step);
            step == Step::Shown || self.reached(step) == accounted
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_happens_it_adds_up(happenings in proptest::collection::vec((0_usize..8, 0_usize..11), 0..400)) {
            let mut funnel = Funnel::default();
            let mut people: Vec<Option<Attempt>> = (0..8).map(|_| None).collect();
            for (who, what) in happenings {
                let attempt = &mut people[who];
                match what {
                    0 if attempt.is_none() => *attempt = funnel.begin(),
                    1..=6 => funnel.advance(attempt, Step::ALL[what]),
                    7 => funnel.lose(attempt, Loss::Left),
                    8 => funnel.settle(attempt, Settled::Alone),
                    9 => attempt.iter_mut().for_each(|attempt| attempt.blame(Cause::UdpBlocked)),
                    _ => {}
                }
                prop_assert!(funnel.adds_up(), "{funnel:?}");
                let on_way: u64 = Step::ALL.into_iter().map(|step| funnel.on_way(step)).sum();
                prop_assert_eq!(on_way, people.iter().flatten().count() as u64);
            }
        }
    }

    #[test]
    fn what_was_reported_is_to_blame_until_they_get_through() {
        let mut funnel = Funnel::default();
        let [mut ann, mut bob] = [funnel.begin(), funnel.begin()];
        for attempt in [&mut ann, &mut bob] {
            funnel.advance(attempt, Step::Offer);
            attempt.as_mut().unwrap().blame(Cause::UdpBlocked);
        }
        funnel.lose(&mut ann, Loss::Left);
        funnel.advance(&mut bob, Step::Dtls);
        funnel.lose(&mut bob, Loss::Left);
        let lost: Vec<_> = funnel.lost().collect();
        assert_eq!(lost, [(Step::Offer, Loss::Trouble(Cause::UdpBlocked), 1), (Step::Dtls, Loss::Left, 1)]);
    }
}
