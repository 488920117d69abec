use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::conference::protocol::{Gathered, IceError, Transport};

fn blocked() -> TroubleReport {
    TroubleReport {
        gathered: BTreeSet::from([Gathered::HostUdp]),
        errors: Vec::new(),
        ice: IceState::Checking,
        dtls: DtlsState::New,
        answered: true,
        requests: Some(40),
        responses: Some(0),
        bytes_sent: 0,
        bytes_received: 0,
        encoded: false,
        decoded: false,
    }
}

const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));
const CONTAINER: IpAddr = IpAddr::V4(Ipv4Addr::new(172, 18, 0, 3));
const OTHERS: Shares = Shares { udp: 2, tcp: 7, relay: 0 };

fn evidence<'a>(report: &'a TroubleReport, reached: &[Reached], announced: &'a [IpAddr]) -> Evidence<'a> {
    let mut set = ReachedSet::default();
    for one in reached {
        set.add(*one);
    }
    Evidence {
        report,
        reached: set,
        shares: OTHERS,
        announced,
        port: Some(61_000),
        has_turn: false,
        is_near: false,
    }
}

#[test]
fn nothing_of_theirs_arrives_and_it_depends_on_what_else_is_known() {
    let report = blocked();
    let theirs = evidence(&report, &[], &[PUBLIC]);
    assert_eq!(theirs.cause(), Cause::UdpBlocked);
    let nobody = Evidence { shares: Shares { tcp: 7, ..Shares::default() }, ..theirs };
    assert_eq!(nobody.cause(), Cause::NothingArrived);
    assert_eq!(evidence(&report, &[], &[CONTAINER]).cause(), Cause::AnnouncedUnreachable);
    let near = Evidence { is_near: true, ..evidence(&report, &[], &[CONTAINER]) };
    assert_eq!(near.cause(), Cause::UdpBlocked, "others get through from there");
    assert_eq!(Evidence { shares: Shares::default(), ..near }.cause(), Cause::AnnouncedUnreachable);
    assert_eq!(evidence(&report, &[], &[CONTAINER, PUBLIC]).cause(), Cause::UdpBlocked);
    let silent = TroubleReport { gathered: BTreeSet::new(), ..blocked() };
    assert_eq!(evidence(&silent, &[], &[PUBLIC]).cause(), Cause::NoCandidates);
    let unanswered = TroubleReport { answered: false, ..blocked() };
    assert_eq!(evidence(&unanswered, &[], &[PUBLIC]).cause(), Cause::OfferUnanswered);
}

#[test]
fn a_turn_server_is_to_blame_only_if_it_was_to_help_and_did_not() {
    let error = |code| IceError { code, scheme: Scheme::Turn, transport: Transport::Udp };
    let of = |code| TroubleReport { errors: vec![error(code)], ..blocked() };
    for (code, cause) in [(401, Cause::TurnRefused), (701, Cause::TurnUnreachable)] {
        let report = of(code);
        let told = Evidence { has_turn: true, ..evidence(&report, &[], &[PUBLIC]) };
        assert_eq!(told.cause(), cause);
        assert_eq!(Evidence { has_turn: false, ..told }.cause(), Cause::UdpBlocked);
        let relayed = TroubleReport { gathered: BTreeSet::from([Gathered::RelayUdp]), ..of(code) };
        assert_eq!(Evidence { report: &relayed, ..told }.cause(), Cause::UdpBlocked);
    }
}

#[test]
fn what_arrived_says_how_far_they_came() {
    let report = blocked();
    assert_eq!(evidence(&report, &[Reached::Udp], &[PUBLIC]).cause(), Cause::AnswersLost);
    let uncounted = TroubleReport { requests: None, responses: None, ..blocked() };
    assert_eq!(evidence(&uncounted, &[Reached::Tcp], &[PUBLIC]).cause(), Cause::IceStuck);
    assert_eq!(evidence(&report, &[Reached::Udp, Reached::Handshake], &[PUBLIC]).cause(), Cause::DtlsStuck);
    let agreed = TroubleReport { ice: IceState::Connected, ..blocked() };
    assert_eq!(evidence(&agreed, &[Reached::Udp], &[PUBLIC]).cause(), Cause::DtlsStuck);
    let all = [Reached::Udp, Reached::Handshake, Reached::Connected, Reached::Media];
    assert_eq!(evidence(&report, &all, &[PUBLIC]).cause(), Cause::PathLost);
}

#[test]
fn the_operator_reads_what_the_server_saw() {
    let report = blocked();
    let saw = evidence(&report, &[], &[CONTAINER]).saw();
    for sentence in [
        "no packet of theirs arrived on UDP 61000",
        "7 of 9 people in the last hour use TCP",
        "the announced address 172.18.0.3 is a container's",
    ] {
        assert!(saw.iter().any(|said| said == sentence), "{sentence}: {saw:?}");
    }
}

#[test]
fn ranges_are_told_apart() {
    for (address, range) in [
        ("172.17.0.2", Range::Container),
        ("172.19.255.1", Range::Container),
        ("172.20.0.1", Range::Private),
        ("10.88.0.4", Range::Container),
        ("192.168.1.7", Range::Private),
        ("127.0.0.1", Range::Private),
        ("fd00::1", Range::Private),
        ("203.0.113.5", Range::Public),
        ("2001:db8::1", Range::Public),
    ] {
        assert_eq!(Range::of(address.parse().unwrap()), range, "{address}");
    }
}

proptest! {
    /// Nobody is told that nothing arrived when something did, or that they are blocked when they were connected.
    #[test]
    fn a_cause_never_contradicts_what_arrived(
        bits in 0_u8..32, gathers in any::<bool>(), answered in any::<bool>(), turn in any::<bool>(), near in any::<bool>(),
        udp in 0_u64..3, code in prop_oneof![Just(None), (400_u16..800).prop_map(Some)],
    ) {
        let all = [Reached::Udp, Reached::Tcp, Reached::Handshake, Reached::Connected, Reached::Media];
        let reached: Vec<Reached> = (0..5).filter(|bit| bits & (1 << bit) != 0).map(|bit| all[bit]).collect();
        let error = |code| IceError { code, scheme: Scheme::Turns, transport: Transport::Tcp };
        let gathered = gathers.then_some(Gathered::HostUdp).into_iter().collect();
        let report =
            TroubleReport { answered, gathered, errors: code.map(error).into_iter().collect(), ..blocked() };
        let shares = Shares { udp, ..Shares::default() };
        let facts = Evidence {
            has_turn: turn, is_near: near, shares, ..evidence(&report, &reached, &[CONTAINER])
        };
        let cause = facts.cause();
        let arrived = bits & 3 != 0;
        let nothing = [
            Cause::UdpBlocked, Cause::NothingArrived, Cause::AnnouncedUnreachable, Cause::NoCandidates,
            Cause::TurnRefused, Cause::TurnUnreachable,
        ];
        prop_assert!(!(arrived && nothing.contains(&cause)), "{cause:?} of {reached:?}");
        prop_assert_eq!(cause == Cause::PathLost, bits & 8 != 0);
        prop_assert!(turn || !matches!(cause, Cause::TurnRefused | Cause::TurnUnreachable));
        prop_assert!(!facts.saw().is_empty());
    }
}
