//! What each form of a request gets: RFC 9112 and RFC 9110, and where they leave a choice the stricter one.

use crate::harness::Server;

/// A request, the status it gets, and whether the connection goes on after it.
type Form = (String, u16, bool);

const HOST: &str = "Host: a\r\n";

fn get(target: &str, lines: &str) -> String {
    format!("GET {target} HTTP/1.1\r\n{lines}\r\n")
}

fn post(lines: &str) -> String {
    format!("POST /api/rooms HTTP/1.1\r\nHost: a\r\n{lines}\r\nab")
}

fn check(forms: &[Form]) {
    let server = Server::start();
    let mut wrong = Vec::new();
    for (request, status, goes_on) in forms {
        let mut client = server.connect();
        client.say(request);
        let answer = client.answer();
        let connection = if *goes_on { "keep-alive" } else { "close" };
        if (answer.status, answer.header("connection")) != (*status, Some(connection)) {
            wrong.push(format!("{request:?}: {} {}, not {status}", answer.status, answer.text()));
        } else if *goes_on {
            client.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(client.answer().text(), "ok\n", "after {request:?}");
        } else {
            assert!(client.is_ended(), "{request:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// RFC 9112, 3.2.
#[test]
fn a_target_is_a_path_or_our_own_address() {
    check(&[
        (get("/", HOST), 200, true),
        (get("/?a=b", HOST), 200, true),
        (get("http://a/", HOST), 200, true),
        (get("HTTP://A:80/", HOST), 200, true),
        (get("https://a/", "Host: a:443\r\n"), 200, true),
        (get("http://other/", HOST), 400, false),
        (get("http://a:81/", HOST), 400, false),
        (get("http://user@a/", HOST), 400, false),
        (get("http:///", HOST), 400, false),
        (get("ftp://a/", HOST), 400, false),
        (get("a:80", HOST), 400, false),
        (get("index.html", HOST), 400, false),
        (get("/#top", HOST), 400, false),
        (get("*", HOST), 400, false),
        (get("/a%2", HOST), 400, false),
        (get("/a%2g", HOST), 400, false),
        (get("/%c3%28", HOST), 400, false),
        (get("/%00", HOST), 400, false),
        (get("/caf\u{e9}", HOST), 404, true),
        (get("/ /", HOST), 505, false),
        (get("", HOST), 400, false),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 204, true),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 405, false),
    ]);
}

/// RFC 9112, 3.2; RFC 9110, 7.2.
#[test]
fn the_host_is_one_and_can_be_one() {
    check(&[
        (get("/", ""), 400, false),
        (get("/", "Host:\r\n"), 400, false),
        (get("/", "Host: \r\n"), 400, false),
        (get("/", "Host: a\r\nHost: a\r\n"), 400, false),
        (get("/", "Host: a, b\r\n"), 400, false),
        (get("/", "Host: a/b\r\n"), 400, false),
        (get("/", "Host: user@a\r\n"), 400, false),
        (get("/", "Host: a:b\r\n"), 400, false),
        (get("/", "Host: [::1\r\n"), 400, false),
        (get("/", "Host: a b\r\n"), 400, false),
        (get("/", "Host: \u{e9}\r\n"), 400, false),
        (get("/", "Host: [::1]:80\r\n"), 200, true),
    ]);
}

/// RFC 9110, 2.5.
#[test]
fn other_versions_are_told_the_one_spoken_here() {
    check(&[
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), 200, false),
        ("GET / HTTP/1.0\r\nHost:\r\n\r\n".to_owned(), 400, false),
        ("GET /\r\n\r\n".to_owned(), 400, false),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n".to_owned(), 505, false),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n".to_owned(), 505, false),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505, false),
        ("GET / http/1.1\r\nHost: a\r\n\r\n".to_owned(), 505, false),
    ]);
}

/// RFC 9110, 9.1: in capitals.
#[test]
fn a_method_is_a_known_word_in_capitals() {
    check(&[
        ("get / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 405, true),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, false),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 405, true),
    ]);
}

/// RFC 9112, 2.2 and 5.
#[test]
fn lines_are_those_of_the_standard() {
    check(&[
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 200, true),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, false),
        ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, false),
        ("GET / HTTP/1.1\nHost: a\n\n".to_owned(), 400, false),
        ("GET / HTTP/1.1\rHost: a\r\n\r\n".to_owned(), 400, false),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, false),
        (get("/", "Host: a\r\n X: folded\r\n"), 400, false),
        (get("/", " Host: a\r\n"), 400, false),
        (get("/", "Host: a\r\nX : y\r\n"), 400, false),
        (get("/", "Host: a\r\nX\r\n"), 400, false),
        (get("/", "Host: a\r\n: y\r\n"), 400, false),
        (get("/", "Host: a\r\nX: y\rz\r\n"), 400, false),
        (get("/", "Host: a\r\nX: y\u{7f}\r\n"), 400, false),
        (get("/", "Host: a\r\nX:y\r\n"), 200, true),
    ]);
}

/// RFC 9112, 6.
#[test]
fn bodies_have_one_length() {
    check(&[
        (post("Content-Length: 2\r\n"), 415, true),
        (post("Content-Length: 2\r\nContent-Length: 2\r\n"), 400, false),
        (post("Content-Length: 2\r\nContent-Length: 3\r\n"), 400, false),
        (post("Content-Length: 2, 2\r\n"), 400, false),
        (post("Content-Length: 0x2\r\n"), 400, false),
        (post("Content-Length: -2\r\n"), 400, false),
        (post("Content-Length: 65537\r\n"), 413, false),
        (post("Transfer-Encoding: chunked\r\n"), 411, false),
        (post("Transfer-Encoding: Chunked\r\n") + "ffffffffffffffffff\r\n", 411, false),
        (post("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"), 400, false),
        (post("Content-Length: 2\r\nTransfer-Encoding: identity\r\n"), 400, false),
        (post("Transfer-Encoding: chunked, chunked\r\n"), 400, false),
        (post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, false),
        (post("Transfer-Encoding: \r\n"), 400, false),
        (post("Transfer-Encoding: gzip, chunked\r\n"), 501, false),
        (post("Transfer-Encoding: xchunked\r\n"), 501, false),
        (post("Transfer-Encoding: \u{b}chunked\r\n"), 400, false),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), 400, false),
    ]);
}

/// RFC 9110, 10.1.1.
#[test]
fn only_what_is_expected_of_http_1_1_is_met() {
    check(&[
        (post("Content-Length: 2\r\nExpect: 100-continue\r\n"), 415, true),
        (post("Content-Length: 2\r\nExpect: cake\r\n"), 417, false),
        ("GET / HTTP/1.0\r\nExpect: cake\r\n\r\n".to_owned(), 200, false),
    ]);
}

#[test]
fn nothing_is_promised_to_http_1_0_that_it_does_not_know() {
    let server = Server::start();
    let mut client = server.connect();
    client.say("POST /api/rooms HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 14\r\nExpect: 100-continue\r\n\r\n");
    client.say(r#"{"name":"abc"}"#);
    assert_eq!(client.answer().status, 201, "and no 100 before");
    assert!(client.is_ended());
}
