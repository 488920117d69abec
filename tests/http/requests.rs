//! Pages and what protects them; what the server makes of good and bad requests.

use std::io::Write;
use std::net::{Ipv6Addr, TcpStream};

use plenary::control::ControlConfig;
use plenary::control::certificate::{CertificateFiles, CertificateSource, Tls};
use plenary::limits::{Limit, Limits};

use crate::harness::{Client, Folder, Server};

#[test]
fn a_page_comes_with_what_protects_it() {
    let server = Server::start();
    for (path, text) in [("/", "Plenary"), ("/r/my-room", "Room")] {
        let page = server.get(path);
        assert_eq!(page.status, 200);
        assert!(page.text().contains(text), "{path}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("cache-control"), Some("no-cache"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        let policy = page.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
            // Browsers to which 'self' is no WebSocket (Safari before 15.4) need it by name.
            "connect-src 'self' ws://localhost wss://localhost;",
        ] {
            assert!(policy.contains(part), "{part}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(page.header("permissions-policy").unwrap().contains("camera=(self)"));
        for held in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            assert_eq!(page.header(held), Some("same-origin"), "{held}");
        }
        assert_eq!(
            page.header("strict-transport-security"),
            None,
            "a self-signed certificate must stay replaceable"
        );
    }
    let script = server.get("/js/main.js");
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(script.header("cross-origin-resource-policy"), Some("same-origin"));
    assert_eq!(script.header("content-security-policy"), None, "a script is no document");
}

#[test]
fn the_server_is_reached_over_ipv6_too() {
    let server = Server::start();
    let mut client = Client::new(TcpStream::connect((Ipv6Addr::LOCALHOST, server.port)).unwrap());
    client.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(client.answer().text(), "ok\n");
}

#[test]
fn head_says_what_get_would_without_the_body() {
    let server = Server::start();
    let mut client = server.connect();
    client.say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.answer_to_head();
    let get = client.answer();
    assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
    assert_eq!(head.header("etag"), get.header("etag"));
}

#[test]
fn an_unchanged_file_is_not_sent_twice_and_a_changed_one_is() {
    let server = Server::start();
    let first = server.get("/js/main.js");
    let tag = first.header("etag").unwrap().to_owned();
    assert!(tag.starts_with('"'), "a strong one: {tag}");
    let again = |tag: &str| {
        server.ask(&format!("GET /js/main.js HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", {tag}\r\n\r\n"))
    };
    for known in [tag.clone(), format!("W/{tag}"), "*".to_owned()] {
        let answer = again(&known);
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{known}");
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
    }
    server.client.put("js/main.js", b"export const answer = 43;");
    assert_eq!(again(&tag).status, 200);
}

#[test]
fn requests_sent_at_once_are_answered_in_order() {
    let server = Server::start();
    let mut client = server.connect();
    let body = r#"{"name":"Pipeline"}"#;
    let length = body.len();
    client.say(&format!(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n\
         POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}\
         GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n\
         GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    ));
    assert!(client.answer().text().contains("Plenary"));
    assert_eq!(client.answer().status, 201);
    assert_eq!(client.answer().text(), "ok\n");
    assert_eq!(client.answer().status, 404);
    assert!(client.is_ended());
}

#[test]
fn a_hundred_requests_at_once_are_all_answered() {
    let server = Server::start();
    let mut client = server.connect();
    client.say(&"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100));
    for _ in 0..100 {
        assert_eq!(client.answer().text(), "ok\n");
    }
}

#[test]
fn a_request_that_comes_byte_by_byte_is_answered() {
    let server = Server::start();
    let mut client = server.connect();
    client.stream().set_nodelay(true).unwrap();
    for byte in "POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}".split_inclusive(|_| true)
    {
        client.say(byte);
    }
    assert_eq!(client.answer().status, 415);
}

#[test]
fn a_client_that_waits_for_leave_to_send_its_body_gets_it() {
    let server = Server::start();
    let mut client = server.connect();
    client.say("POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 14\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.answer().status, 100);
    client.say(r#"{"name":"abc"}"#);
    assert_eq!(client.answer().status, 201);
}

#[test]
fn a_file_larger_than_every_buffer_arrives_whole() {
    let text: Vec<u8> = (0..6_000_000_u32).map(|n| b'a' + u8::try_from(n % 25).unwrap()).collect();
    let server = Server::start();
    server.client.put("big.txt", &text);
    assert!(server.get("/big.txt").body == text);
}

#[test]
fn a_bad_request_gets_its_reason_and_the_connection_ends() {
    let server = Server::start();
    let long = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", "a".repeat(20_000));
    for (request, status) in [
        ("hello\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        ("POST /api/rooms HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        ("POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", 413),
        (long.as_str(), 431),
    ] {
        let mut client = server.connect();
        client.say(request);
        let answer = client.answer();
        assert_eq!(answer.status, status, "{request:.60}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.json()["status"], status);
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
        assert!(client.is_ended(), "{request:.60}");
    }
    let tally = server.stop();
    assert_eq!((tally.count(Limit::HttpHeadBytes), tally.count(Limit::HttpBodyBytes)), (1, 1));
}

#[test]
fn the_reason_reaches_a_client_that_is_still_sending() {
    let server = Server::start();
    let mut client = server.connect();
    client.say("POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n");
    // The server takes it and throws it away: closing with bytes unread would reset the connection.
    client.try_say(&vec![b'x'; 900_000]).unwrap();
    assert_eq!(client.answer().status, 413);
    assert!(client.is_ended());
    assert_eq!(server.stop().count(Limit::HttpBodyBytes), 1);
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let limits = Limits::default().with(Limit::HttpHeadMillis, 200);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    let mut slow = server.connect();
    slow.say("GET / HTTP/1.1\r\nHost:");
    assert_eq!(slow.answer().status, 408);
    assert!(slow.is_ended());
    let mut slow_body = server.connect();
    slow_body.say("POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
    assert_eq!(slow_body.answer().status, 408);
    let mut silent = server.connect();
    assert!(silent.is_ended());
    assert_eq!(server.stop().count(Limit::HttpHeadMillis), 3);
}

#[test]
fn a_person_with_a_broken_link_finds_the_way_home() {
    let server = Server::start();
    let ask = |accept: &str| {
        server.ask(&format!("GET /nowhere HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n"))
    };
    let page = ask("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("<a class=\"button\" href=\"/\" "), "{}", page.text());
    for program in ["*/*", "application/json", "application/problem+json, text/html;q=0.1"] {
        let answer = ask(program);
        let kind = answer.header("content-type");
        assert_eq!((answer.status, kind), (404, Some("application/problem+json")), "{program}");
    }
}

#[test]
fn what_is_not_there_is_404_and_a_wrong_method_is_told_the_right_ones() {
    let server = Server::start();
    for path in ["/nowhere", "/js", "/js/", "/r/", "/r/a/b", "/api/rooms/none", "/api/nothing"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    for (path, method, allowed) in [
        ("/", "POST", "GET, HEAD"),
        ("/healthz", "DELETE", "GET, HEAD"),
        ("/api/rooms", "PUT", "GET, HEAD, POST"),
        ("/ws", "POST", "GET"),
        ("/", "BREW", "GET, HEAD"),
    ] {
        let answer = server.ask(&format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{method} {path}");
    }
}

#[test]
fn no_path_leads_out_of_the_client() {
    let server = Server::start();
    let outside = Folder::new();
    outside.put("secret.txt", b"secret");
    server.client.put(".hidden/secret.txt", b"secret");
    server.client.put("key.pem", b"secret");
    std::os::unix::fs::symlink(outside.path().join("secret.txt"), server.client.path().join("link.txt"))
        .unwrap();
    let name = outside.path().file_name().unwrap().to_str().unwrap().to_owned();
    for path in [
        format!("/../{name}/secret.txt"),
        format!("/..%2f{name}%2fsecret.txt"),
        format!("/%2e%2e/{name}/secret.txt"),
        format!("/js/..%5c..%5c{name}%5csecret.txt"),
        format!("/{}/secret.txt", outside.path().display()),
        "/link.txt".to_owned(),
        "/.hidden/secret.txt".to_owned(),
        "/key.pem".to_owned(),
    ] {
        let answer = server.get(&path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("secret"), "{path}");
    }
}

fn made_here(folder: &Folder) -> Tls {
    let (directory, addresses) = (folder.path().to_owned(), Vec::new());
    Tls::load(CertificateSource::Directory { directory, addresses }).unwrap()
}

#[test]
fn a_browser_that_trusts_the_made_certificate_is_served_over_tls() {
    let folder = Folder::new();
    let files = CertificateFiles::ensure(folder.path(), &[]).unwrap();
    let tls = Some(Tls::load(CertificateSource::Files(files.clone())).unwrap());
    let server = Server::with(ControlConfig { tls, ..ControlConfig::default() });
    let text = vec![b'x'; 3_000_000];
    server.client.put("big.txt", &text);

    for name in ["localhost", "127.0.0.1"] {
        let mut client = server.connect_tls(&files, name);
        client.say("GET /big.txt HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert!(client.answer().body == text);
        assert_eq!(client.answer().text(), "ok\n");
        // rustls reports an end that was not announced, so this is an orderly one.
        assert!(client.is_ended());
    }
}

#[test]
fn bytes_that_are_no_tls_end_only_their_connection() {
    let folder = Folder::new();
    let tls = Some(made_here(&folder));
    let server = Server::with(ControlConfig { tls, ..ControlConfig::default() });
    for bytes in [&b"get\r\n\r\n"[..], &[0x16, 3, 1, 0xff, 0xff], &[0; 5000], &[]] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(bytes).unwrap();
        drop(stream);
    }
    assert_eq!(server.stop().count(Limit::HttpHeadMillis), 0);
}
