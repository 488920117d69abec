//! The head of a request, from bytes to types.

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};

/// Header lines of one request. Browsers send about twenty; a proxy adds a handful.
const MAX_HEADERS: usize = 64;

const NO_ADDRESS: HeadError = HeadError::Malformed("the request target is no address");

/// A request without its body.
#[derive(Debug)]
pub(in crate::control) struct Head {
    /// What is asked.
    pub method: Method,
    /// Of what: percent-decoded, starting with `/`, without the query.
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
    check_host(&headers, version)?;
    let target: Uri = request.path.unwrap_or_default().parse().map_err(|_| NO_ADDRESS)?;
    let method = request.method.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    let head = Head {
        method: method.ok_or(HeadError::Malformed("the method is not a token"))?,
        path: path(&target)?,
        target: target.path_and_query().map(ToString::to_string).unwrap_or_default(),
        version,
        body_bytes: body_bytes(&headers, max_body)?,
        keep_alive: version == Version::HTTP_11 && !lists(&headers, &CONNECTION, "close"),
        expects_continue: expects_continue(&headers)?,
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

/// RFC 9112, 3.2: exactly one `Host` in HTTP/1.1.
fn check_host(headers: &HeaderMap, version: Version) -> Result<(), HeadError> {
    let hosts = headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && version == Version::HTTP_11) {
        return Err(HeadError::Malformed("an HTTP/1.1 request has one Host header"));
    }
    Ok(())
}

/// RFC 9112, 6: where a body ends. Anything two readers could understand differently is refused.
fn body_bytes(headers: &HeaderMap, max_body: usize) -> Result<usize, HeadError> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(HeadError::LengthRequired);
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else { return Ok(0) };
    if lengths.any(|other| other != length) {
        return Err(HeadError::Malformed("two Content-Length headers disagree"));
    }
    let digits = length.as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(HeadError::Malformed("Content-Length is not a number"));
    }
    // Only a number too long for the type fails here.
    let length = length.to_str().ok().and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX);
    if length > max_body { Err(HeadError::BodyTooLarge) } else { Ok(length) }
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
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok().filter(|text| !text.chars().any(char::is_control))
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
    fn the_end_of_the_connection_is_understood() {
        assert!(!head("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(!head("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n").keep_alive);
    }

    #[test]
    fn bodies_that_two_readers_could_split_differently_are_refused() {
        let with = |lines: &str| refusal(&format!("POST / HTTP/1.1\r\nHost: h\r\n{lines}\r\n\r\n"));
        assert_eq!(with("Transfer-Encoding: chunked"), HeadError::LengthRequired);
        assert_eq!(with("Transfer-Encoding: chunked\r\nContent-Length: 3"), HeadError::LengthRequired);
        assert_eq!(with("Content-Length: 101"), HeadError::BodyTooLarge);
        assert_eq!(with("Content-Length: 99999999999999999999999"), HeadError::BodyTooLarge);
        for bad in [
            "Content-Length: 3\r\nContent-Length: 4",
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
