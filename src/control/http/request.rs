//! The head of a request, from bytes to types.

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};
use percent_encoding::percent_decode_str;

use super::host::{Host, Scheme};

/// Header lines of one request. Browsers send about twenty; a proxy adds a handful.
const MAX_HEADERS: usize = 64;

const NO_ADDRESS: HeadError = HeadError::Malformed("the request target is no address");

/// A request without its body.
#[derive(Debug)]
pub(in crate::control) struct Head {
    /// What is asked.
    pub method: Method,
    /// Of whom. `None` only from HTTP/1.0 without a `Host`.
    pub host: Option<Host>,
    /// Of what: percent-decoded, starting with `/`, without the query; or `*` (RFC 9112, 3.2.4).
    pub path: String,
    /// Path and query as they were sent.
    pub target: String,
    /// HTTP/1.0 or HTTP/1.1.
    pub version: Version,
    /// All of them.
    pub headers: HeaderMap,
    /// How many bytes of body follow.
    pub body_bytes: usize,
    /// Another request may follow on the connection.
    pub keep_alive: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

/// A whole request.
#[derive(Debug)]
pub(in crate::control) struct Request {
    /// Its head.
    pub head: Head,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why a head was not accepted. The connection ends after the answer: where the next request starts is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::control) enum HeadError {
    /// It is no HTTP, or contradicts itself. Says what.
    Malformed(&'static str),
    /// More header lines than [`MAX_HEADERS`], or more bytes than allowed.
    TooLarge,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// The body's length is not said beforehand (`Transfer-Encoding`).
    LengthRequired,
    /// The body is announced longer than allowed.
    BodyTooLarge,
    /// An `Expect` that is not `100-continue`.
    Expectation,
    /// A `Transfer-Encoding` other than `chunked`.
    Coding,
}

impl HeadError {
    /// The status that tells the client.
    pub fn status(self) -> StatusCode {
        match self {
            HeadError::Malformed(_) => StatusCode::BAD_REQUEST,
            HeadError::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            HeadError::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            HeadError::LengthRequired => StatusCode::LENGTH_REQUIRED,
            HeadError::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            HeadError::Expectation => StatusCode::EXPECTATION_FAILED,
            HeadError::Coding => StatusCode::NOT_IMPLEMENTED,
        }
    }

    /// What to tell a person.
    pub fn detail(self) -> &'static str {
        match self {
            HeadError::Malformed(what) => what,
            HeadError::TooLarge => "the request head is larger than this server accepts",
            HeadError::Version => "this server speaks HTTP/1.1",
            HeadError::LengthRequired => "send the body with a Content-Length, not chunked",
            HeadError::BodyTooLarge => "the body is larger than this server accepts",
            HeadError::Expectation => "the only expectation this server meets is 100-continue",
            HeadError::Coding => "this server knows no transfer codings: send the body as it is",
        }
    }
}

/// Parses the head at the start of `bytes`: `None` while it is incomplete, else the head and its length in bytes.
///
/// # Errors
/// [`HeadError`] says what is wrong with it; a head that would pass `max_head` bytes is refused before it is complete.
pub(in crate::control) fn parse_head(
    bytes: &[u8],
    max_head: usize,
    max_body: usize,
) -> Result<Option<(Head, usize)>, HeadError> {
    // RFC 9112, 2.2: an empty line before the request is passed over. More of them would be read again with each that comes.
    if bytes.starts_with(b"\n") || bytes.starts_with(b"\r\n\r\n") {
        return Err(HeadError::Malformed("empty lines stand before the request"));
    }
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut lines);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= max_head => length,
        Ok(httparse::Status::Partial) if bytes.len() <= max_head => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLarge),
        Err(httparse::Error::Version) => return Err(HeadError::Version),
        Err(_) => return Err(HeadError::Malformed("this is not an HTTP request")),
    };
    if bytes.get(..length).is_none_or(has_bare_lf) {
        return Err(HeadError::Malformed("a line ends with a bare LF"));
    }
    let headers = header_map(request.headers)?;
    let version = if request.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let method = request.method.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    let method = method.ok_or(HeadError::Malformed("the method is not a token"))?;
    let target = target(request.path.unwrap_or_default(), &method)?;
    let head = Head {
        host: host(&headers, &target, &method, version)?,
        path: path(&target)?,
        target: target.path_and_query().map(ToString::to_string).unwrap_or_default(),
        version,
        body_bytes: body_bytes(&headers, version, max_body)?,
        // What follows a CONNECT would be for somebody else.
        keep_alive: version == Version::HTTP_11
            && method != Method::CONNECT
            && !lists(&headers, &CONNECTION, "close"),
        // RFC 9110, 10.1.1: HTTP/1.0 does not know what it asks for.
        expects_continue: version == Version::HTTP_11 && expects_continue(&headers)?,
        method,
        headers,
    };
    Ok(Some((head, length)))
}

