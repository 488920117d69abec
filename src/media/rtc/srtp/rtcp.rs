//! Compound RTCP packets: where each packet of one ends (RFC 3550 section 6.1 and appendix A.2).

/// Bytes of the header of each packet.
const HEADER: usize = 4;

/// The version of RTP.
const VERSION: u8 = 2;

/// What came is no RTCP: it has another version, or lengths that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Malformed;

/// Each packet of `compound`, with its header. After one that is none there is nothing.
pub(in super::super) fn packets(compound: &[u8]) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    let mut rest = compound;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let split = packet_length(rest).and_then(|length| rest.split_at_checked(length));
        let (packet, after) = split.map_or((Err(Malformed), &[][..]), |(packet, after)| (Ok(packet), after));
        rest = after;
        Some(packet)
    })
}

/// Bytes of the packet that `bytes` begin with.
fn packet_length(bytes: &[u8]) -> Option<usize> {
    let [first, _, high, low] = *bytes.first_chunk::<HEADER>()?;
    // The length is told in words, less one.
    (first >> 6 == VERSION).then(|| HEADER * (usize::from(u16::from_be_bytes([high, low])) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reports_whose_lengths_lie_are_no_reports() {
        let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
        let wish = [0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9];
        assert!(packets(&report).eq([Ok(&report[..])]));
        assert!(packets(&[&report[..], &wish[..]].concat()).eq([Ok(&report[..]), Ok(&wish[..])]));
        for rest in
            [&[0x81, 206, 0, 3, 0, 0, 0, 7, 0, 0, 0, 9][..], &[0x41, 206, 0, 0], &[0x80, 201, 0], &[0; 8]]
        {
            let compound = [&report[..], rest].concat();
            assert!(packets(&compound).eq([Ok(&report[..]), Err(Malformed)]), "{rest:?}");
        }
        assert_eq!(packets(&[0x80, 201, 0, 0, 0, 0, 0, 7]).last(), Some(Err(Malformed)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_cut_into_packets_that_are_all_of_them_or_end_in_an_error(
            bytes in prop::collection::vec(prop_oneof![Just(0x80_u8), 0_u8..4, any::<u8>()], 0..60),
        ) {
            let found: Vec<_> = packets(&bytes).collect();
            let whole: Vec<u8> = found.iter().flatten().copied().flatten().copied().collect();
            prop_assert!(bytes.starts_with(&whole));
            prop_assert_eq!(found.iter().all(Result::is_ok), whole.len() == bytes.len());
            prop_assert!(found.iter().rev().skip(1).all(Result::is_ok));
        }
    }
}
