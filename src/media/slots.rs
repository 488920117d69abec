//! Which stream each slot of a subscriber shows: a pure function of what there is and what is wanted.
//!
//! Slots never move; their owners do, as rarely as possible. A voice never moves between audio slots while it is audible,
//! and is never in two.

use super::ids::StreamId;

/// A voice that is louder by this many dB takes the slot of the quietest one when all slots are in use.
const LOUDER_DB: f32 = 6.0;

/// One stream a subscriber could be shown, in the order of importance.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// Whose, and which.
    pub id: StreamId,
    /// It has a picture.
    pub video: bool,
    /// It has sound.
    pub audio: bool,
    /// Its voice can be heard now.
    pub audible: bool,
    /// Loudness in dB below full scale.
    pub below_full_scale: f32,
}

/// Gives each video slot an owner: the first candidates, everyone who has a slot and is among them keeps it.
pub fn assign_video(slots: &mut [Option<StreamId>], candidates: &[Candidate]) {
    let wanted = || candidates.iter().filter(|candidate| candidate.video).take(slots.len());
    let wanted: Vec<StreamId> = wanted().map(|candidate| candidate.id).collect();
    for slot in slots.iter_mut() {
        *slot = slot.filter(|owner| wanted.contains(owner));
    }
    for id in wanted {
        if slots.contains(&Some(id)) {
            continue;
        }
        if let Some(free) = slots.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(id);
        }
    }
}

/// Gives each audio slot an owner. The first `pairs` slots belong to whoever `video` shows in the slot of the same
/// number; the others, and those of a pair that nobody uses, go to the loudest of the rest.
pub fn assign_audio(
    slots: &mut [Option<StreamId>],
    video: &[Option<StreamId>],
    pairs: usize,
    candidates: &[Candidate],
) {
    let pairs = pairs.min(slots.len());
    let voices: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.audio).collect();
    let find = |id: StreamId| voices.iter().find(|candidate| candidate.id == id).copied();
    let home = |id: StreamId| video.iter().take(pairs).position(|owner| *owner == Some(id));

    for (index, slot) in slots.iter_mut().enumerate() {
        *slot = slot.filter(|owner| {
            find(*owner).is_some_and(|voice| {
                let at_home = home(*owner).is_none_or(|home| home == index);
                voice.audible || (at_home && (index >= pairs || home(*owner).is_some()))
            })
        });
    }
    for voice in &voices {
        if slots.contains(&Some(voice.id)) {
            continue;
        }
        if let Some(slot) = home(voice.id).and_then(|index| slots.get_mut(index))
            && slot.is_none()
        {
            *slot = Some(voice.id);
        }
    }
    let mut rest: Vec<&Candidate> =
        voices.iter().copied().filter(|voice| !slots.contains(&Some(voice.id))).collect();
    rest.sort_by(|a, b| {
        b.audible.cmp(&a.audible).then(if a.audible {
            a.below_full_scale.total_cmp(&b.below_full_scale)
        } else {
            std::cmp::Ordering::Equal
        })
    });
    for voice in rest {
        give_any_slot(slots, pairs, voice, &find);
    }
}

