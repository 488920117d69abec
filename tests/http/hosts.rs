//! Whom the server answers to: its addresses, its names, and what it promises about them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::process::Command;

use plenary::control::ControlConfig;
use plenary::control::certificate::{CertificateFiles, CertificateSource, Tls};

use crate::harness::{Answer, Client, Folder, PATIENCE, Server};
use crate::process::{PROGRAM, Process};

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn named() -> ControlConfig {
    let hosts = vec!["meet.example.org".parse().unwrap(), "192.0.2.7".parse().unwrap()];
    ControlConfig { hosts, ..ControlConfig::default() }
}

#[test]
fn a_server_with_a_name_is_nothing_under_another() {
    let server = Server::with(named());
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: meet.example.org\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: Meet.Example.ORG.:8443\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: 192.0.2.7\r\n", 200),
        ("GET http://meet.example.org/ HTTP/1.0\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: meet.example.org.evil.example\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", 421),
        ("GET / HTTP/1.0\r\n", 421),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n", 421),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: meet.example.org\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: meet.example.org\r\n", 421),
        ("GET /api/rooms HTTP/1.1\r\nHost: evil.example\r\n", 421),
        ("HEAD /r/a HTTP/1.1\r\nHost: evil.example\r\n", 421),
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\n", 200),
        ("GET /readyz HTTP/1.0\r\n", 200),
    ] {
        let mut client = server.connect();
        client.say(&format!("{request}\r\n"));
        let head = request.starts_with("HEAD");
        let answer = if head { client.answer_to_head() } else { client.answer() };
        assert_eq!(answer.status, status, "{request}");
        if status == 421 {
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert!(client.is_ended(), "{request}");
        }
    }
}

/// DNS rebinding: a stranger's page whose name leads here. To the browser Origin and Host agree.
#[test]
fn a_strangers_name_that_leads_here_opens_no_socket_and_makes_no_room() {
    let server = Server::with(named());
    let upgrade = |host: &str| {
        server
            .ask(&format!("GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n{UPGRADE}\r\n"))
            .status
    };
    assert_eq!((upgrade("meet.example.org"), upgrade("evil.example:8080")), (101, 421));
    let mut client = server.connect();
    client.say(
        "POST /api/rooms HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\
         Expect: 100-continue\r\n\r\n",
    );
    assert_eq!(client.answer().status, 421, "at once: it is not told to go on");
    assert!(client.is_ended());
}

#[test]
fn behind_a_trusted_proxy_the_name_is_the_one_the_proxy_says() {
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let server = Server::with(ControlConfig { trusted_proxies, ..named() });
    let ask = |lines: &str| server.ask(&format!("GET / HTTP/1.1\r\nHost: backend\r\n{lines}\r\n")).status;
    assert_eq!(ask("X-Forwarded-Host: meet.example.org\r\n"), 200);
    assert_eq!(ask("X-Forwarded-Host: evil.example\r\n"), 421);
    assert_eq!(ask("X-Forwarded-Host: ?\r\n"), 421);
    assert_eq!(ask(""), 421);
}

fn with_tls(folder: &Folder, config: ControlConfig) -> Server {
    let (directory, addresses) = (folder.path().to_owned(), Vec::new());
    let tls = Some(Tls::load(CertificateSource::Directory { directory, addresses }).unwrap());
    Server::with(ControlConfig { tls, ..config })
}

#[test]
fn who_forgets_the_s_of_https_is_sent_there() {
    let folder = Folder::new();
    let server = with_tls(&folder, ControlConfig::default());
    for (request, status, address) in [
        (
            "GET /r/caf%C3%A9?x HTTP/1.1\r\nHost: localhost:8443\r\n\r\n",
            308,
            Some("https://localhost:8443/r/caf%C3%A9?x"),
        ),
        ("GET http://a:80/x HTTP/1.1\r\nHost: a\r\n\r\n", 308, Some("https://a:80/x")),
        // A path that looks like a host stays a path.
        ("GET //evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 308, Some("https://a//evil.example/")),
        (
            "POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"name\":\"abc\"}",
            308,
            Some("https://a/api/rooms"),
        ),
        (
            "POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\nExpect: 100-continue\r\n\r\n",
            308,
            Some("https://a/api/rooms"),
        ),
        ("GET / HTTP/1.0\r\n\r\n", 400, None),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, None),
        ("GET / HTTP/1.1\r\nHost: evil.example/?\r\n\r\n", 400, None),
        ("GET / HTTP/1.1\r\nHost: a@evil.example\r\n\r\n", 400, None),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, None),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, None),
    ] {
        let mut client = server.connect();
        client.say(request);
        let answer = client.answer();
        assert_eq!((answer.status, answer.header("location")), (status, address), "{request}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "no cache gives it to others");
        assert!(client.is_ended(), "nothing is served in the clear");
    }
}

