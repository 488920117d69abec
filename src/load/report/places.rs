//! Where people are, and what they get there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Place, Sum, Totals};
use crate::load::person::Person;
use crate::media::ids::Kind;

/// What is added up by where people are.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The address of each person, by number.
    homes: BTreeMap<usize, SocketAddr>,
    places: BTreeMap<SocketAddr, (Place, Sum, Sum)>,
}

impl Places {
    /// Where those are who are there, if that is `wanted`.
    pub(super) fn of(people: &[Person], wanted: bool) -> Places {
        let mut all = Places::default();
        for person in people.iter().filter(|person| wanted && !person.is_away) {
            let Some(address) = person.server() else { continue };
            all.homes.insert(person.number, address);
            let empty = || {
                let (video, audio) = (Totals::default(), Totals::default());
                (Place { address, people: 0, publishers: 0, video, audio }, Sum::default(), Sum::default())
            };
            let (place, ..) = all.places.entry(address).or_insert_with(empty);
            place.people += 1;
            place.publishers += usize::from(!person.media.tracks().is_empty());
        }
        all
    }

    /// What person `number` got of one publication.
    pub(super) fn add(&mut self, number: usize, kind: Kind, one: &Sum) {
        let place = self.homes.get(&number).and_then(|address| self.places.get_mut(address));
        if let Some((_, video, audio)) = place {
            match kind {
                Kind::Video => video.merge(one),
                Kind::Audio => audio.merge(one),
            }
        }
    }

    /// What all of each place got in this time.
    pub(super) fn told(self, time: Duration) -> Vec<Place> {
        let told = |(place, video, audio): (Place, Sum, Sum)| Place {
            video: video.totals(time),
            audio: audio.totals(time),
            ..place
        };
        self.places.into_values().map(told).collect()
    }
}
