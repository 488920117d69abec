//! Somebody who speaks bad HTTP.

use std::collections::BTreeSet;
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::{Client, Stream};
use crate::house::{Expected, House};
use crate::server::Server;
use crate::table::{Group, Table};

/// More sockets than may be half open, all from one machine.
const HALF_OPEN: usize = 1_000;

/// Runs every attack of this file but the slow one, which [`slow_head`] begins here and ends later.
pub fn rows(table: &mut Table, house: &House) {
    let mut row = |name, counter, answer, act: &dyn Fn(&Server) -> String| {
        house.attack(table, Group::Http, name, Expected::of(counter, answer), act);
    };
    row("1,000 half-open sockets", "limit_half_open_connections_per_address", "the oldest end", &half_open);
    row("a bad request line", "http_400", "400", &|server| {
        every(server, &["GET\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n", "GET /\r\nHost: a\r\n\r\n", "{}\r\n\r\n"])
    });
    row("another version of HTTP", "http_505", "505", &|server| {
        every(server, &["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/3.0\r\nHost: a\r\n\r\n"])
    });
    row("17 KiB of headers", "limit_http_head_bytes", "431", &|server| {
        every(server, &[&head("GET /", &format!("X: {}\r\n", "x".repeat(17 * 1024)))])
    });
    row("65 headers", "limit_http_head_bytes", "431", &|server| {
        every(server, &[&head("GET /", &"X: y\r\n".repeat(65))])
    });
    row("a body of over 64 KiB", "limit_http_body_bytes", "413", &|server| {
        let lengths = ["65537", "99999999999999999999999"];
        let heads = lengths.map(|length| head("POST /api/rooms", &format!("Content-Length: {length}\r\n")));
        every(server, &heads.each_ref().map(String::as_str))
    });
    row("a room that is no JSON", "http_400", "400", &|server| {
        let answers = ["{", "[]", "\"x\"", "{\"name\":7}", &"[".repeat(60_000)];
        joined(answers.map(|body| server.post("/api/rooms", body).status))
    });
    row("1,000 requests in one go", "http_404", "1000 answers in order", &pipelined);
    row(
        "100 scrapers that stall",
        "limit_metrics_connections",
        "who comes next is answered",
        &stalled_scrapers,
    );
    smuggling(&mut row);
    hosts(&mut row);
    addresses(&mut row);
}

/// Those who ask for numbers: some say nothing, some half of a request, some take nothing of the answer.
fn stalled_scrapers(server: &Server) -> String {
    let told = server.metrics.expect("it tells numbers");
    let come = || Client::new(TcpStream::connect(told).expect("it listens"));
    let request = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut stalled = Vec::new();
    for number in 0..100 {
        let mut client = come();
        let _ = client.try_say([&b""[..], b"GET /metr", request.as_bytes()][number % 3]);
        stalled.push(client);
    }
    let mut next = come();
    next.say(request);
    if next.answer().text().ends_with("# EOF\n") { "who comes next is answered" } else { "nothing" }
        .to_owned()
}

/// A server that has a name, asked under another one: a stranger's page whose name leads here (DNS rebinding).
pub fn rebinding(table: &mut Table) {
    let house = House::new(&["--host", "localhost"], None);
    let expected = Expected::of("http_421", "421");
    house.attack(
        table,
        Group::Http,
        "500 requests for another host, from four sockets",
        expected,
        |server| {
            let requests = ["GET /", "POST /api/rooms", "GET /ws", "GET /api/rooms"];
            let of = |line: &str| {
                format!("{line} HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n\r\n")
            };
            let mut statuses = Vec::new();
            for _ in 0..125 {
                let mut clients = requests.map(|line| {
                    let mut client = server.connect();
                    client.say(&of(line));
                    client
                });
                statuses.extend(clients.iter_mut().map(|client| client.answer().status));
            }
            joined(statuses)
        },
    );
    house.close();
}

type Row<'a> = dyn FnMut(&'static str, &'static str, &'static str, &dyn Fn(&Server) -> String) + 'a;

