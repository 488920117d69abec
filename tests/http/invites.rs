//! Links for others in the network: a browser on the machine itself is told them, and nobody else is.

use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};

use plenary::control::ControlConfig;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Folder, Server, connect_from};
use crate::process::PROGRAM;

fn addresses() -> Vec<IpAddr> {
    ["192.0.2.7", "2001:db8::7", "127.0.0.1", "::1"].map(|address| address.parse().unwrap()).to_vec()
}

fn at_home() -> ControlConfig {
    ControlConfig { addresses: Some(addresses), ..ControlConfig::default() }
}

const BROWSER: &str = "Sec-Fetch-Site: same-origin\r\nAccept: */*\r\n";

fn ask(server: &Server, from: Ipv4Addr, host: &str, lines: &str) -> Answer {
    let mut client = Client::new(connect_from(from, server.port).unwrap());
    client.say(&format!("GET /api/invites/team-room HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n"));
    client.answer()
}

fn urls(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let links = body["links"].as_array().unwrap();
    links.iter().map(|link| link["url"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_browser_at_the_machine_is_told_the_links_for_others_with_a_code_for_each() {
    let server = Server::with(at_home());
    let port = server.port;
    let expected = vec![
        format!("http://192.0.2.7:{port}/r/team-room"),
        format!("http://[2001:db8::7]:{port}/r/team-room"),
    ];
    for host in ["localhost", "LocalHost:8443", "127.0.0.1", "127.0.0.44:1", "[::1]:8443", "a.localhost"] {
        let answer = ask(&server, Ipv4Addr::LOCALHOST, host, BROWSER);
        assert_eq!((answer.status, urls(&answer)), (200, expected.clone()), "{host}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "the next network has others");
    }
    let origin = format!("Origin: http://localhost:{port}\r\n{BROWSER}");
    let answer = ask(&server, Ipv4Addr::LOCALHOST, &format!("localhost:{port}"), &origin);
    assert_eq!(urls(&answer), expected);
    for (link, url) in answer.json()["links"].as_array().unwrap().iter().zip(&expected) {
        assert_eq!(read(&link["qr"]).as_deref(), Some(url.as_str()));
    }
}

/// What a phone reads.
fn read(rows: &Value) -> Option<String> {
    let rows: Vec<&[u8]> = rows.as_array()?.iter().map(|row| row.as_str().unwrap().as_bytes()).collect();
    let side = (rows.len() + 8) * 4;
    let dark =
        |y: usize, x: usize| Some(*rows.get((y / 4).checked_sub(4)?)?.get((x / 4).checked_sub(4)?)? == b'1');
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
        if dark(y, x) == Some(true) { 0 } else { 255 }
    });
    Some(image.detect_grids().first()?.decode().ok()?.1)
}

#[test]
fn nobody_else_is_told() {
    let server = Server::with(at_home());
    let here = Ipv4Addr::LOCALHOST;
    let told_nothing = |host: &str, lines: &str| {
        let answer = ask(&server, here, host, lines);
        assert_eq!((answer.status, answer.json()), (200, json!({ "links": [] })), "{host} {lines}");
    };
    // DNS rebinding, and pages opened at an address that others have, too.
    for host in ["evil.example", "localhost.evil.example", "192.0.2.7", "0.0.0.0", "[2001:db8::7]"] {
        told_nothing(host, BROWSER);
    }
    // A proxy on the same machine, whatever it does to Host.
    for line in [
        "X-Forwarded-For: 198.51.100.9\r\n",
        "X-Forwarded-Proto: https\r\n",
        "X-Real-IP: 198.51.100.9\r\n",
        "Forwarded: for=198.51.100.9\r\n",
        "Via: 1.1 proxy\r\n",
        "Connection: close\r\n",
    ] {
        told_nothing("localhost", &format!("{BROWSER}{line}"));
    }
    // Somebody's page elsewhere, whose visitor sits at the machine.
    for line in [
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: https://evil.example\r\n",
        "Origin: http://localhost:9\r\n",
        "Origin: null\r\n",
    ] {
        told_nothing("localhost", line);
    }
    // As nginx asks where nothing else is said.
    let answer = server.ask("GET /api/invites/team-room HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assert_eq!(answer.json(), json!({ "links": [] }));
}

#[test]
fn neither_a_trusted_proxy_nor_anybody_behind_one_is_told() {
    let trusted_proxies = vec!["127.0.0.3/32".parse().unwrap()];
    let server = Server::with(ControlConfig { trusted_proxies, ..at_home() });
    let proxy = Ipv4Addr::new(127, 0, 0, 3);
    for lines in ["", "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: localhost\r\n"] {
        assert_eq!(ask(&server, proxy, "localhost", lines).json(), json!({ "links": [] }), "{lines}");
    }
    assert_eq!(urls(&ask(&server, Ipv4Addr::LOCALHOST, "localhost", "")).len(), 2, "it is nobody's word");
}

#[test]
fn links_are_by_the_names_and_at_the_addresses_that_are_served() {
    let links = |config: ControlConfig| {
        let server = Server::with(config);
        let port = server.port.to_string();
        let urls = urls(&ask(&server, Ipv4Addr::LOCALHOST, "localhost", BROWSER));
        urls.into_iter().map(|url| url.replace(&port, "PORT")).collect::<Vec<String>>()
    };
    let hosts = vec!["localhost".parse().unwrap(), "desk.example".parse().unwrap()];
    assert_eq!(links(ControlConfig { hosts, ..at_home() }), ["http://desk.example:PORT/r/team-room"]);
    let http_addresses = vec![Ipv4Addr::LOCALHOST.into()];
    assert_eq!(links(ControlConfig { http_addresses, ..at_home() }), [""; 0], "nobody else is served");
    let http_addresses = vec![Ipv4Addr::UNSPECIFIED.into()];
    assert_eq!(links(ControlConfig { http_addresses, ..at_home() }), ["http://192.0.2.7:PORT/r/team-room"]);
    assert_eq!(links(ControlConfig::default()), [""; 0], "behind a proxy, or with a certificate of a name");
}

#[test]
fn what_can_be_no_room_has_no_link() {
    let server = Server::with(at_home());
    let longest = "a".repeat(128);
    for (id, status) in
        [(longest.as_str(), 200), (&format!("{longest}a"), 404), ("", 404), ("a/b", 404), ("%22%3E", 404)]
    {
        assert_eq!(server.get(&format!("/api/invites/{id}")).status, status, "{id}");
    }
    assert_eq!(server.post("/api/invites/a", "{}").status, 405);
}

/// What the server says when it is ready. `script` (util-linux) gives it a terminal, and passes on what it says there. Both
/// end the server when nothing more comes from here.
#[cfg(target_os = "linux")]
fn greeting(on_terminal: bool) -> String {
    let folder = Folder::new();
    let flags = "--http-port 0 --udp-port 0 --host localhost,192.0.2.7";
    let program = format!("'{PROGRAM}' {flags} & read line; kill $!; wait");
    let mut command = Command::new(if on_terminal { "script" } else { "sh" });
    let arguments =
        if on_terminal { &["-q", "-c", &program, "/dev/null"][..] } else { &["-c", program.as_str()] };
    command.args(arguments).env_remove("NO_COLOR").current_dir(folder.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("says how to go on") {
        assert_ne!(output.read_line(&mut text).unwrap(), 0, "it ended: {text}");
    }
    drop(child.stdin.take());
    output.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    text
}

#[cfg(target_os = "linux")]
#[test]
fn a_person_at_a_terminal_is_shown_a_code_for_phones_and_a_log_is_not() {
    let (shown, logged) = (greeting(true), greeting(false));
    for text in [&shown, &logged] {
        assert!(text.contains("On this machine:  https://localhost:"), "{text}");
        assert!(text.contains("In your network:  https://192.0.2.7:"), "{text}");
    }
    assert!(shown.contains("For a phone") && shown.contains('█'), "{shown}");
    assert!(!logged.contains("For a phone") && !logged.contains('█'), "{logged}");
}
