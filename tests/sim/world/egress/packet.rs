//! The header of an RTP packet (RFC 3550 section 5.1, RFC 8285), read without the code under test.

/// A packet's header.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    pub bytes: &'a [u8],
    pub padded: bool,
    pub marker: bool,
    pub payload_type: u8,
    pub number: u16,
    pub time: u32,
    pub source: u32,
    /// The profile of what extends it, and that.
    extension: Option<(u16, &'a [u8])>,
}

impl<'a> Header<'a> {
    /// Reads a header, and what follows it. None if it is none, or one that names contributing sources: no server that
    /// mixes nothing has any.
    pub fn read(packet: &'a [u8]) -> Option<(Header<'a>, &'a [u8])> {
        let (fixed, rest) = packet.split_first_chunk::<12>()?;
        let (first, second) = (fixed[0], fixed[1]);
        if first >> 6 != 2 || first & 0x0f != 0 {
            return None;
        }
        let word = |at: usize| u32::from_be_bytes(fixed[at..at + 4].try_into().expect("four bytes"));
        let mut header = Header {
            bytes: fixed,
            padded: first & 0x20 != 0,
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            number: u16::from_be_bytes([fixed[2], fixed[3]]),
            time: word(4),
            source: word(8),
            extension: None,
        };
        if first & 0x10 == 0 {
            return Some((header, rest));
        }
        let (&[a, b, c, d], more) = rest.split_first_chunk::<4>()?;
        let (elements, payload) = more.split_at_checked(usize::from(u16::from_be_bytes([c, d])) * 4)?;
        header.extension = Some((u16::from_be_bytes([a, b]), elements));
        header.bytes = &packet[..packet.len() - payload.len()];
        Some((header, payload))
    }

    /// The extension's elements: ids and values. None if they cannot be read.
    pub fn elements(&self) -> Option<Vec<(u8, &'a [u8])>> {
        let Some((profile, mut rest)) = self.extension else { return Some(Vec::new()) };
        let mut elements = Vec::new();
        while let [first, after @ ..] = rest {
            let (id, length, after) = match (profile, first, after) {
                (_, 0, after) => {
                    rest = after;
                    continue;
                }
                (0xbede, first, after) => (first >> 4, usize::from(first & 0x0f) + 1, after),
                (0x1000..0x1010, id, [length, after @ ..]) => (*id, usize::from(*length), after),
                _ => return None,
            };
            let (value, after) = after.split_at_checked(length)?;
            elements.push((id, value));
            rest = after;
        }
        Some(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_both_forms_are_read_and_cut_ones_are_not() {
        let fixed = [0x90, 0xe0, 1, 2, 0, 0, 0, 9, 0, 0, 0, 7];
        let packet = |extension: &[u8]| [&fixed[..], extension, b"payload"].concat();
        let one = packet(&[0xbe, 0xde, 0, 2, 0x10, b'a', 0x32, 1, 2, 3, 0, 0]);
        let (header, payload) = Header::read(&one).expect("a header");
        assert!(header.marker && !header.padded && payload == b"payload");
        assert_eq!((header.payload_type, header.number, header.time, header.source), (0x60, 0x102, 9, 7));
        assert_eq!(header.elements(), Some(vec![(1, &b"a"[..]), (3, &[1, 2, 3])]));
        let two = packet(&[0x10, 0, 0, 1, 15, 2, 1, 2]);
        assert_eq!(
            Header::read(&two).and_then(|(header, _)| header.elements()),
            Some(vec![(15, &[1, 2][..])])
        );
        let cut = packet(&[0xbe, 0xde, 0, 1, 0x1f, 0, 0, 0]);
        assert_eq!(Header::read(&cut).and_then(|(header, _)| header.elements()), None);
    }
}
