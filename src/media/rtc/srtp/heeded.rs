//! What str0m gets to see of a client's reports, where we seal what leaves and so read them ourselves: it makes values of all
//! that they say, of several kilobytes each, which was four fifths of what an idle person cost. It needs of them when what the
//! client sends was captured, and the answers to its own questions for the round trip.

/// Bytes of an RTCP packet that SRTCP leaves readable (RFC 3711 section 3.4): str0m has them from the datagram itself.
pub(super) const READABLE: usize = 8;

/// Bytes of the header of each packet (RFC 3550 section 6.4).
const HEADER: usize = 4;

const VERSION: u8 = 2;

/// A sender report (RFC 3550 section 6.4.1).
const SENDER_REPORT: u8 = 200;

/// An extended report (RFC 3611 section 2), and the block of it that answers one of ours (section 4.5).
const EXTENDED: u8 = 207;
const ANSWERS: u8 = 5;

/// Moves what str0m needs of a compound packet to the front of `plain` and says how long that is. `head` is the readable beginning
/// of its first packet, which `plain` goes on with. A first packet that is needed by what follows it only stays, too; of nothing that
/// is needed nothing stays, and str0m takes the rest for one that was cut short; so it is with what begins with no packet that fits,
/// or nobody would have to pay for being spared.
pub(super) fn keep(head: [u8; READABLE], plain: &mut [u8]) -> usize {
    let [first, number, high, low, ..] = head;
    let Some(first_end) = length([first, number, high, low]).and_then(|length| length.checked_sub(READABLE))
    else {
        return 0;
    };
    if first_end > plain.len() {
        return 0;
    }
    let (mut kept, mut at) = (first_end, first_end);
    while let Some(header) = plain.get(at..).and_then(|rest| rest.first_chunk::<HEADER>()).copied()
        && let Some(packet) = length(header).and_then(|length| plain.get(at..at + length))
    {
        let bytes = packet.len();
        if needs(packet) {
            plain.copy_within(at..at + bytes, kept);
            kept += bytes;
        }
        at += bytes;
    }
    let blocks = plain.get(..first_end).unwrap_or_default();
    let needs_first = number == SENDER_REPORT || (number == EXTENDED && answers(blocks));
    if needs_first || kept > first_end { kept } else { 0 }
}

/// How long the packet is that begins with `header` (in words, less one), if it is one.
fn length([first, _, high, low]: [u8; HEADER]) -> Option<usize> {
    let words = usize::from(u16::from_be_bytes([high, low])) + 1;
    (first >> 6 == VERSION).then_some(words * HEADER)
}

fn needs(packet: &[u8]) -> bool {
    match packet.get(1) {
        Some(&SENDER_REPORT) => true,
        Some(&EXTENDED) => answers(packet.get(READABLE..).unwrap_or_default()),
        _ => false,
    }
}

/// Whether one of the blocks answers a question.
fn answers(mut blocks: &[u8]) -> bool {
    while let Some([kind, _, high, low]) = blocks.first_chunk::<HEADER>().copied() {
        if kind == ANSWERS {
            return true;
        }
        let words = usize::from(u16::from_be_bytes([high, low])) + 1;
        blocks = blocks.get(words * HEADER..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A packet of a type with so many words behind its first two, of which each byte is `fill`.
    fn packet(number: u8, words: u8, fill: u8) -> Vec<u8> {
        let mut packet = vec![0x80, number, 0, words + 1, 0, 0, 0, 9];
        packet.extend(std::iter::repeat_n(fill, usize::from(words) * 4));
        packet
    }

    /// An extended report with one block of this type.
    fn extended(kind: u8) -> Vec<u8> {
        let mut packet = packet(EXTENDED, 2, 0);
        packet[8..12].copy_from_slice(&[kind, 0, 0, 1]);
        packet
    }

    /// What str0m has in hand of these.
    fn seen(packets: &[Vec<u8>]) -> Vec<u8> {
        let mut whole = packets.concat();
        let head = *whole.first_chunk().expect("a head");
        let kept = keep(head, &mut whole[READABLE..]);
        whole.truncate(READABLE + kept);
        whole
    }

    #[test]
    fn when_media_was_captured_and_answers_stay_and_nothing_else() {
        let (sender, receiver, names) = (packet(200, 5, 1), packet(201, 6, 2), packet(202, 7, 3));
        let (lost, answer, question) = (packet(205, 2, 4), extended(5), extended(4));
        assert_eq!(seen(&[sender.clone(), names.clone(), lost.clone()]), sender);
        assert_eq!(
            seen(&[receiver.clone(), names.clone(), sender.clone()]),
            [receiver.clone(), sender.clone()].concat()
        );
        assert_eq!(
            seen(&[sender.clone(), names.clone(), answer.clone()]),
            [sender.clone(), answer.clone()].concat()
        );
        assert_eq!(seen(&[sender.clone(), question.clone()]), sender);
        assert_eq!(seen(&[answer.clone(), names.clone(), question.clone()]), answer);
        assert_eq!(seen(&[question.clone(), sender.clone()]), [question.clone(), sender.clone()].concat());
        for useless in [
            &[receiver.clone(), names.clone(), question.clone()][..],
            &[question.clone(), question.clone()],
            &[question],
            &[receiver, names],
            &[lost],
        ] {
            let first = useless[0].clone();
            assert_eq!(seen(useless), first[..READABLE], "a packet that was cut short");
        }
    }

    /// Four bytes, of which what follows begins within what is readable, and a length beyond the end.
    #[test]
    fn what_begins_with_no_packet_that_fits_has_nothing_that_is_needed() {
        let (lost, names) = (packet(205, 200, 4), packet(202, 7, 3));
        for first in [[0x80, 203, 0, 0], [0x80, 201, 0xff, 0xff], [0x40, 200, 0, 6]] {
            let whole = [first.to_vec(), lost.clone(), names.clone()];
            assert_eq!(seen(&whole), whole.concat()[..READABLE]);
        }
    }

    proptest! {
        /// Whatever a client sends, no more is left than there was, and what is left begins as it did.
        #[test]
        fn nothing_is_added(head in any::<[u8; READABLE]>(), plain in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut left = plain.clone();
            let kept = keep(head, &mut left);
            prop_assert!(kept <= plain.len());
        }
    }
}
