//! Which stream each slot of a subscriber shows: a pure function of what there is and what is wanted.
//!
//! Slots never move; their owners do, as rarely as possible. A voice never moves between audio slots while it is audible,
//! and is never in two.

use super::ids::StreamId;

/// A voice that a subscriber is to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hears {
    /// Whose.
    pub id: StreamId,
    /// It can be heard now.
    pub audible: bool,
    /// There is a picture to it, which may be shown at any moment.
    pub pictured: bool,
}

/// Gives each video slot an owner: the first of those who are `wanted`; everyone who has a slot and is among them keeps it. Of the
/// first `pairs` slots a picture takes that of its voice, if the voice has one of these `audio` slots already, and else one that
/// is nobody else's voice's, if there is one.
pub fn assign_video(
    slots: &mut [Option<StreamId>],
    audio: &[Option<StreamId>],
    pairs: usize,
    wanted: &[StreamId],
) {
    let wanted = wanted.get(..slots.len()).unwrap_or(wanted);
    for slot in slots.iter_mut() {
        *slot = slot.filter(|owner| wanted.contains(owner));
    }
    for id in wanted {
        if slots.contains(&Some(*id)) {
            continue;
        }
        let voice = audio.iter().take(pairs).position(|owner| *owner == Some(*id));
        if let Some(free) = voice.and_then(|index| slots.get_mut(index)).filter(|slot| slot.is_none()) {
            *free = Some(*id);
        }
    }
    for id in wanted {
        if slots.contains(&Some(*id)) {
            continue;
        }
        let dark = |index: &usize| slots.get(*index) == Some(&None);
        let heard = |index: &usize| *index < pairs && audio.get(*index).is_some_and(Option::is_some);
        let mut free = (0..slots.len()).filter(dark);
        let free = free.clone().find(|index| !heard(index)).or_else(|| free.next());
        if let Some(free) = free.and_then(|index| slots.get_mut(index)) {
            *free = Some(*id);
        }
    }
}

