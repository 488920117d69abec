use proptest::prelude::*;

use super::*;

fn address(number: u16) -> ClientAddress {
    let [high, low] = number.to_be_bytes();
    ClientAddress::of([10, 0, high, low].into())
}

#[test]
fn an_address_has_its_own_bound_and_all_have_one_together() {
    let limits = Limits::default().with(Limit::RoomsPerAddress, 2).with(Limit::Rooms, 3);
    let mut ledger = Ledger::default();
    ledger.take(address(1), Resource::Rooms, 2);
    assert_eq!(
        ledger.check(address(1), Resource::Rooms, 1, &limits),
        Err(Over::Address(Limit::RoomsPerAddress))
    );
    assert_eq!(ledger.check(address(2), Resource::Rooms, 1, &limits), Ok(()));
    ledger.take(address(2), Resource::Rooms, 1);
    assert_eq!(ledger.check(address(2), Resource::Rooms, 1, &limits), Err(Over::Whole(Limit::Rooms)));
    assert_eq!(ledger.largest(Resource::Rooms), Some(address(1)));
}

#[test]
fn a_rate_is_its_address_and_is_forgotten_when_paid_for() {
    let limits = Limits::default().with(Limit::RoomsMadePerMinutePerAddress, 1);
    let (start, mut ledger) = (Instant::now(), Ledger::default());
    let made = |ledger: &mut Ledger, seconds, who| {
        ledger.spend(start + Duration::from_secs(seconds), address(who), Metered::RoomsMade, &limits)
    };
    assert_eq!([made(&mut ledger, 0, 1), made(&mut ledger, 0, 1)], [Ok(()), Ok(())]);
    let over = made(&mut ledger, 0, 1).unwrap_err();
    assert_eq!(
        over,
        Over::Rate(Limit::RoomsMadePerMinutePerAddress, start + Duration::from_secs(60)),
        "two at once, then one a minute"
    );
    assert_eq!(over.retry_after(start), 61);
    assert_eq!(made(&mut ledger, 0, 2), Ok(()), "another address has its own");
    ledger.forget_idle(start + Duration::from_secs(119));
    assert_eq!(ledger.len(), 1);
    ledger.forget_idle(start + Duration::from_secs(120));
    assert!(ledger.is_empty());
}

#[test]
fn a_hundred_thousand_addresses_cost_no_more_than_the_limit_and_newcomers_are_served() {
    let limits = Limits::default().with(Limit::LedgerAccounts, 1_000);
    let (now, mut ledger) = (Instant::now(), Ledger::default());
    ledger.take(address(0), Resource::Rooms, 1);
    for network in 0..100_000_u32 {
        let [_, a, b, c] = network.to_be_bytes();
        let ip = std::net::Ipv6Addr::from([0x20, 1, 0xd, 0xb8, 0, a, b, c, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(ledger.spend(now, ClientAddress::of(ip.into()), Metered::Joins, &limits), Ok(()));
    }
    assert_eq!(ledger.len(), 1_000);
    assert_eq!(ledger.held(address(0), Resource::Rooms), 1, "what is held is never forgotten");
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Take(usize),
    Give(usize),
    Spend,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..5_usize).prop_map(Step::Take),
        (0..5_usize).prop_map(Step::Give),
        Just(Step::Spend),
        (0..90_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    /// What is held, by address and in all, is what was taken minus what was given; whoever holds and owes nothing is gone.
    #[test]
    fn the_books_balance(steps in proptest::collection::vec((0..4_u16, step()), 0..200)) {
        let limits = Limits::default().with(Limit::LedgerAccounts, 3);
        let (mut now, mut ledger) = (Instant::now(), Ledger::default());
        let mut model = [0_usize; 4];
        for (who, step) in steps {
            let held = &mut model[usize::from(who)];
            match step {
                Step::Take(amount) => {
                    ledger.take(address(who), Resource::Rooms, amount);
                    *held += amount;
                }
                Step::Give(amount) => {
                    ledger.give(address(who), Resource::Rooms, amount);
                    *held -= amount.min(*held);
                }
                Step::Spend => {
                    let _ = ledger.spend(now, address(who), Metered::FailedJoins, &limits);
                }
                Step::Pass(seconds) => {
                    now += Duration::from_secs(seconds);
                    ledger.forget_idle(now);
                }
            }
            for (who, held) in (0..4).zip(model) {
                prop_assert_eq!(ledger.held(address(who), Resource::Rooms), held);
            }
            prop_assert_eq!(ledger.total(Resource::Rooms), model.iter().sum::<usize>());
            let holders = model.iter().filter(|held| **held > 0).count();
            prop_assert_eq!(ledger.free.len() + holders, ledger.len());
            prop_assert!(ledger.len() <= holders.max(3) + 1);
        }
        ledger.forget_idle(now + Duration::from_secs(3_600));
        prop_assert_eq!(ledger.len(), model.iter().filter(|held| **held > 0).count());
    }
}