/// A slot for somebody who is in no pair: a free one, best a common one; else that of the quietest, if it is worth it.
fn give_any_slot<'a>(
    slots: &mut [Option<StreamId>],
    pairs: usize,
    voice: &Candidate,
    find: &impl Fn(StreamId) -> Option<&'a Candidate>,
) {
    let Some((paired, common)) = slots.split_at_mut_checked(pairs) else { return };
    if let Some(free) = common.iter_mut().chain(paired).find(|slot| slot.is_none()) {
        *free = Some(voice.id);
        return;
    }
    if !voice.audible {
        return;
    }
    // How loud a slot's owner is, as dB below full scale: someone silent is infinitely far below.
    let owner_level = |slot: &Option<StreamId>| match slot.and_then(find) {
        Some(owner) if owner.audible => owner.below_full_scale,
        _ => f32::INFINITY,
    };
    let quietest = slots.iter_mut().max_by(|a, b| owner_level(a).total_cmp(&owner_level(b)));
    if let Some(slot) = quietest
        && owner_level(slot) >= voice.below_full_scale + LOUDER_DB
    {
        *slot = Some(voice.id);
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

    fn person(n: u64) -> Candidate {
        Candidate { id: id(n), video: true, audio: true, audible: false, below_full_scale: 127.0 }
    }

    fn speaking(n: u64, below_full_scale: f32) -> Candidate {
        Candidate { audible: true, below_full_scale, ..person(n) }
    }

    #[test]
    fn people_fill_pairs_in_order_and_keep_them_when_somebody_leaves() {
        let mut video = vec![None; 5];
        let everyone: Vec<_> = (1..=4).map(person).collect();
        assign_video(&mut video, &everyone);
        assert_eq!(video, [Some(id(1)), Some(id(2)), Some(id(3)), Some(id(4)), None]);
        let some: Vec<_> = [2, 4, 5, 6].map(person).to_vec();
        assign_video(&mut video, &some);
        assert_eq!(video, [Some(id(5)), Some(id(2)), Some(id(6)), Some(id(4)), None]);
        let mut audio = vec![None; 8];
        assign_audio(&mut audio, &video, 5, &some);
        assert_eq!(audio[..5], video[..], "sound is beside its picture");
    }

    #[test]
    fn a_voice_stays_in_its_slot_while_audible_and_goes_home_when_silent() {
        let video = vec![Some(id(2)), None];
        let mut audio = vec![Some(id(1)), None, None];
        assign_audio(&mut audio, &video, 2, &[speaking(1, 30.0), speaking(2, 30.0)]);
        assert_eq!(audio, [Some(id(1)), None, Some(id(2))]);
        assign_audio(&mut audio, &video, 2, &[person(1), speaking(2, 30.0)]);
        assert_eq!(audio, [Some(id(1)), None, Some(id(2))], "2 is audible: not moved; 1 keeps its place");
        assign_audio(&mut audio, &video, 2, &[person(1), person(2)]);
        assert_eq!(audio, [Some(id(2)), None, Some(id(1))]);
    }

    #[test]
    fn without_a_pair_the_loudest_are_heard() {
        let mut audio = vec![None; 2];
        let quiet = [person(1), person(2), speaking(3, 40.0)];
        assign_audio(&mut audio, &[], 0, &quiet);
        assert_eq!(audio, [Some(id(3)), Some(id(1))]);
        assign_audio(&mut audio, &[], 0, &[person(1), speaking(2, 45.0), speaking(3, 40.0)]);
        assert_eq!(audio, [Some(id(3)), Some(id(2))], "a speaker takes a silent one's slot");
        let loud = [speaking(1, 20.0), speaking(2, 45.0), speaking(3, 40.0)];
        assign_audio(&mut audio, &[], 0, &loud);
        assert_eq!(audio, [Some(id(3)), Some(id(1))], "far louder takes the quietest one's");
    }

    #[test]
    fn nobody_who_speaks_is_unheard_while_a_pair_is_free_or_silent() {
        let mut audio = vec![None, Some(id(1)), Some(id(2))];
        let video = vec![None, Some(id(1))];
        let everyone = [person(1), speaking(2, 30.0), speaking(3, 30.0), speaking(4, 30.0)];
        assign_audio(&mut audio, &video, 2, &everyone[..3]);
        assert_eq!(audio, [Some(id(3)), Some(id(1)), Some(id(2))], "a free pair");
        assign_audio(&mut audio, &video, 2, &everyone);
        assert_eq!(audio, [Some(id(3)), Some(id(4)), Some(id(2))], "a silent one's place");
    }

    proptest! {
        /// No voice is in two slots, no audible voice changes slots, and nobody has a slot who is not there.
        #[test]
        fn voices_are_never_doubled_and_never_move(
            rounds in prop::collection::vec(
                (prop::collection::vec((any::<bool>(), 0u8..80), 0..12), 0usize..12), 1..20),
        ) {
            let mut video = vec![None; 5];
            let mut audio = vec![None; 8];
            let mut before: Vec<Option<StreamId>> = audio.clone();
            for (people, turn) in rounds {
                let mut candidates: Vec<Candidate> = people.iter().enumerate().map(|(n, (audible, level))| Candidate {
                    audible: *audible, below_full_scale: f32::from(*level), ..person(n as u64)
                }).collect();
                if !candidates.is_empty() {
                    let turn = turn % candidates.len();
                    candidates.rotate_left(turn);
                }
                assign_video(&mut video, &candidates);
                assign_audio(&mut audio, &video, 5, &candidates);
                for (at, owner) in audio.iter().enumerate() {
                    let Some(owner) = owner else { continue };
                    let candidate = candidates.iter().find(|c| c.id == *owner);
                    prop_assert!(candidate.is_some(), "an owner who left");
                    prop_assert_eq!(audio.iter().filter(|other| **other == Some(*owner)).count(), 1);
                    if candidate.is_some_and(|c| c.audible) {
                        let was = before.iter().position(|other| *other == Some(*owner));
                        prop_assert!(was.is_none_or(|was| was == at), "an audible voice moved");
                    }
                }
                before.clone_from(&audio);
            }
        }
    }
}
