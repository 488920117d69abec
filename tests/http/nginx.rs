//! nginx in front of the server answers as the server itself would: its configuration says the same twice.

use std::collections::{BTreeMap, BTreeSet};

use plenary::control::ControlConfig;
use plenary::limits::{Limit, Limits};

use crate::harness::Server;

const SECURITY_HEADERS: &str = include_str!("../../nginx/security-headers.conf");
const NGINX: &str = include_str!("../../nginx/nginx.conf");
const SITE: &str = include_str!("../../nginx/plenary.conf");
const ENTRYPOINT: &str = include_str!("../../nginx/entrypoint.sh");
const NOT_FOUND: &str = include_str!("../../client/404.html");

/// The arguments of each line of `conf` that begins with `directive`.
fn directives<'a>(conf: &'a str, directive: &str) -> Vec<&'a str> {
    let lines = conf.lines().filter_map(|line| line.trim().strip_prefix(directive)?.strip_prefix(' '));
    lines.map(|line| line.trim_end_matches(';')).collect()
}

/// A size as nginx writes it.
fn bytes(size: &str) -> usize {
    size.strip_suffix('k').unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn the_security_headers_are_the_servers_and_are_sent_once() {
    let page = Server::start().get("/");
    let own = ["content-type", "content-length", "connection", "date", "etag", "cache-control"];
    let sent: BTreeMap<&str, &str> = page
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !own.contains(name))
        .collect();
    let mut added: BTreeMap<&str, &str> = directives(SECURITY_HEADERS, "add_header")
        .into_iter()
        .map(|line| {
            let (name, value) = line.split_once(' ').unwrap();
            (name, value.strip_prefix('"').unwrap().strip_suffix("\" always").expect("with errors too"))
        })
        .collect();
    let names: Vec<&str> = added.keys().copied().collect();
    assert_eq!(added.remove("strict-transport-security"), Some("$only_https"), "not with every certificate");
    let policy = added["content-security-policy"]
        .replace("$socket", "ws://localhost wss://localhost")
        .replace("$framed_by", "'none'");
    added.insert("content-security-policy", &policy);
    assert!(SITE.contains("map \"\" $socket {\n  default \"wss://@ADDRESS@\";\n}"), "{SITE}");
    assert_eq!(added, sent);
    let hidden = directives(SECURITY_HEADERS, "proxy_hide_header");
    assert_eq!(BTreeSet::from_iter(hidden), BTreeSet::from_iter(names), "else they come twice");
}

/// Who sets `--frame-ancestors` sets it in one place.
#[test]
fn nginx_takes_over_from_the_server_who_shows_a_page_in_a_frame() {
    let sites = ["https://www.example.org", "https://b.example:8443"].map(|site| site.parse().unwrap());
    let server = Server::with(ControlConfig { frame_ancestors: sites.into(), ..ControlConfig::default() });
    let answer = server.get("/");
    let policy = answer.header("content-security-policy").unwrap();
    let map = "map $upstream_http_content_security_policy $framed_by {\n  default \"'none'\";\n  \
               \"~(^|; )frame-ancestors (?<framers>[^;]+)\" $framers;\n}";
    assert!(SITE.contains(map), "{SITE}");
    let found = policy.split("; ").find_map(|part| part.strip_prefix("frame-ancestors "));
    assert_eq!(found, Some("https://www.example.org https://b.example:8443"), "where nginx looks for it");
    let compose = include_str!("../../docker-compose.yml");
    assert!(compose.contains("PLENARY_FRAME_ANCESTORS: ${PLENARY_FRAME_ANCESTORS:-}"), "{compose}");
}

#[test]
fn what_browsers_shall_remember_is_the_same_in_both_and_said_over_tls_only() {
    let answer = crate::hosts::over_tls(true, "meet.example.org");
    let promise = answer.header("strict-transport-security").unwrap();
    assert!(ENTRYPOINT.contains(&format!("only_https='{promise}'\n")), "{promise}");
    assert!(SITE.contains("\"on @HOST@\" \"@ONLY_HTTPS@\";\n  default \"\";"), "{SITE}");
}

/// The server's own list says what else is a file (`src/control/assets.rs`).
#[test]
fn every_kind_of_file_finds_its_way_to_the_server() {
    let server = Server::start();
    let (_, list) = SITE.split_once("\\.(").unwrap();
    let (list, _) = list.split_once(")$\"").unwrap();
    for extension in list.split('|') {
        server.client.put(&format!("a.{extension}"), b"x");
        assert_eq!(server.get(&format!("/a.{extension}")).status, 200, "{extension}");
    }
    for name in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/client")).unwrap() {
        let path = name.unwrap().path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let passes = |extension: &str| list.split('|').any(|known| known == extension);
        assert!(extension.is_none_or(passes), "{}", path.display());
    }
}

#[test]
fn a_broken_link_leads_to_the_same_page() {
    let server = Server::start();
    let answer = server.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
    assert_eq!((answer.status, answer.text()), (404, NOT_FOUND));
}

#[test]
fn what_the_server_would_refuse_ends_at_nginx() {
    let limits = Limits::default();
    assert_eq!(directives(NGINX, "client_max_body_size"), ["64k"]);
    assert_eq!(bytes("64k"), limits.get(Limit::HttpBodyBytes));
    let [heads] = directives(NGINX, "large_client_header_buffers")[..] else { panic!("one line") };
    let (count, size) = heads.split_once(' ').unwrap();
    assert_eq!(count.parse::<usize>().unwrap() * bytes(size), limits.get(Limit::HttpHeadBytes));
    let millis = limits.get(Limit::HttpHeadMillis);
    assert_eq!(directives(NGINX, "client_header_timeout"), [format!("{}s", millis / 1000)]);
}
