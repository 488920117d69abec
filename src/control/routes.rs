//! Which request is for what.

use http::header::ALLOW;
use http::{HeaderValue, StatusCode};

use super::http::{Reply, Request};
use super::site::{Site, link, only_reading, text};
use crate::ledger::ClientAddress;

impl Site<'_> {
    /// Answers everything that stays HTTP. `HEAD` is answered like `GET`: the sender leaves the body out.
    pub fn answer(&mut self, request: &Request, client: ClientAddress) -> Reply {
        if let Some(reply) = self.faults(request) {
            return reply;
        }
        let path = request.head.path.as_str();
        match path {
            "/healthz" => only_reading(request, || Some(text("ok\n"))),
            "/readyz" => only_reading(request, || Some(self.readiness())),
            "*" => whole(),
            _ if path.starts_with("/api/") => {
                self.api(request, client).unwrap_or_else(|| only_reading(request, || None))
            }
            _ if path.starts_with("/whip/") || path.starts_with("/whep/") => {
                self.standard(request, client).unwrap_or_else(|| only_reading(request, || None))
            }
            _ => match link(path) {
                Some(link) => {
                    let reply = only_reading(request, || self.room_page(request, link));
                    if reply.status.is_success() {
                        self.conference.page_sent();
                    }
                    reply
                }
                None => only_reading(request, || self.assets.reply(path, &request.head.headers)),
            },
        }
    }
}

/// What the server as a whole takes.
fn whole() -> Reply {
    Reply::empty(StatusCode::NO_CONTENT)
        .with(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE"))
}