/// Gives everybody of `heard` an audio slot, as far as there are enough: the one of their pair if `video` shows them in the slot of
/// the same number of the first `pairs`; else, if there is a picture to them, one of a pair that shows nobody, where it will join
/// them; else one beyond the pairs, else one of a pair. A voice that can be heard stays in its slot.
pub fn assign_audio(
    slots: &mut [Option<StreamId>],
    video: &[Option<StreamId>],
    pairs: usize,
    heard: &[Hears],
) {
    let pairs = pairs.min(slots.len());
    let home = |id: StreamId| video.iter().take(pairs).position(|owner| *owner == Some(id));

    for (index, slot) in slots.iter_mut().enumerate() {
        *slot = slot.filter(|owner| {
            heard.iter().find(|voice| voice.id == *owner).is_some_and(|voice| {
                let waits = voice.pictured && video.get(index).is_none_or(Option::is_none);
                voice.audible || home(*owner).map_or(index >= pairs || waits, |home| home == index)
            })
        });
    }
    for voice in heard {
        if slots.contains(&Some(voice.id)) {
            continue;
        }
        if let Some(slot) = home(voice.id).and_then(|index| slots.get_mut(index))
            && slot.is_none()
        {
            *slot = Some(voice.id);
        }
    }
    for voice in heard {
        if slots.contains(&Some(voice.id)) {
            continue;
        }
        let dark = |index: &usize| video.get(*index).is_none_or(Option::is_none);
        let mut waiting =
            (0..pairs).filter(|index| voice.pictured && dark(index) && home(voice.id).is_none());
        if let Some(free) =
            waiting.find(|index| slots.get(*index) == Some(&None)).and_then(|index| slots.get_mut(index))
        {
            *free = Some(voice.id);
            continue;
        }
        let Some((paired, common)) = slots.split_at_mut_checked(pairs) else { return };
        if let Some(free) = common.iter_mut().chain(paired).find(|slot| slot.is_none()) {
            *free = Some(voice.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ids::{PeerId, Stream};
    use proptest::prelude::*;

    fn id(n: u64) -> StreamId {
        StreamId { peer: PeerId(n), stream: Stream::Camera }
    }

    fn silent(n: u64) -> Hears {
        Hears { id: id(n), audible: false, pictured: false }
    }

    fn speaking(n: u64) -> Hears {
        Hears { id: id(n), audible: true, pictured: false }
    }

    #[test]
    fn people_fill_pairs_in_order_and_keep_them_when_somebody_leaves() {
        let mut video = vec![None; 5];
        assign_video(&mut video, &[], 5, &[1, 2, 3, 4].map(id));
        assert_eq!(video, [Some(id(1)), Some(id(2)), Some(id(3)), Some(id(4)), None]);
        assign_video(&mut video, &[], 5, &[2, 4, 5, 6].map(id));
        assert_eq!(video, [Some(id(5)), Some(id(2)), Some(id(6)), Some(id(4)), None]);
        let mut audio = vec![None; 8];
        assign_audio(&mut audio, &video, 5, &[2, 4, 5, 6].map(silent));
        assert_eq!(audio[..5], video[..], "sound is beside its picture");
    }

    #[test]
    fn a_voice_stays_in_its_slot_while_audible_and_goes_home_when_silent() {
        let video = vec![Some(id(2)), None];
        let mut audio = vec![Some(id(1)), None, None];
        assign_audio(&mut audio, &video, 2, &[speaking(1), speaking(2)]);
        assert_eq!(audio, [Some(id(1)), None, Some(id(2))]);
        assign_audio(&mut audio, &video, 2, &[silent(1), speaking(2)]);
        assert_eq!(audio, [Some(id(1)), None, Some(id(2))], "2 is audible: not moved; 1 keeps its place");
        assign_audio(&mut audio, &video, 2, &[silent(1), silent(2)]);
        assert_eq!(audio, [Some(id(2)), None, Some(id(1))]);
    }

    #[test]
    fn a_voice_that_came_before_its_picture_is_shown_is_where_the_picture_will_be() {
        let pictured = |n| Hears { id: id(n), audible: true, pictured: true };
        let (mut video, mut audio) = (vec![None; 3], vec![None; 5]);
        assign_audio(&mut audio, &video, 3, &[pictured(7), speaking(8), pictured(9)]);
        assert_eq!(
            audio,
            [Some(id(7)), Some(id(9)), None, Some(id(8)), None],
            "8 has no picture to wait for"
        );
        assign_video(&mut video, &audio, 3, &[5, 9, 7].map(id));
        assert_eq!(video, [Some(id(7)), Some(id(9)), Some(id(5))]);
        let before = audio.clone();
        assign_audio(&mut audio, &video, 3, &[pictured(7), speaking(8), pictured(9)]);
        assert_eq!(audio, before);
        // What has a voice beyond the pairs is taken as it comes.
        let mut many = vec![None; 6];
        assign_video(&mut many, &audio, 3, &[1, 2, 3, 4, 5].map(id));
        assert_eq!(many, [Some(id(5)), None, Some(id(1)), Some(id(2)), Some(id(3)), Some(id(4))]);
        // A page that shows nobody for a while leaves every voice where it is.
        assign_video(&mut video, &audio, 3, &[]);
        assign_audio(
            &mut audio,
            &video,
            3,
            &[pictured(7), speaking(8), Hears { audible: false, ..pictured(9) }],
        );
        assert_eq!(audio, before);
    }

    #[test]
    fn who_is_not_heard_any_more_makes_room_and_nobody_else_moves() {
        let mut audio = vec![Some(id(1)), Some(id(2)), Some(id(3))];
        assign_audio(&mut audio, &[None, None], 2, &[speaking(1), speaking(3), speaking(4)]);
        assert_eq!(audio, [Some(id(1)), Some(id(4)), Some(id(3))]);
    }

    proptest! {
        /// No voice is in two slots, no audible voice changes slots, and exactly those have one who are to be heard.
        #[test]
        fn voices_are_never_doubled_and_never_move(
            rounds in prop::collection::vec(
                (prop::collection::vec((0u64..14, any::<bool>(), any::<bool>()), 0..9), 0u64..14, 0usize..8), 1..20),
        ) {
            let mut video = vec![None; 5];
            let mut audio = vec![None; 8];
            let mut before: Vec<Option<StreamId>> = audio.clone();
            for (people, turn, shown) in rounds {
                let mut heard: Vec<Hears> = Vec::new();
                for (n, audible, pictured) in people {
                    if heard.len() < audio.len() && heard.iter().all(|known| known.id != id(n)) {
                        heard.push(Hears { id: id(n), audible, pictured });
                    }
                }
                let wanted: Vec<StreamId> = (turn..turn + shown as u64).map(|n| id(n % 14)).collect();
                assign_video(&mut video, &audio, 5, &wanted);
                assign_audio(&mut audio, &video, 5, &heard);
                let mut owners: Vec<StreamId> = audio.iter().flatten().copied().collect();
                let mut wanted: Vec<StreamId> = heard.iter().map(|voice| voice.id).collect();
                owners.sort_unstable();
                wanted.sort_unstable();
                prop_assert_eq!(owners, wanted);
                for voice in heard.iter().filter(|voice| voice.audible) {
                    let place = |slots: &[Option<StreamId>]| slots.iter().position(|owner| *owner == Some(voice.id));
                    prop_assert!(place(&before).is_none_or(|was| place(&audio) == Some(was)), "an audible voice moved");
                }
                before.clone_from(&audio);
            }
        }
    }
}
