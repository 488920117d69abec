//! What a browser sends of its layers when the uplink does not hold all of them: small ones first, and none of a layer
//! that could not be looked at.

/// The part of its rate below which a layer above the lowest is not sent. libwebrtc's limits are a third to a half.
const LEAST: f64 = 0.4;

/// A layer that was dropped comes back when there is so much more than the least of it.
const MARGIN: f64 = 1.25;

/// Of what the uplink is thought to hold, sound and headers take so much.
const BESIDES: u64 = 60_000;

/// Bits a second for each layer, the lowest first, of an uplink that holds `estimate`. `wanted` says what each would take
/// and whether it is sent now. The lowest is always sent.
pub fn shares(estimate: u64, wanted: &[(u64, bool)]) -> Vec<u64> {
    let mut left = estimate.saturating_sub(BESIDES);
    let mut starved = false;
    let mut lowest = true;
    let mut shares = Vec::new();
    for (most, sent) in wanted {
        let least = *most as f64 * LEAST * if *sent { 1.0 } else { MARGIN };
        starved |= !lowest && left < least as u64;
        let share = if starved { 0 } else { left.min(*most) };
        // However narrow it is, something of the smallest picture is sent.
        let share = if lowest { share.max(most / 5) } else { share };
        lowest &= *most == 0;
        left = left.saturating_sub(share);
        shares.push(share);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(u64, bool); 3] = [(150_000, true), (900_000, true), (1_500_000, true)];

    #[test]
    fn a_starved_uplink_loses_its_largest_picture_first_and_its_smallest_never() {
        assert_eq!(shares(3_000_000, &ALL), [150_000, 900_000, 1_500_000]);
        assert_eq!(shares(1_900_000, &ALL), [150_000, 900_000, 790_000]);
        assert_eq!(shares(1_500_000, &ALL), [150_000, 900_000, 0]);
        assert_eq!(shares(700_000, &ALL), [150_000, 490_000, 0]);
        assert_eq!(shares(400_000, &ALL), [150_000, 0, 0]);
        assert_eq!(shares(50_000, &ALL), [30_000, 0, 0]);
    }

    #[test]
    fn what_was_dropped_comes_back_with_a_margin_and_what_nobody_asked_for_takes_nothing() {
        let dropped = [ALL[0], ALL[1], (1_500_000, false)];
        assert_eq!(shares(1_850_000, &dropped), [150_000, 900_000, 0]);
        assert_eq!(shares(1_870_000, &dropped), [150_000, 900_000, 760_000]);
        assert_eq!(shares(1_200_000, &[(0, true), ALL[1], (0, true)]), [0, 900_000, 0]);
    }
}