/// RFC 9112, 2.2: a reader may take a bare LF for the end of a line. One in front of this server may not, and then the
/// two see different requests.
fn has_bare_lf(head: &[u8]) -> bool {
    let before = std::iter::once(&0).chain(head);
    head.iter().zip(before).any(|(byte, before)| *byte == b'\n' && *before != b'\r')
}

fn header_map(lines: &[httparse::Header<'_>]) -> Result<HeaderMap, HeadError> {
    let mut headers = HeaderMap::with_capacity(lines.len());
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let name = name.map_err(|_| HeadError::Malformed("a header has a bad name"))?;
        let value = HeaderValue::from_bytes(line.value);
        let value = value.map_err(|_| HeadError::Malformed("a header has a bad value"))?;
        headers.try_append(name, value).map_err(|_| HeadError::TooLarge)?;
    }
    Ok(headers)
}

/// The four forms of RFC 9112, 3.2. What browsers never send (a fragment, a path without a slash) is refused.
fn target(text: &str, method: &Method) -> Result<Uri, HeadError> {
    if text.contains('#') {
        return Err(HeadError::Malformed("a request target has no fragment"));
    }
    let target: Uri = text.parse().map_err(|_| NO_ADDRESS)?;
    let is_known = match (target.scheme_str(), target.authority()) {
        (Some(scheme), Some(_)) => matches!(scheme, "http" | "https"),
        (None, Some(_)) => method == Method::CONNECT,
        _ => target.path().starts_with('/') || (target.path() == "*" && method == Method::OPTIONS),
    };
    if is_known { Ok(target) } else { Err(NO_ADDRESS) }
}

/// RFC 9112, 3.2: one `Host` in every HTTP/1.1 request, and a valid one. Where the target names a host itself that one
/// counts; a `Host` that says otherwise is refused, because something in front of this server may have gone by it.
fn host(
    headers: &HeaderMap,
    target: &Uri,
    method: &Method,
    version: Version,
) -> Result<Option<Host>, HeadError> {
    let mut said = headers.get_all(HOST).iter();
    let host = match (said.next(), said.next()) {
        (None, _) if version == Version::HTTP_10 => None,
        (Some(host), None) => {
            let host = host.to_str().ok().and_then(Host::read);
            Some(host.ok_or(HeadError::Malformed("the Host header names no host"))?)
        }
        _ => return Err(HeadError::Malformed("an HTTP/1.1 request has one Host header")),
    };
    let Some(authority) = target.authority().filter(|_| method != Method::CONNECT) else { return Ok(host) };
    let named = Host::read(authority.as_str()).ok_or(NO_ADDRESS)?;
    let scheme = target.scheme_str().and_then(Scheme::read).ok_or(NO_ADDRESS)?;
    if host.is_some_and(|host| !host.is(&named, scheme)) {
        return Err(HeadError::Malformed("the request target and the Host header name two hosts"));
    }
    Ok(Some(named))
}

