//! Datagrams in a stream of bytes: each with its length in front, in 16 bits (RFC 4571 section 2).

/// Bytes of a length.
pub(super) const HEADER: usize = 2;

/// A frame is larger than any honest datagram. What follows it is not looked for: a stream that lied once has no frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Cuts frames out of what was read, however it was cut before.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// What came of a frame that is not whole yet, its length included.
    begun: Vec<u8>,
}

impl Frames {
    /// Takes in what was read, and hands over every frame that is whole with it, until `each` says stop. What is kept is
    /// less than one frame of `most` bytes.
    pub(super) fn cut<E: From<TooLarge>>(
        &mut self,
        bytes: &[u8],
        most: usize,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = bytes;
        if !self.begun.is_empty() {
            rest = self.fill(HEADER, rest);
            let Some(length) = length(&self.begun, most)? else { return Ok(()) };
            rest = self.fill(HEADER + length, rest);
            if self.begun.len() < HEADER + length {
                return Ok(());
            }
            each(self.begun.get(HEADER..).unwrap_or_default())?;
            self.begun.clear();
        }
        while let Some(length) = length(rest, most)? {
            let Some((frame, after)) = rest.split_at_checked(HEADER + length) else { break };
            each(frame.get(HEADER..).unwrap_or_default())?;
            rest = after;
        }
        self.begun.extend_from_slice(rest);
        Ok(())
    }

    /// Fills what has begun up to `size` bytes, and returns what is left over.
    fn fill<'a>(&mut self, size: usize, bytes: &'a [u8]) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(size.saturating_sub(self.begun.len()).min(bytes.len()));
        self.begun.extend_from_slice(taken);
        rest
    }
}

/// The length in front of a frame, if it is there.
fn length(bytes: &[u8], most: usize) -> Result<Option<usize>, TooLarge> {
    let Some(header) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes(*header));
    if length > most { Err(TooLarge) } else { Ok(Some(length)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 1_500;

    fn framed(frames: &[Vec<u8>]) -> Vec<u8> {
        let frame = |frame: &Vec<u8>| {
            [&u16::try_from(frame.len()).expect("short").to_be_bytes(), &frame[..]].concat()
        };
        frames.iter().flat_map(frame).collect()
    }

    /// What comes out of a stream that is read in pieces of these sizes, round and round.
    fn cut(stream: &[u8], sizes: &[usize]) -> (Vec<Vec<u8>>, Result<(), TooLarge>) {
        let (mut frames, mut got, mut rest) = (Frames::default(), Vec::new(), stream);
        for size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            let result = frames.cut::<TooLarge>(piece, MOST, |frame| {
                got.push(frame.to_vec());
                Ok(())
            });
            assert!(frames.begun.len() < HEADER + MOST, "no more than one frame is kept");
            if result.is_err() || after.is_empty() {
                return (got, result);
            }
            rest = after;
        }
        unreachable!("there is a size")
    }

    proptest! {
        #[test]
        fn any_split_of_the_stream_gives_the_same_frames(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..=40), 0..12),
            large in prop::option::of(1_400..=MOST),
            sizes in prop::collection::vec(1_usize..60, 1..20),
        ) {
            let frames: Vec<_> = frames.into_iter().chain(large.map(|size| vec![7; size])).collect();
            prop_assert_eq!(cut(&framed(&frames), &sizes), (frames, Ok(())));
        }

        #[test]
        fn any_bytes_are_cut_or_refused_the_same_however_they_come(
            stream in prop::collection::vec(any::<u8>(), 0..6_000),
            sizes in prop::collection::vec(1_usize..3_000, 1..20),
        ) {
            prop_assert_eq!(cut(&stream, &sizes), cut(&stream, &[usize::MAX]));
        }
    }

    #[test]
    fn a_frame_that_is_too_large_is_refused_by_its_length_alone() {
        let whole = framed(&[vec![1; 20], vec![2; MOST]]);
        let stream = [&whole[..], &1_501_u16.to_be_bytes()].concat();
        assert_eq!(cut(&stream, &[usize::MAX]), (vec![vec![1; 20], vec![2; MOST]], Err(TooLarge)));
        assert_eq!(cut(&stream, &[1]).1, Err(TooLarge));
    }

    #[test]
    fn whoever_says_stop_gets_no_further_frame() {
        let mut count = 0;
        let stop = |_: &[u8]| {
            count += 1;
            Err(TooLarge)
        };
        assert_eq!(Frames::default().cut(&framed(&[vec![1], vec![2]]), MOST, stop), Err(TooLarge));
        assert_eq!(count, 1);
    }
}
