//! HTTP/1.1 (RFC 9112) as values: bytes to a [`Head`], a [`Reply`] to bytes. Pure; no socket, no clock.

mod bearer;
mod coding;
mod host;
mod origin;
mod reply;
mod request;

pub(super) use bearer::bearer;
pub(super) use coding::{Coding, choose};
pub(super) use host::{Host, Scheme};
pub use host::{HostName, NoHost};
pub(super) use origin::{Foreign, check_origin};
pub use origin::{NoOrigin, Origin};
pub(super) use reply::{Awaited, Reply};
pub(super) use request::{Head, HeadError, Request, parse_head, percent_decode};