/// RFC 9112, 6: where a body ends. Anything two readers could understand differently is refused.
fn body_bytes(headers: &HeaderMap, version: Version, max_body: usize) -> Result<usize, HeadError> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(transfer_coding(headers, length.is_some(), version));
    }
    let Some(length) = length else { return Ok(0) };
    if lengths.next().is_some() {
        return Err(HeadError::Malformed("there are two Content-Length headers"));
    }
    let digits = length.as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(HeadError::Malformed("Content-Length is not a number"));
    }
    // Only a number too long for the type fails here.
    let length = length.to_str().ok().and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX);
    if length > max_body { Err(HeadError::BodyTooLarge) } else { Ok(length) }
}

/// RFC 9112, 6.1 and 6.3: no transfer coding is read here. Which answer says what the client could do instead?
fn transfer_coding(headers: &HeaderMap, has_length: bool, version: Version) -> HeadError {
    if has_length || version == Version::HTTP_10 {
        return HeadError::Malformed("Transfer-Encoding stands where it may not");
    }
    let lines = headers.get_all(TRANSFER_ENCODING).iter().map(|line| line.to_str().unwrap_or_default());
    let codings: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let chunked = codings.iter().filter(|coding| coding.eq_ignore_ascii_case("chunked")).count();
    match (chunked, codings.as_slice()) {
        (1, [_]) => HeadError::LengthRequired,
        (0 | 1, _) if codings.iter().all(|coding| !coding.is_empty()) => HeadError::Coding,
        _ => HeadError::Malformed("Transfer-Encoding cannot be understood"),
    }
}

fn expects_continue(headers: &HeaderMap) -> Result<bool, HeadError> {
    match headers.get(EXPECT) {
        None => Ok(false),
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"100-continue") => Ok(true),
        Some(_) => Err(HeadError::Expectation),
    }
}

