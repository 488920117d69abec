//! An answer, from types to bytes.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::SystemTime;

use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, DATE, LOCATION,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::host::{Host, HostName, Scheme};
use super::origin::Origin;
use crate::conference::StandardId;

/// Sent with every answer, but what is a page's own with no part of one. The page runs only its own scripts, makes none of a text, is shown in no frame and held by no
/// other page, is read by no other site, and asks only for what a call needs.
const SAFETY: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
         media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), picture-in-picture=(self)",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// What browsers heed of documents alone. With each of the twenty scripts and styles that a door waits for it would be 10 kB in all,
/// a fifth of a second on a line of 50 kB/s.
const OF_PAGES: [&str; 3] = ["content-security-policy", "cross-origin-opener-policy", "permissions-policy"];

/// What pages are made of.
const PARTS: [&[u8]; 2] = [b"text/javascript", b"text/css"];

/// What a page may talk to: the server it is from. There are browsers to which `'self'` is no WebSocket (Safari before 15.4),
/// so the server's socket is named, too, by the host that was asked for.
const CONNECT_SELF: &str = "connect-src 'self'";

/// Who may show a page in a frame.
const FRAMED_BY_NOBODY: &str = "frame-ancestors 'none'";

/// An answer to one request.
#[derive(Debug, Clone)]
pub(in crate::control) struct Reply {
    /// How it went.
    pub status: StatusCode,
    headers: HeaderMap,
    /// What was asked for.
    pub body: Cow<'static, [u8]>,
    /// What has to be kept before it is sent.
    pub kept: Option<Awaited>,
    /// Whose answer of a worker it becomes.
    pub answer: Option<StandardId>,
}

/// What an answer waits for.
#[derive(Debug, Clone)]
pub(in crate::control) struct Awaited {
    /// The number of the change that has to be on the disk.
    pub number: u64,
    /// The room that was made by it, if one was: it is not made if it cannot be kept.
    pub made: Option<String>,
}

/// RFC 9457.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Cow::Borrowed(&[]), kept: None, answer: None }
    }

    /// An answer with a body.
    pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Cow<'static, [u8]>>) -> Self {
        let mut reply = Self::empty(status);
        reply.body = body.into();
        reply.with(CONTENT_TYPE, HeaderValue::from_static(content_type))
    }

    /// A value as JSON, which no cache keeps.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::new(status, "application/json", body)
                .with(CACHE_CONTROL, HeaderValue::from_static("no-store")),
            Err(_) => Self::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// An error, as problem details (RFC 9457). `detail` is for people.
    pub fn problem(status: StatusCode, detail: &str) -> Self {
        Self::problem_about(status, detail, None)
    }

    /// An error that concerns the thing with this id.
    pub fn problem_about(status: StatusCode, detail: &str, id: Option<&str>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        let problem = Problem { r#type: "about:blank", title, status: status.as_u16(), detail, id };
        Self::json(status, &problem).with(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))
    }

    /// The same answer with one header more, or with another value for it.
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same answer with one line more of a header that may have several.
    pub fn and(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The same answer in the place of `other`, which was to be read by whoever asked: so is this.
    pub fn in_place_of(mut self, other: &Reply) -> Self {
        for (name, value) in other.headers.iter().filter(|(name, _)| **name != LOCATION) {
            if !self.headers.contains_key(name) {
                self.headers.insert(name, value.clone());
            }
        }
        self
    }

    /// The same answer with a body that no cache keeps.
    pub fn with_body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.body = body.into();
        self.with(CONTENT_TYPE, HeaderValue::from_static(content_type))
            .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// Whether it is a page's, or may be: what comes with "not modified" takes the place of what a browser has kept.
    fn is_page(&self) -> bool {
        let html = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/html");
        self.status == StatusCode::NOT_MODIFIED || self.headers.get(CONTENT_TYPE).is_some_and(html)
    }

    /// Whether it is a script or a style.
    fn is_part(&self) -> bool {
        let part = |kind: &HeaderValue| PARTS.iter().any(|part| kind.as_bytes().starts_with(part));
        self.headers.get(CONTENT_TYPE).is_some_and(part)
    }

    /// The same answer to who asked for `host` and loads pages by `scheme`, if that is known: a page may open its WebSocket in
    /// every browser. A host that such a policy has no word for (an IPv6 address) is not named.
    pub fn opening_sockets_at(self, host: &Host, scheme: Option<Scheme>) -> Self {
        if !self.is_page() || matches!(host.name, HostName::Address(IpAddr::V6(_))) {
            return self;
        }
        let sockets = match scheme {
            Some(Scheme::Https) => format!("{CONNECT_SELF} wss://{host}"),
            Some(Scheme::Http) => format!("{CONNECT_SELF} ws://{host}"),
            None => format!("{CONNECT_SELF} ws://{host} wss://{host}"),
        };
        let [(_, policy), ..] = SAFETY;
        match HeaderValue::try_from(policy.replace(CONNECT_SELF, &sockets)) {
            Ok(policy) => self.with(CONTENT_SECURITY_POLICY, policy),
            Err(_) => self,
        }
    }

    /// The same answer, which pages of these sites may show in a frame.
    pub fn framed_by(self, origins: &[Origin]) -> Self {
        if !self.is_page() || origins.is_empty() {
            return self;
        }
        let [(_, policy), ..] = SAFETY;
        let policy =
            self.headers.get(CONTENT_SECURITY_POLICY).and_then(|own| own.to_str().ok()).unwrap_or(policy);
        let names: Vec<String> = origins.iter().map(ToString::to_string).collect();
        let framed = policy.replace(FRAMED_BY_NOBODY, &format!("frame-ancestors {}", names.join(" ")));
        match HeaderValue::try_from(framed) {
            Ok(policy) => self.with(CONTENT_SECURITY_POLICY, policy),
            Err(_) => self,
        }
    }

    /// The head as it is sent, at `now`.
    pub fn head(&self, now: SystemTime, keep_alive: bool) -> Vec<u8> {
        let reason = self.status.canonical_reason().unwrap_or_default();
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16()).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        for (name, value) in &self.headers {
            line(name.as_str(), value.as_bytes());
        }
        // RFC 9110, 8.6: neither an informational answer nor 204 has a length, and 304 would have that of the 200.
        let bodiless = self.status.is_informational()
            || matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if !bodiless {
            line(CONTENT_LENGTH.as_str(), self.body.len().to_string().as_bytes());
        }
        if self.status != StatusCode::SWITCHING_PROTOCOLS {
            line(CONNECTION.as_str(), if keep_alive { b"keep-alive" } else { b"close" });
            let is_part = self.is_part();
            for (name, value) in SAFETY {
                if !(self.headers.contains_key(name) || is_part && OF_PAGES.contains(&name)) {
                    line(name, value.as_bytes());
                }
            }
        }
        line(DATE.as_str(), httpdate::fmt_http_date(now).as_bytes());
        head.extend_from_slice(b"\r\n");
        head
    }
}

impl From<http::Response<()>> for Reply {
    fn from(response: http::Response<()>) -> Self {
        let (parts, ()) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: Cow::Borrowed(&[]),
            kept: None,
            answer: None,
        }
    }
}
