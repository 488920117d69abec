//! What follows from how a call went: whether the way is good, broken, or only not to be had from here. Pure.

use std::time::Duration;

/// How far a call has to come. What comes first is to be there first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// The server lets nobody in now, for a reason that is no fault of the way: it is full, or it ends.
    Declined,
    /// TCP, TLS, HTTP and the messages of the protocol.
    Signaling,
    /// The TURN server: nothing comes from it.
    Relay,
    /// The TURN server: it gives no address, or does not let us send to the server.
    Allocation,
    /// ICE: something comes back from the address.
    Path,
    /// The DTLS handshake.
    Handshake,
    /// Sound of the other one.
    Media,
}

impl Step {
    /// What the log calls it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Step::Declined => "the door",
            Step::Signaling => "signaling",
            Step::Relay => "the TURN server",
            Step::Allocation => "the relayed address",
            Step::Path => "ICE",
            Step::Handshake => "DTLS",
            Step::Media => "media",
        }
    }
}

/// How a call went that came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Good {
    /// From the first socket until both had heard the other.
    pub join: Duration,
    /// From one to the other through the server: once there and back.
    pub round_trip: Duration,
}

/// Why a call did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// How far it came.
    pub step: Step,
    /// What is known of it.
    pub why: String,
}

impl Failure {
    pub(super) fn new(step: Step, why: impl Into<String>) -> Failure {
        Failure { step, why: why.into() }
    }
}

/// What came of a call.
pub(super) type Attempt = Result<Good, Failure>;

/// What is thought of one way to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// People come in by it.
    Good(Good),
    /// It does not lead there from this machine; whether it does from elsewhere cannot be told here.
    Unreachable(String),
    /// It is broken.
    Broken(String),
}

/// Judges a call to an announced address, beside one to the address behind it, if that is another one and was asked.
pub(super) fn direct(announced: Attempt, local: Option<&Attempt>) -> Option<Verdict> {
    match (announced, local) {
        (Ok(good), _) => Some(Verdict::Good(good)),
        (Err(failure), Some(Err(there))) if wants_comparison(&failure) => Some(match there.step {
            Step::Declined => return None,
            _ => Verdict::Broken(format!("{}; nor does it work at the address behind it", said(there))),
        }),
        (Err(failure), Some(Ok(_))) if wants_comparison(&failure) => Some(Verdict::Unreachable(format!(
            "{}, but all is well at the address behind it: a translation that does not lead back in, a container, or a firewall",
            said(&failure)
        ))),
        (Err(failure), _) => alone(&failure),
    }
}

/// Whether it matters how the address behind the announced one does: nothing came back from the announced one.
pub(super) fn wants_comparison(failure: &Failure) -> bool {
    failure.step == Step::Path
}

/// What is known beside a call by a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Around {
    /// The TURN server is at an address that cannot be had from here, as was seen just now.
    pub relay_unreachable: bool,
    /// The server's address, which the relay is to send to, cannot be had from here, and the TURN server is as near to it as we
    /// are.
    pub server_unreachable: bool,
}

/// Judges a call by a relay.
pub(super) fn relayed(attempt: Attempt, around: Around) -> Option<Verdict> {
    let failure = match attempt {
        Ok(good) => return Some(Verdict::Good(good)),
        Err(failure) => failure,
    };
    let elsewhere = match failure.step {
        Step::Relay => around.relay_unreachable,
        Step::Path => around.server_unreachable,
        _ => false,
    };
    if elsewhere {
        return Some(Verdict::Unreachable(format!(
            "{}, at an address that does not lead back in from here",
            said(&failure)
        )));
    }
    alone(&failure)
}

fn alone(failure: &Failure) -> Option<Verdict> {
    (failure.step != Step::Declined).then(|| Verdict::Broken(said(failure)))
}

fn said(failure: &Failure) -> String {
    format!("{}: {}", failure.step.word(), failure.why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Good = Good { join: Duration::from_millis(90), round_trip: Duration::from_millis(1) };

    fn fails(step: Step) -> Attempt {
        Err(Failure::new(step, "no answer"))
    }

    fn is_broken(verdict: Option<&Verdict>) -> bool {
        matches!(verdict, Some(Verdict::Broken(_)))
    }

    fn is_unreachable(verdict: Option<&Verdict>) -> bool {
        matches!(verdict, Some(Verdict::Unreachable(_)))
    }

    #[test]
    fn what_cannot_be_reached_from_inside_is_told_apart_from_what_is_broken() {
        assert_eq!(direct(Ok(GOOD), None), Some(Verdict::Good(GOOD)));
        assert!(is_unreachable(direct(fails(Step::Path), Some(&Ok(GOOD))).as_ref()));
        for local in [Step::Signaling, Step::Path, Step::Handshake, Step::Media] {
            assert!(is_broken(direct(fails(Step::Path), Some(&fails(local))).as_ref()), "{local:?}");
        }
        assert!(is_broken(direct(fails(Step::Path), None).as_ref()), "its own address leads nowhere");
    }

    #[test]
    fn what_answers_and_fails_then_is_broken_whatever_works_elsewhere() {
        for step in [Step::Signaling, Step::Handshake, Step::Media] {
            assert!(is_broken(direct(fails(step), Some(&Ok(GOOD))).as_ref()), "{step:?}");
            assert!(!wants_comparison(&Failure::new(step, "")), "{step:?}");
        }
    }

    #[test]
    fn who_is_not_let_in_says_nothing_about_the_way() {
        assert_eq!(direct(fails(Step::Declined), None), None);
        assert_eq!(direct(fails(Step::Path), Some(&fails(Step::Declined))), None);
        let around = Around { relay_unreachable: true, server_unreachable: true };
        assert_eq!(relayed(fails(Step::Declined), around), None);
    }

    #[test]
    fn a_silent_relay_is_broken_unless_its_address_does_not_lead_back_in() {
        let around = |relay_unreachable, server_unreachable| Around { relay_unreachable, server_unreachable };
        assert!(is_broken(relayed(fails(Step::Relay), around(false, true)).as_ref()));
        assert!(is_unreachable(relayed(fails(Step::Relay), around(true, false)).as_ref()));
        assert!(is_broken(relayed(fails(Step::Path), around(true, false)).as_ref()));
        assert!(is_unreachable(relayed(fails(Step::Path), around(false, true)).as_ref()));
        for step in [Step::Signaling, Step::Allocation, Step::Handshake, Step::Media] {
            assert!(is_broken(relayed(fails(step), around(true, true)).as_ref()), "{step:?}");
        }
        assert_eq!(relayed(Ok(GOOD), around(true, true)), Some(Verdict::Good(GOOD)));
    }
}