#[test]
fn nobody_is_sent_to_a_name_that_is_not_the_servers() {
    let folder = Folder::new();
    let server = with_tls(&folder, named());
    let ask = |host: &str| {
        let answer = server.ask(&format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        (answer.status, answer.header("location").map(str::to_owned))
    };
    assert_eq!(ask("meet.example.org"), (308, Some("https://meet.example.org/healthz".to_owned())));
    assert_eq!(ask("evil.example"), (421, None));
}

/// What a request over TLS for `host` is answered.
pub fn over_tls(only_https: bool, host: &str) -> Answer {
    let folder = Folder::new();
    let files = CertificateFiles::ensure(folder.path(), &[]).unwrap();
    let server = with_tls(&folder, ControlConfig { only_https, ..ControlConfig::default() });
    let mut client = server.connect_tls(&files, "localhost");
    client.say(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    client.answer()
}

#[test]
fn browsers_are_told_to_stay_with_https_only_for_a_name_whose_certificate_lasts() {
    for (only_https, host, told) in [
        (true, "meet.example.org", true),
        (true, "meet.example.org:8443", true),
        (true, "localhost", false),
        (true, "a.localhost:8443", false),
        (true, "192.0.2.7", false),
        (true, "[2001:db8::7]:8443", false),
        (false, "meet.example.org", false),
    ] {
        let answer = over_tls(only_https, host);
        assert_eq!(answer.header("strict-transport-security").is_some(), told, "{only_https} {host}");
    }
    let plain = Server::with(ControlConfig { only_https: true, ..ControlConfig::default() });
    assert_eq!(plain.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").header("strict-transport-security"), None);
}

fn is_served(address: impl Into<IpAddr>, port: u16) -> bool {
    let Ok(stream) = TcpStream::connect((address.into(), port)) else { return false };
    let mut client = Client::new(stream);
    client.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer().text() == "ok\n"
}

/// The whole of 127.0.0.0/8 is the machine's own, so another address of it stands for one that others reach.
#[test]
fn pages_are_served_at_the_addresses_named_and_no_other() {
    // Nobody's address in other tests: what they connect from holds ports.
    let (one, two) = (Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 44));
    let on = |http_addresses: &[IpAddr]| {
        let server = Server::with(ControlConfig {
            http_addresses: http_addresses.to_vec(),
            ..ControlConfig::default()
        });
        [one.into(), two.into(), IpAddr::from(Ipv6Addr::LOCALHOST)]
            .map(|address| is_served(address, server.port))
    };
    assert_eq!(on(&[]), [true; 3]);
    assert_eq!(on(&[one.into()]), [true, false, false]);
    assert_eq!(on(&[one.into(), two.into()]), [true, true, false]);
    assert_eq!(on(&[Ipv6Addr::LOCALHOST.into(), one.into()]), [true, false, true]);
}

#[test]
fn without_tls_only_the_machine_itself_is_served_unless_told_otherwise() {
    let folder = Folder::new();
    let start = |flags: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args(["--plain-http", "--http-port", "0", "--udp-port", "0"]).args(flags);
        Process::start(command, &folder)
    };
    let process = start(&[]);
    let other = Ipv4Addr::new(127, 0, 0, 44);
    assert!(is_served(Ipv4Addr::LOCALHOST, process.port) && is_served(Ipv6Addr::LOCALHOST, process.port));
    assert!(!is_served(other, process.port));
    drop(process);
    let process = start(&["--http-address", "0.0.0.0"]);
    assert!(is_served(other, process.port));
}

#[test]
fn a_page_that_is_refused_behind_a_proxy_that_rewrites_host_is_in_the_log_once_a_minute_with_both_hosts() {
    let folder = Folder::new();
    let mut command = Command::new(PROGRAM);
    command.args(["--plain-http", "--http-port", "0", "--udp-port", "0"]);
    let process = Process::start(command, &folder);
    for origin in ["https://meet.example.org", "https://meet.example.org", "https://meet.example.org:7"] {
        let mut client = process.connect();
        client.say(&format!("GET /ws HTTP/1.1\r\nHost: backend:8080\r\nOrigin: {origin}\r\n{UPGRADE}\r\n"));
        let answer = client.answer();
        assert_eq!(answer.status, 403);
        assert!(answer.json()["detail"].as_str().unwrap().contains("host differs"), "{}", answer.text());
    }
    // Who is refused for another reason comes after them in the log.
    let mut client = Client::new(TcpStream::connect((Ipv6Addr::LOCALHOST, process.port)).unwrap());
    client.say(&format!("GET /ws HTTP/1.1\r\nHost: backend\r\nOrigin: null\r\n{UPGRADE}\r\n"));
    let start = std::time::Instant::now();
    while process.log().matches("refused its WebSocket").count() < 2 && start.elapsed() < PATIENCE {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let log = process.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("refused its WebSocket")).collect();
    assert_eq!(lines.len(), 2, "one for each address: {log}");
    for part in
        ["WARN", "Origin says https://meet.example.org,", "Host says backend:8080 ", "--trusted-proxy"]
    {
        assert!(lines[0].contains(part), "{part}: {log}");
    }
    assert!(lines[1].contains("Origin says nothing that can be read, the Host says backend "), "{log}");
}

/// Pages of other sites: those that the operator named may ask, open sockets and show ours in a frame; no others.
#[test]
fn pages_of_other_sites_may_use_it_if_they_are_named() {
    let origins = vec!["https://app.example.org".parse().unwrap()];
    let server = Server::with(ControlConfig { origins, ..ControlConfig::default() });
    let ask = |method: &str, path: &str, origin: &str, more: &str| {
        server.ask(&format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n{more}\r\n"))
    };
    let allowed = "access-control-allow-origin";
    for (origin, named) in [
        ("https://app.example.org", true),
        ("https://APP.example.org:443", true),
        ("http://app.example.org", false),
        ("https://app.example.org:8443", false),
        ("https://app.example.org.evil.example", false),
        ("null", false),
    ] {
        let listed = ask("GET", "/api/rooms", origin, "");
        let told = named.then_some("https://app.example.org");
        assert_eq!(
            (listed.status, listed.header(allowed), listed.header("vary")),
            (200, told, Some("origin")),
            "{origin}"
        );
        let preflight = ask("OPTIONS", "/api/rooms", origin, "Access-Control-Request-Method: POST\r\n");
        let methods = named.then_some("GET, POST, PATCH, DELETE");
        assert_eq!(preflight.header("access-control-allow-methods"), methods, "{origin}");
        assert_eq!((preflight.status == 204, preflight.header(allowed)), (named, told), "{origin}");
        let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let mut client = server.connect();
        client.say(&format!("GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n{upgrade}\r\n"));
        assert_eq!(client.answer().status, if named { 101 } else { 403 }, "{origin}");
    }
    let policy = |server: &Server| server.get("/").header("content-security-policy").unwrap().to_owned();
    assert!(policy(&server).contains("frame-ancestors https://app.example.org;"), "{}", policy(&server));
    let alone = Server::start();
    assert!(policy(&alone).contains("frame-ancestors 'none'"), "{}", policy(&alone));
    let answer =
        alone.ask("GET /api/rooms HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.org\r\n\r\n");
    assert_eq!((answer.header(allowed), answer.header("vary")), (None, None));
}

/// Who is named for frames alone shows the page in one, and is a stranger otherwise.
#[test]
fn sites_that_may_show_it_in_a_frame_may_do_nothing_else() {
    let origins = vec!["https://app.example.org".parse().unwrap()];
    let frame_ancestors = ["https://www.example.org", "https://APP.example.org:443"]
        .map(|origin| origin.parse().unwrap())
        .to_vec();
    let server = Server::with(ControlConfig { origins, frame_ancestors, ..ControlConfig::default() });
    for path in ["/", "/r/a", "/e/a"] {
        let page = server.get(path);
        let policy = page.header("content-security-policy").unwrap();
        let framed = "frame-ancestors https://app.example.org https://www.example.org;";
        assert!(page.status == 200 && policy.contains(framed), "{path}: {policy}");
    }
    let page = server.get("/e/a");
    let kept = page.header("etag").unwrap();
    let again = server.ask(&format!("GET /e/a HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {kept}\r\n\r\n"));
    let policy = "content-security-policy";
    assert_eq!(
        (again.status, again.header(policy)),
        (304, page.header(policy)),
        "else a browser keeps another one"
    );
    let told = server.get("/api/frames");
    let origins = serde_json::json!(["https://app.example.org", "https://www.example.org"]);
    assert_eq!((told.status, &told.json()["origins"]), (200, &origins));
    let ask = |path: &str, more: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://www.example.org\r\n");
        let mut client = server.connect();
        client.say(&format!("{head}{more}\r\n"));
        client.answer()
    };
    assert_eq!(ask("/api/rooms", "").header("access-control-allow-origin"), None);
    assert_eq!(ask("/ws", UPGRADE).status, 403);
    let alone = Server::start();
    assert_eq!(alone.get("/api/frames").json()["origins"], serde_json::json!([]));
}

/// The page for frames has an address of its own, and that is one, too.
#[test]
fn the_page_for_frames_is_the_rooms_at_an_address_of_its_own() {
    let server = Server::start();
    let ask = |path: &str| server.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_eq!(ask("/e/tea-club").text(), ask("/r/tea-club").text());
    for path in ["/E/tea-club", "/e/Tea-Club", "/e/tea-club/", "/e/tea%2dclub"] {
        let answer = ask(path);
        assert_eq!((answer.status, answer.header("location")), (307, Some("/e/tea-club")), "{path}");
    }
    assert_eq!(ask("/e/").status, 404);
}
