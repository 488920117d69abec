//! Which data streams a client uses (RFC 8831). str0m has an entry for each that something came on, whether a channel was opened
//! there or not, and walks them at every step; nothing of it bounds them.

/// Bytes in front of the chunks of an SCTP packet (RFC 9260 section 3.1).
const COMMON_HEADER: usize = 12;

/// Chunks that carry data of a stream (RFC 9260 section 3.3.1, RFC 8260 section 2.1). Both have its number in the same place.
const DATA: u8 = 0;
const I_DATA: u8 = 64;

/// The data streams that something came on.
#[derive(Debug, Default)]
pub(super) struct DataStreams(Vec<u16>);

impl DataStreams {
    /// An SCTP packet came. Returns how many streams there are by now, if it is of another one.
    pub(super) fn note(&mut self, packet: &[u8]) -> Option<usize> {
        let before = self.0.len();
        for stream in streams(packet) {
            if !self.0.contains(&stream) {
                self.0.push(stream);
            }
        }
        (self.0.len() > before).then_some(self.0.len())
    }
}

/// The streams of the data in an SCTP packet, as far as it can be read.
fn streams(packet: &[u8]) -> impl Iterator<Item = u16> {
    let mut rest = packet.get(COMMON_HEADER..).unwrap_or_default();
    let chunks = std::iter::from_fn(move || {
        let [kind, _, high, low] = *rest.first_chunk()?;
        // The length counts these four bytes, and not what fills up the last word.
        let length = usize::from(u16::from_be_bytes([high, low])).max(4);
        let chunk = rest.get(..length.min(rest.len()))?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, chunk))
    });
    chunks.filter_map(|(kind, chunk)| {
        let number = chunk.get(8..10).filter(|_| matches!(kind, DATA | I_DATA))?;
        Some(u16::from_be_bytes(number.try_into().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chunk(kind: u8, stream: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(16 + data.len()).expect("a packet");
        let mut chunk = vec![kind, 3];
        chunk.extend(length.to_be_bytes());
        chunk.extend([0, 0, 0, 9]);
        chunk.extend(stream.to_be_bytes());
        chunk.extend([0, 0, 0, 0, 0, 51]);
        chunk.extend(data);
        chunk.resize(chunk.len().next_multiple_of(4), 0);
        chunk
    }

    fn packet(chunks: &[Vec<u8>]) -> Vec<u8> {
        [vec![0; COMMON_HEADER], chunks.concat()].concat()
    }

    #[test]
    fn each_stream_is_counted_once_whatever_is_around_its_data() {
        let mut streams = DataStreams::default();
        // An acknowledgement, and data whose last word is filled up.
        let both = packet(&[vec![3, 0, 0, 8, 1, 2, 3, 4], chunk(DATA, 1, b"x"), chunk(I_DATA, 700, b"")]);
        assert_eq!(streams.note(&both), Some(2));
        assert_eq!(streams.note(&both), None);
        assert_eq!(streams.note(&packet(&[chunk(DATA, 2, b"yz")])), Some(3));
        assert_eq!(streams.note(&packet(&[vec![4, 0, 0, 4]])), None, "a heartbeat is of no stream");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_to_its_end(packet in prop::collection::vec(any::<u8>(), 0..200)) {
            let most = packet.len() / 4;
            prop_assert!(DataStreams::default().note(&packet).is_none_or(|count| count <= most));
        }
    }
}
