//! Every number of the process, put together when somebody asks.

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use mio::Token;

use super::http::Reply;
use super::scrapes::{Step, Wanted};
use super::vitals::{self, Vitals};
use super::{SCRAPES, Turn};
use crate::conference::protocol::ErrorCode;
use crate::conference::{Funnel, JoinStep};
use crate::limits::Limit;
use crate::metrics::{Family, Kind, encode};
use crate::store::Keeper;
use crate::webhooks::Webhooks;

/// The specification, "Content Type".
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Turn<'_> {
    /// Serves those who ask for numbers: takes new connections, and ends those whose time is over.
    pub(super) fn serve_scrapes(&mut self) {
        let (control, now) = (&mut *self.control, self.now.instant);
        if let Some(scrapes) = &mut control.scrapes {
            scrapes.drop_late(now, &mut control.tally);
            scrapes.accept(control.poll.registry(), now, &control.limits, &mut control.tally);
        }
    }

    /// Something happened on the connection of somebody who asks for numbers.
    pub(super) fn scrape(&mut self, token: Token) {
        debug_assert!(token >= SCRAPES, "connections of clients have other tokens");
        let control = &mut *self.control;
        let Some(mut scrapes) = control.scrapes.take() else { return };
        let step = scrapes.drive(token, self.now, &control.limits, &mut control.tally);
        if let Step::Wants { what, with_body } = step {
            let reply = match what {
                Wanted::Numbers => self.numbers(),
                Wanted::Trouble { code } => self.trouble(&code),
                Wanted::Trace { room, peer } => self.trace(&room, &peer),
            };
            scrapes.answer(token, self.now, &reply, with_body);
            let control = &mut *self.control;
            scrapes.drive(token, self.now, &control.limits, &mut control.tally);
        }
        self.control.scrapes = Some(scrapes);
    }

    /// What became of anybody's subscription: whoever may ask here may see that.
    fn trace(&mut self, room: &str, peer: &str) -> Reply {
        match self.conference.trace_of(self.now, room, peer) {
            Some(trace) => Reply::json(StatusCode::OK, &trace),
            None => Reply::problem(StatusCode::NOT_FOUND, "nobody in such a room has this id"),
        }
    }

    /// Why somebody got no media, by the code they read.
    fn trouble(&self, code: &str) -> Reply {
        match self.conference.trouble_of(code) {
            Some(trouble) => Reply::json(StatusCode::OK, trouble),
            None => Reply::problem(StatusCode::NOT_FOUND, "no trouble that is kept has this code"),
        }
    }

    fn numbers(&mut self) -> Reply {
        let counters = &mut self.control.counters;
        counters.connections = self.control.connections.len() as u64;
        counters.half_open_connections = self.control.admission.half_open() as u64;
        match encode(self.families()) {
            Ok(text) => Reply::new(StatusCode::OK, OPEN_METRICS, text.into_bytes())
                .with(CACHE_CONTROL, HeaderValue::from_static("no-store")),
            Err(_) => Reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// Every row there is. What a table counts comes by itself; a new table is named here, or in what its owner tells.
    fn families(&mut self) -> Vec<Family> {
        let hooks = self.control.webhooks.as_mut().map(Webhooks::counters).unwrap_or_default();
        let (control, conference) = (&*self.control, &*self.conference);
        let (workers, mut hits) = self.workers.numbers();
        hits += &control.tally;
        hits += conference.tally();
        let decimal = |(code, count): (u16, u64)| (code.to_string(), count);
        let limit_name = |limit: &Limit| limit.metric().trim_start_matches("limit_");
        let by_code = [
            Family::by(
                "status",
                "http_answers",
                "HTTP requests that were answered, by status.",
                Kind::Counter,
                control.counters.answers().map(decimal),
            ),
            Family::by(
                "code",
                "socket_closes",
                "Signaling sockets that the server closed, by code.",
                Kind::Counter,
                control.counters.closes().map(decimal),
            ),
            Family::by(
                "code",
                "conference_errors",
                "Error messages that clients were sent, by code.",
                Kind::Counter,
                ErrorCode::ALL.map(|code| (word_of(code), conference.counters().refusals(code))),
            ),
            Family::by(
                "limit",
                "limit_hits",
                "Times a limit was hit, by limit.",
                Kind::Counter,
                Limit::ALL.iter().map(|limit| (limit_name(limit), hits.count(*limit))),
            ),
            Family::by(
                "limit",
                "limit_value",
                "The value of each limit, in its own unit.",
                Kind::Gauge,
                Limit::ALL.iter().map(|limit| (limit_name(limit), control.limits.get(*limit) as u64)),
            ),
        ];
        Family::of(&crate::journal::counters())
            .chain(Family::of(&control.counters))
            .chain(Family::of(&control.keeper.as_ref().map(Keeper::counters).unwrap_or_default()))
            .chain([vitals::build()])
            .chain(Family::of(&Vitals::read(self.control.started)))
            .chain(Family::of(&hooks))
            .chain(Family::of(&conference.gauges()))
            .chain(Family::of(conference.counters()))
            .chain(Family::of(&conference.ledger().numbers()))
            .chain(by_code)
            .chain(of_funnel(conference.funnel()))
            .chain(workers)
            .chain(control.more.iter().flat_map(|more| more()))
            .collect()
    }
}

/// How far people come, and where they are lost: of each step, those who reached it are those who reached the next one, were lost or
/// settled there, or are there now.
fn of_funnel(funnel: &Funnel) -> [Family; 4] {
    let on_way = JoinStep::ALL.into_iter().filter(|step| *step != JoinStep::Shown);
    let reached = JoinStep::ALL.into_iter().map(|step| (step.word(), funnel.reached(step)));
    [
        Family::by(
            "step",
            "join_funnel",
            "People on their way into a call, by the step they reached. Of the pages that were sent nobody knows whose they are.",
            Kind::Counter,
            [("page", funnel.pages)].into_iter().chain(reached),
        ),
        Family::by_two(
            ["step", "cause"],
            "join_funnel_lost",
            "Of these, those who were lost, by the last step they reached and by cause.",
            Kind::Counter,
            funnel.lost().map(|(step, loss, count)| ([step.word(), loss.word()], count)),
        ),
        Family::by_two(
            ["step", "as"],
            "join_funnel_settled",
            "Of these, those who arrived and have nothing to see, by the last step they reached and by why.",
            Kind::Counter,
            funnel.settled().map(|(step, settled, count)| ([step.word(), settled.word()], count)),
        ),
        Family::by(
            "step",
            "join_funnel_on_way",
            "Of these, those who are on the way now, by the last step they reached.",
            Kind::Gauge,
            on_way.map(|step| (step.word(), funnel.on_way(step))),
        ),
    ]
}

/// The code as clients read it.
pub(super) fn word_of(code: ErrorCode) -> String {
    serde_json::to_value(code).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}