/// Requests that two readers in a row could end at different places.
fn smuggling(row: &mut Row<'_>) {
    row("smuggling: chunked where it may not be", "http_400", "400", &|server| {
        let lines = [
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked,\r\n",
        ];
        let bodies = lines.map(|lines| head("POST /api/rooms", lines) + "0\r\n\r\nGET /readyz HTTP/1.1\r\n");
        every(server, &bodies.each_ref().map(String::as_str))
    });
    row("smuggling: unknown transfer codings", "http_501", "501", &|server| {
        let lines = ["xchunked", "identity", "gzip, chunked", "chunked;q=1"];
        let heads = lines.map(|coding| head("POST /api/rooms", &format!("Transfer-Encoding: {coding}\r\n")));
        every(server, &heads.each_ref().map(String::as_str))
    });
    row("smuggling: chunks of bad sizes", "http_411", "411", &|server| {
        let start = head("POST /api/rooms", "Transfer-Encoding: chunked\r\n");
        let chunks = ["ffffffffffffffffff\r\nx", "-1\r\nx", "0x5\r\nhello\r\n0\r\n\r\n"]
            .map(|chunk| start.clone() + chunk);
        every(server, &chunks.each_ref().map(String::as_str))
    });
    row("smuggling: two Content-Lengths", "http_400", "400", &|server| {
        let lines = [
            "Content-Length: 4\r\nContent-Length: 5\r\n",
            "Content-Length: 4\r\nContent-Length: 4\r\n",
            "Content-Length: 4, 5\r\n",
            "Content-Length: +4\r\n",
            "Content-Length: 4 4\r\n",
        ];
        let requests = lines.map(|lines| head("POST /api/rooms", lines) + "abcde");
        every(server, &requests.each_ref().map(String::as_str))
    });
    row("smuggling: bare LF, NUL, folded lines", "http_400", "400", &|server| {
        let requests = [
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: b\nContent-Length: 5\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
            "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        ];
        every(server, &requests)
    });
}

/// A host that is not said, not one, or not ours to be sent to.
fn hosts(row: &mut Row<'_>) {
    row("a Host that is none, or is two", "http_400", "400", &|server| {
        let lines =
            ["Host:", "Host: a/b", "Host: user@a", "Host: a b", "Host: a, b", "Host: a:99999", "Host: [::1"];
        let requests = lines.map(|line| format!("GET / HTTP/1.1\r\n{line}\r\n\r\n"));
        let absolute =
            ["http://evil.example/", "http://localhost:1/", "http://me@localhost/", "ftp://localhost/"]
                .map(|target| head(&format!("GET {target}"), ""));
        every(server, &requests.iter().chain(&absolute).map(String::as_str).collect::<Vec<_>>())
    });
    row("500 pages of other origins, from four sockets", "http_403", "403", &|server| {
        let lines = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://evil.example\r\n";
        let mut clients: Vec<_> = (0..4).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.say(&head("GET /ws", lines).repeat(125));
        }
        joined(
            clients
                .iter_mut()
                .flat_map(|client| (0..125).map(|_| client.answer().status).collect::<Vec<_>>()),
        )
    });
}

fn addresses(row: &mut Row<'_>) {
    row("unknown paths", "http_404", "404", &|server| {
        let paths = ["/nowhere", "/api", "/api/rooms/none", "/r/a/b", "/js/", "//", "/index.html/x", "/*"];
        joined(paths.map(|path| server.get(path).status))
    });
    row("unknown methods", "http_405", "405", &|server| {
        let lines = ["BREW /", "PUT /api/rooms/den", "PUT /api/rooms", "CONNECT /ws", "TRACE /healthz"];
        let requests = lines.map(|line| head(line, ""));
        every(server, &requests.each_ref().map(String::as_str))
    });
    row("a room ended by a stranger", "http_401", "401", &|server| {
        let lines = [
            "DELETE /api/rooms/den",
            "DELETE /api/rooms/den/peers/0123456789abcdef",
            "GET /api/rooms/den/peers",
        ];
        let requests = lines.map(|line| head(line, ""));
        every(server, &requests.each_ref().map(String::as_str))
    });
    row("path traversal", "http_404", "404", &|server| {
        let up = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", "..%5c", "%252e%252e%252f", "....//"];
        let paths = up.map(|up| format!("/js/{}etc/passwd", up.repeat(8)));
        joined(paths.map(|path| server.get(&path).status))
    });
    row("a path that is no UTF-8", "http_400", "400", &|server| {
        let paths = ["/%zz", "/%ff", "/%00", "/js%0d%0aX:%20y", "/%"];
        joined(paths.map(|path| server.get(path).status))
    });
}

