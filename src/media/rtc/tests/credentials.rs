//! Our ICE credentials are ours at every offer, and a client that restarts ICE goes on with the new ones.

use std::collections::BTreeSet;

use str0m::media::Direction;

use super::client::{Call, VP8, VP8_DELTA, VP8_KEY, config, ms};

/// What an answer says on its lines that begin so.
fn values<'a>(answer: &'a str, line: &str) -> BTreeSet<&'a str> {
    answer.lines().filter_map(|it| it.strip_prefix(line)).collect()
}

/// The credentials an answer names, the same on each m-line.
fn named(answer: &str) -> (&str, &str) {
    let one = |line: &str| {
        let values = values(answer, line);
        assert_eq!(values.len(), 1, "{line} {values:?}");
        values.into_iter().next().expect("one")
    };
    let of_candidates = answer.lines().filter_map(|line| line.split_once(" ufrag "));
    assert_eq!(of_candidates.count(), 0, "candidates go by the name of their m-line");
    (one("a=ice-ufrag:"), one("a=ice-pwd:"))
}

#[test]
fn after_every_ice_restart_the_credentials_are_new_and_ours_and_media_goes_on() {
    let mut call = Call::new(config(&[]), &[]);
    let first = call.connection.ufrag().to_owned();
    let mut seen = BTreeSet::from([first.clone()]);
    let mut seq = 10;
    for _ in 0..3 {
        let answer = call.offer_again(|changes| drop(changes.ice_restart(true)));
        let (name, password) = named(&answer);
        assert_eq!(name, call.connection.ufrag());
        assert!(
            name.starts_with("00000000") && name.len() == 24 && password.len() == 48,
            "{name} {password}"
        );
        assert!(seen.insert(name.to_owned()) && seen.insert(password.to_owned()), "as before");
        call.run(ms(1_000));
        assert!(call.client.is_connected(), "the client's checks are answered");
        for payload in [VP8_KEY, VP8_DELTA] {
            call.send(None, VP8, seq, &payload);
            assert_eq!(call.packets().len(), 1, "what the client sends arrives");
            seq += 1;
        }
        // Another offer that is no restart leaves them as they are.
        let (name, password) = (name.to_owned(), password.to_owned());
        let video = call.video_slot;
        let again = call.offer_again(|changes| changes.set_direction(video, Direction::Inactive));
        assert_eq!(named(&again), (name.as_str(), password.as_str()));
        call.offer_again(|changes| changes.set_direction(video, Direction::RecvOnly));
        assert_eq!(call.ended, None);
    }
}
