//! What `--metrics` tells: every row of every table, once, and to nobody's cost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use plenary::conference;
use plenary::control::vitals::Vitals;
use plenary::control::{ControlConfig, ControlCounters};
use plenary::limits::{Limit, Limits};
use plenary::media;
use plenary::metrics::{Kind, Table};
use plenary::webhooks::HookCounters;
use plenary::worker::{PoolCounters, TcpCounters, UdpCounters, WorkerCounters};

use crate::harness::{Answer, Client, Folder, PATIENCE, Server};
use crate::openmetrics::{self, Family};
use crate::process::{PROGRAM, Process};

/// A server that tells its numbers, and where.
pub fn telling(arguments: &[&str]) -> (Process, SocketAddr, Folder) {
    let folder = Folder::new();
    let mut command = Command::new(PROGRAM);
    command.args(["--plain-http", "--http-port", "0", "--udp-port", "0", "--metrics", "127.0.0.1:0"]);
    command.args(arguments);
    let process = Process::start(command, &folder);
    let log = process.log();
    let told = log.split("http://").nth(1).and_then(|rest| rest.split("/metrics").next());
    let address = told.unwrap_or_else(|| panic!("{log}")).parse().unwrap();
    (process, address, folder)
}

fn ask(address: SocketAddr, request: &str) -> Answer {
    let mut client = Client::new(TcpStream::connect(address).unwrap());
    client.say(request);
    client.answer()
}

fn scrape(address: SocketAddr) -> BTreeMap<String, Family> {
    let answer = ask(address, "GET /metrics HTTP/1.1\r\nHost: plenary:9464\r\n\r\n");
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").unwrap();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    openmetrics::parse(answer.text()).unwrap()
}

/// The number of a family without labels, or of the one with this value of its label.
pub fn number(address: SocketAddr, name: &str, label: Option<&str>) -> u64 {
    let families = scrape(address);
    let family = families.get(name).unwrap_or_else(|| panic!("{name} is not told"));
    let is_it = |labels: &BTreeMap<String, String>| {
        label.map_or(labels.is_empty(), |label| labels.values().any(|value| value == label))
    };
    family.samples.iter().find(|(labels, _)| is_it(labels)).map_or(0, |(_, value)| *value)
}

pub fn wait_for(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < PATIENCE, "it does not come to pass");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Name, type, help and unit of every row.
fn rows_of<T: Table>() -> impl Iterator<Item = (String, Kind, String, Option<String>)> {
    T::ROWS.iter().map(|row| {
        let unit = row.unit.map(str::to_owned);
        (format!("plenary_{}", row.name), row.kind, row.help.trim().to_owned(), unit)
    })
}

#[test]
fn every_row_of_every_table_is_told_once_with_its_type_and_its_help() {
    let (process, address, _folder) = telling(&["--workers", "2"]);
    // Families by status and by code have a number once they moved.
    let mut socket = crate::harness::websocket(process.port);
    socket.send(tungstenite::Message::Binary(vec![0].into())).unwrap();
    while socket.read().is_ok() {}
    let families = scrape(address);
    let rows: Vec<_> = rows_of::<media::Counters>()
        .chain(rows_of::<UdpCounters>())
        .chain(rows_of::<TcpCounters>())
        .chain(rows_of::<WorkerCounters>())
        .chain(rows_of::<PoolCounters>())
        .chain(rows_of::<ControlCounters>())
        .chain(rows_of::<Vitals>())
        .chain(rows_of::<HookCounters>())
        .chain(rows_of::<conference::Counters>())
        .chain(rows_of::<conference::Gauges>())
        .collect();
    let names: BTreeSet<&str> = rows.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names.len(), rows.len(), "two rows have one name");
    for (name, kind, help, unit) in &rows {
        let family = families.get(name).unwrap_or_else(|| panic!("{name} is not told"));
        let expected = if *kind == Kind::Counter { "counter" } else { "gauge" };
        assert_eq!((family.kind.as_str(), &family.help, &family.unit), (expected, help, unit), "{name}");
        assert_eq!(family.samples.len(), 1, "{name}");
        assert!(help.ends_with('.') && !help.contains(['[', '`', '\n']), "{name}: {help}");
        let named_so = !name.ends_with("_total") && unit.as_ref().is_none_or(|unit| name.ends_with(unit));
        assert!(named_so, "{name}");
    }
    // The others have a number for each value of one label, and no label says who somebody is.
    let labelled: BTreeMap<_, _> =
        families.iter().filter(|(name, _)| !names.contains(name.as_str())).collect();
    for (name, family) in &labelled {
        let labels: Vec<_> = openmetrics::label_names(family).into_iter().collect();
        assert!(
            matches!(
                labels[..],
                [] | ["code" | "status" | "limit" | "worker" | "version" | "step"]
                    | ["as" | "cause", "step"]
                    | ["step", "as" | "cause"]
            ),
            "{name}: {labels:?}"
        );
    }
    let limits = &labelled[&"plenary_limit_hits".to_owned()].samples;
    assert_eq!(limits.len(), Limit::ALL.len());
    assert_eq!(labelled[&"plenary_limit_value".to_owned()].samples.len(), Limit::ALL.len());
    documented(&families);
}