/// A request without its body.
fn head(line: &str, lines: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

/// The statuses that these requests get, each on a connection of its own: one if it is the same for all.
fn every(server: &Server, requests: &[&str]) -> String {
    joined(requests.iter().map(|request| {
        let mut client = server.connect();
        // The server may have seen enough before all of it is there.
        let _ = client.try_say(request.as_bytes());
        client.answer().status
    }))
}

fn joined(statuses: impl IntoIterator<Item = u16>) -> String {
    let different: BTreeSet<u16> = statuses.into_iter().collect();
    different.iter().map(u16::to_string).collect::<Vec<_>>().join(" and ")
}

/// Sockets that say nothing: the oldest make room for those who do.
fn half_open(server: &Server) -> String {
    let count = HALF_OPEN.min(descriptors_left());
    let mut sockets: Vec<Stream> = (0..count).map(|_| server.stream()).collect();
    assert_eq!(server.get("/healthz").status, 200, "somebody who asks is answered all the same");
    let ended = |socket: &mut Stream| {
        socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a socket of ours");
        // A reset is an end too: there was nothing to say.
        socket
            .read(&mut [0; 16])
            .map_or_else(|error| error.kind() == std::io::ErrorKind::ConnectionReset, |read| read == 0)
    };
    let oldest = ended(&mut sockets[0]);
    let newest = ended(&mut sockets[count - 1]);
    if oldest && !newest {
        "the oldest end".to_owned()
    } else {
        format!("oldest ended {oldest}, newest {newest}")
    }
}

/// Sockets this process can open, once it has taken all that its user may have. Common limits begin at 1,024 and can be raised.
fn descriptors_left() -> usize {
    let most = rlimit::increase_nofile_limit(u64::MAX).expect("the limit can be read");
    // The rest of the table, beside this row, needs fewer than that.
    let left = usize::try_from(most).unwrap_or(usize::MAX) - 300;
    if left < HALF_OPEN {
        println!("only {left} half-open sockets: this user may have {most} descriptors");
    }
    left
}

/// Many requests before the first answer is read.
fn pipelined(server: &Server) -> String {
    let mut client = server.connect();
    let requests: String = (0..1_000)
        .map(|number| head(if number % 2 == 0 { "GET /healthz" } else { "GET /nowhere" }, ""))
        .collect();
    client.say(&requests);
    let right =
        (0..1_000).take_while(|number| client.answer().status == if number % 2 == 0 { 200 } else { 404 });
    format!("{} answers in order", right.count())
}

/// The counter of requests that take too long.
const TOO_SLOW: &str = "limit_http_head_millis";

/// Begins a request that never ends. Returns with what was counted until then.
pub fn begin_slow_head(house: &House) -> (Client, u64) {
    let before = house.server.counter(TOO_SLOW);
    let mut client = house.server.connect();
    client.say("GET / HTTP/1.1\r\nHost:");
    (client, before)
}

/// Waits for what becomes of it. Nothing was read on the connection since it began.
pub fn slow_head(table: &mut Table, house: &House, (mut client, before): (Client, u64)) {
    let expected = Expected::of(TOO_SLOW, "408 and the end");
    house.attack_since(Some(before), table, Group::Http, "a head slower than 10 s", expected, |_| {
        let status = client.answer().status;
        assert!(client.is_ended(), "the connection goes on");
        format!("{status} and the end")
    });
}
