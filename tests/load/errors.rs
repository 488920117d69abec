//! Why there is no result: one sentence each, and what to do.

use std::net::{Ipv4Addr, TcpListener};

use crate::server::{Server, load};

/// What a load said that could not be, on one line.
fn refused(output: &std::process::Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.starts_with("plenary: ") && said.lines().count() == 1, "{said}");
    said
}

#[test]
fn where_no_server_is_it_says_so() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let said = refused(&load(&["--url", &format!("http://127.0.0.1:{port}")]));
    assert!(said.contains("no server answers"), "{said}");
    let said = refused(&load(&["--url", "http://nowhere.invalid:1"]));
    assert!(said.contains("cannot be found"), "{said}");
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused_and_its_own_file_is_trusted() {
    let server = Server::start(&[]);
    let other = Server::start(&[]);
    let file = |server: &Server| server.folder.path().join("certs/cert.pem").to_string_lossy().into_owned();
    let said = refused(&server.load(&["--certificate", &file(&other)]));
    assert!(said.contains("cannot be trusted") && said.contains("--insecure"), "{said}");
    let said = refused(&server.load(&["--certificate", "/nowhere.pem"]));
    assert!(said.contains("/nowhere.pem has no certificate"), "{said}");
    let output = server.load(&["--certificate", &file(&server), "--duration", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_the_server_refuses_is_told_with_the_limit_to_raise() {
    for (limit, flags, expected) in [
        ("peers-per-room=2", &["--subscribers", "4"][..], "--limit peers-per-room="),
        (
            "rooms-made-per-minute-per-address=1",
            &["--rooms", "5"],
            "--limit rooms-made-per-minute-per-address=5",
        ),
        ("sockets-per-address=2", &["--subscribers", "4"], "sockets-per-address="),
    ] {
        let server = Server::start(&["--plain-http", "--limit", limit]);
        let said = refused(&server.load(flags));
        assert!(said.contains(expected), "{limit}: {said}");
    }
}

#[test]
fn where_nobody_comes_in_without_a_token_one_is_shown_or_asked_for() {
    let server = Server::start(&["--plain-http", "--auth", "token"]);
    let said = refused(&server.load(&[]));
    assert!(said.contains("--pass") && said.contains("--create"), "{said}");
    let token = server.token(&["--room", "load-*", "--create"]);
    std::fs::write(server.folder.path().join("pass"), &token).expect("a file");
    let file = server.folder.path().join("pass").to_string_lossy().into_owned();
    let output = server.load(&["--pass-file", &file, "--duration", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let elsewhere = server.token(&["--room", "den"]);
    assert!(refused(&server.load(&["--pass", elsewhere.trim()])).contains("--pass"));
}

#[test]
fn http_for_https_and_https_for_http_are_told_apart_from_a_stranger() {
    for (flags, right) in [(&[][..], "--url https://localhost:"), (&["--plain-http"], "speaks no TLS")] {
        let server = Server::start(flags);
        let (scheme, rest) =
            server.url().split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a URL");
        let wrong = if scheme == "http" { "https" } else { "http" };
        let said = refused(&load(&["--url", &format!("{wrong}:{rest}")]));
        assert!(said.contains(right) && !said.contains("no Plenary"), "{said}");
    }
}

#[test]
fn a_process_or_numbers_that_are_not_there_are_an_error() {
    let server = Server::start(&["--plain-http"]);
    let said = refused(&server.load(&["--pid", "4194305"]));
    assert!(said.contains("4194305"), "{said}");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let said = refused(&server.load(&["--pid", &server.pid(), "--metrics", &address]));
    assert!(said.contains("no numbers") && said.contains(&address), "{said}");
    let port = server.url().rsplit(':').next().map(|port| format!("127.0.0.1:{port}")).expect("a port");
    let said = refused(&server.load(&["--pid", &server.pid(), "--metrics", &port]));
    assert!(said.contains("something else answers"), "{said}");
}