/// `docs/metrics.md` has a line for each family, and no other. `PLENARY_WRITE_DOCS=1` writes them.
fn documented(families: &BTreeMap<String, Family>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let text = fs::read_to_string(path).unwrap();
    let mut lines = String::new();
    for (name, family) in families {
        let label =
            openmetrics::label_names(family).first().map_or(String::new(), |label| format!("{{{label}}}"));
        let suffix = if family.kind == "counter" { "_total" } else { "" };
        writeln!(lines, "| `{name}{suffix}{label}` | {} | {} |", family.kind, family.help).unwrap();
    }
    let (before, rest) = text.split_once("|---|---|---|\n").unwrap();
    let end = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
    if std::env::var_os("PLENARY_WRITE_DOCS").is_some() {
        fs::write(path, format!("{before}|---|---|---|\n{lines}{}", &rest[end..])).unwrap();
        return;
    }
    let how = "PLENARY_WRITE_DOCS=1 cargo test --features faults --test http metrics writes docs/metrics.md";
    for (told, written) in lines.lines().zip(rest[..end].lines()) {
        assert_eq!(told, written, "{how}");
    }
    assert_eq!(lines.lines().count(), rest[..end].lines().count(), "{how}");
}

#[test]
fn numbers_move_with_what_happens_on_each_thread() {
    let (process, address, _folder) = telling(&["--workers", "2", "--log", "debug"]);
    assert_eq!(number(address, "plenary_worker_threads", None), 2);
    let mut client = process.connect();
    client.say("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().status, 404);
    assert_eq!(number(address, "plenary_http_answers", Some("404")), 1);
    assert_eq!(number(address, "plenary_http_connections", None), 1);
    let mut socket = crate::harness::websocket(process.port);
    socket.send("nonsense".into()).unwrap();
    socket.read().unwrap();
    assert_eq!(number(address, "plenary_conference_sockets", None), 1);
    assert_eq!(number(address, "plenary_conference_errors", Some("bad-message")), 1);
    let log = process.log();
    let ports = log.split("UDP and TCP port ").skip(1).map(|rest| rest.split_once(['\n', ',']).unwrap().0);
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for port in ports {
        udp.send_to(b"garbage", (Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap();
    }
    wait_for(|| number(address, "plenary_core_unknown", None) == 2);
}

/// A worker that failed takes nothing with it that it told.
#[cfg(feature = "faults")]
#[test]
fn a_sum_never_goes_back_when_a_worker_is_replaced() {
    let (process, address, _folder) = telling(&[]);
    let log = process.log();
    let port = log.split("UDP and TCP port ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    udp.send_to(b"garbage", (Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap();
    wait_for(|| number(address, "plenary_core_unknown", None) == 1);
    let answers = number(address, "plenary_worker_answers", None);
    let fault = r#"{"worker": 0, "fault": "panic"}"#;
    let mut client = process.connect();
    client.say(&format!(
        "POST /api/faults HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{fault}",
        fault.len()
    ));
    assert_eq!(client.answer().status, 202);
    wait_for(|| number(address, "plenary_worker_replaced", None) == 1);
    assert_eq!(number(address, "plenary_core_unknown", None), 1);
    wait_for(|| number(address, "plenary_worker_answers", None) > answers);
    assert_eq!(number(address, "plenary_worker_threads", None), 1);
}

#[test]
fn only_the_numbers_are_there_and_only_to_be_read() {
    let server = Server::start();
    let say = |request: &str| ask(server.metrics, request);
    assert_eq!(say("GET /metrics?x=1 HTTP/1.0\r\n\r\n").status, 200);
    assert_eq!(say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
    assert_eq!(say("GET /api/rooms HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
    let refused = say("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(say("nonsense\r\n\r\n").status, 400);
    let long = "x".repeat(Limit::HttpHeadBytes.default_value());
    assert_eq!(say(&format!("GET /metrics HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n")).status, 431);
    let mut client = server.connect_to_metrics();
    client.say("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.answer_to_head();
    assert!(head.header("content-length").unwrap().parse::<usize>().unwrap() > 1_000);
    assert!(client.is_ended());
    assert_eq!(server.get("/metrics").status, 404, "clients do not find them");
}

#[test]
fn a_scraper_that_stalls_costs_nobody() {
    let limits = Limits::default().with(Limit::HttpHeadMillis, 1_000);
    let places = limits.get(Limit::MetricsConnections);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    let mut stalled: Vec<Client> = (0..places * 2).map(|_| server.connect_to_metrics()).collect();
    for (number, client) in stalled.iter_mut().enumerate() {
        // Some say nothing, some half of a request, some take nothing of the answer; the first ones are gone by now.
        let said = ["", "GET /metr", "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"][number % 3];
        let _ = client.try_say(said.as_bytes());
    }
    let families = scrape(server.metrics);
    assert!(!families.is_empty(), "who comes next is served");
    let began = Instant::now();
    assert_eq!(server.get("/healthz").status, 200);
    assert!(began.elapsed() < Duration::from_millis(500), "clients wait for nobody: {:?}", began.elapsed());
    let mut last = stalled.pop().unwrap();
    assert!(last.is_ended(), "its time ends");
    drop(stalled);
    let tally = server.stop();
    assert!(tally.count(Limit::MetricsConnections) >= places as u64, "{tally:?}");
    assert!(tally.count(Limit::HttpHeadMillis) > 0, "{tally:?}");
}
