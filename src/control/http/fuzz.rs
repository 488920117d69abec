//! Fuzzed: any bytes as an HTTP request head.

use super::parse_head;

/// Bytes of a head that are accepted here.
const MAX_HEAD: usize = 2_048;
/// Bytes of a body that are accepted here.
const MAX_BODY: usize = 1_024;

/// A head is refused, or its values are within the bounds; and it is the same head however it came in pieces.
pub(crate) fn head(data: &[u8]) {
    let whole = parse_head(data, MAX_HEAD, MAX_BODY);
    let Ok(Some((head, length))) = whole else { return };
    assert!(length <= data.len().min(MAX_HEAD), "a head of {length} bytes");
    assert!(head.body_bytes <= MAX_BODY, "a body of {} bytes", head.body_bytes);
    assert!(!head.path.chars().any(char::is_control), "a path with control characters: {:?}", head.path);
    assert!(!head.headers.contains_key("transfer-encoding"), "a body without a length");
    for cut in 0..length {
        let part = parse_head(data.get(..cut).unwrap_or_default(), MAX_HEAD, MAX_BODY);
        assert!(matches!(part, Ok(None)), "complete at {cut} of {length} bytes: {part:?}");
    }
}