/// Whether one of the comma-separated values of `name` is `token`.
fn lists(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn path(target: &Uri) -> Result<String, HeadError> {
    let path = if target.path().is_empty() { "/" } else { target.path() };
    percent_decode(path).ok_or(HeadError::Malformed("the path is not percent-encoded UTF-8"))
}

/// Decodes RFC 3986 percent-encoding. `None` for a broken escape, for what is not UTF-8, and for control characters.
pub(in crate::control) fn percent_decode(text: &str) -> Option<String> {
    let is_escape = |rest: &str| matches!(rest.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    if !text.split('%').skip(1).all(is_escape) {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    (!decoded.chars().any(char::is_control)).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Option<(Head, usize)>, HeadError> {
        parse_head(text.as_bytes(), 4096, 100)
    }

    fn head(text: &str) -> Head {
        parse(text).unwrap().unwrap().0
    }

    fn refusal(text: &str) -> HeadError {
        parse(text).unwrap_err()
    }

    #[test]
    fn a_browser_request_is_read() {
        let text = "POST /r/caf%C3%A9%20x?a=b HTTP/1.1\r\nHost: h:1\r\nContent-Length: 5\r\n\r\nhello";
        let (head, length) = parse(text).unwrap().unwrap();
        assert_eq!((head.method, head.path.as_str(), head.body_bytes), (Method::POST, "/r/café x", 5));
        assert!(head.keep_alive);
        assert_eq!(length, text.len() - 5);
    }

    #[test]
    fn a_proxy_may_send_the_whole_address() {
        assert_eq!(head("GET http://h:1/x?y HTTP/1.1\r\nHost: h:1\r\n\r\n").path, "/x");
        assert_eq!(head("GET http://h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n").path, "/");
    }

    #[test]
    fn the_host_is_one_and_that_of_the_target() {
        for (text, host) in [
            ("GET / HTTP/1.1\r\nHost: H:1\r\n\r\n", Some("h:1")),
            ("GET http://h/ HTTP/1.1\r\nHost: h:80\r\n\r\n", Some("h")),
            ("GET https://h:443/ HTTP/1.1\r\nHost: h\r\n\r\n", Some("h:443")),
            ("GET http://h:1/ HTTP/1.0\r\n\r\n", Some("h:1")),
            ("GET / HTTP/1.0\r\n\r\n", None),
            ("CONNECT other:1 HTTP/1.1\r\nHost: h\r\n\r\n", Some("h")),
        ] {
            assert_eq!(head(text).host.map(|host| host.to_string()).as_deref(), host, "{text}");
        }
        for bad in [
            "GET / HTTP/1.1\r\nHost:\r\n\r\n",
            "GET / HTTP/1.0\r\nHost:\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
            "GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET http://h:1/ HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET http://h/ HTTP/1.1\r\n\r\n",
            "GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n",
        ] {
            assert!(matches!(refusal(bad), HeadError::Malformed(_)), "{bad:?}");
        }
    }

    #[test]
    fn what_http_1_0_does_not_know_is_not_done_for_it() {
        let text = "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
        assert!(!head(text).expects_continue);
        assert!(head(&text.replace("1.0", "1.1\r\nHost: h")).expects_continue);
    }

    #[test]
    fn the_end_of_the_connection_is_understood() {
        assert!(!head("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(!head("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n").keep_alive);
    }

    #[test]
    fn bodies_that_two_readers_could_split_differently_are_refused() {
        let with = |lines: &str| refusal(&format!("POST / HTTP/1.1\r\nHost: h\r\n{lines}\r\n\r\n"));
        assert_eq!(with("Transfer-Encoding: chunked"), HeadError::LengthRequired);
        for unknown in ["gzip", "gzip, chunked", "identity", "xchunked", "chunked;x=y"] {
            assert_eq!(with(&format!("Transfer-Encoding: {unknown}")), HeadError::Coding, "{unknown}");
        }
        assert_eq!(with("Content-Length: 101"), HeadError::BodyTooLarge);
        assert_eq!(with("Content-Length: 99999999999999999999999"), HeadError::BodyTooLarge);
        for bad in [
            "Content-Length: 3\r\nContent-Length: 4",
            "Content-Length: 3\r\nContent-Length: 3",
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding:",
            "Transfer-Encoding: chunked,",
            "Content-Length: +3",
            "Content-Length: 3, 3",
            "Content-Length:",
        ] {
            assert!(matches!(with(bad), HeadError::Malformed(_)), "{bad}");
        }
    }

    #[test]
    fn malformed_heads_are_refused() {
        for bad in [
            "GET  HTTP/1.1\r\n\r\n",
            "\u{16}\u{3}\u{1}\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
        ] {
            assert!(matches!(refusal(bad), HeadError::Malformed(_)), "{bad:?}");
        }
        assert_eq!(refusal("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), HeadError::Version);
        assert_eq!(refusal("GET / HTTP/1.1\r\nHost: a\r\nExpect: cake\r\n\r\n"), HeadError::Expectation);
    }

    #[test]
    fn a_head_that_never_ends_is_refused_before_it_is_complete() {
        let long = format!("GET / HTTP/1.1\r\nHost: {}", "a".repeat(5000));
        assert_eq!(refusal(&long), HeadError::TooLarge);
        assert_eq!(refusal(&(long + "\r\n\r\n")), HeadError::TooLarge);
        let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "a: b\r\n".repeat(65));
        assert_eq!(refusal(&many), HeadError::TooLarge);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse_head(&bytes, 512, 100);
        }

        #[test]
        fn anything_in_the_places_of_a_head_is_read_or_refused(
            method in "\\PC{0,8}", target in "\\PC{0,40}", name in "\\PC{0,12}", value in "\\PC{0,20}",
        ) {
            let text = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{name}: {value}\r\n\r\n");
            if let Ok(Some((head, length))) = parse(&text) {
                prop_assert!(length <= text.len());
                prop_assert!(head.path.starts_with('/') || head.path == "*");
            }
        }
    }
}
