//! What somebody shows to be let do something.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// What a request shows: `Authorization: Bearer …` (RFC 6750, 2.1).
pub(in crate::control) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, shown) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(shown.trim())
}
