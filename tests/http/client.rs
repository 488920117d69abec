//! The client that is in the binary: packed as a browser takes it, and kept by it for as long as it is the same.

use crate::harness::{Answer, Server};

const BROWSER: &str = "gzip, deflate, br, zstd";

fn get(server: &Server, path: &str, lines: &str) -> Answer {
    server.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n"))
}

fn packed(server: &Server, path: &str, accepted: &str) -> Answer {
    get(server, path, &format!("Accept-Encoding: {accepted}\r\n"))
}

/// What the room's page calls its first script.
fn script(server: &Server) -> String {
    let page = server.get("/r/my-room").text().to_owned();
    let (_, rest) = page.split_once("<script type=\"module\" src=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_file_comes_in_the_form_that_the_browser_takes() {
    let server = Server::with_own_client();
    let path = script(&server);
    let plain = server.get(&path);
    assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
    assert!(plain.text().contains("import "), "it is the script");
    let mut tags = vec![plain.header("etag").unwrap().to_owned()];
    for (accepted, form) in [(BROWSER, "br"), ("gzip", "gzip"), ("br;q=0.1, gzip", "gzip")] {
        let answer = packed(&server, &path, accepted);
        assert_eq!((answer.status, answer.header("content-encoding")), (200, Some(form)), "{accepted}");
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
        assert_eq!(answer.header("content-type"), plain.header("content-type"));
        assert!(answer.body.len() < plain.body.len(), "{accepted}");
        tags.push(answer.header("etag").unwrap().to_owned());
    }
    assert_eq!(plain.header("vary"), Some("accept-encoding"), "also who stores the plain one has to know");
    assert_eq!(tags[2], tags[3]);
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    let packed_page = packed(&server, "/r/my-room", BROWSER);
    assert_eq!(packed_page.header("content-encoding"), Some("br"));
}

#[test]
fn what_has_the_hash_in_its_path_is_kept_and_a_page_is_asked_for_again() {
    let server = Server::with_own_client();
    let path = script(&server);
    let kept = packed(&server, &path, BROWSER);
    assert_eq!(kept.header("cache-control"), Some("public, max-age=31536000, immutable"));
    for page in ["/", "/r/my-room"] {
        let first = packed(&server, page, BROWSER);
        assert_eq!(first.header("cache-control"), Some("no-cache"), "{page}");
        let tag = first.header("etag").unwrap();
        let again = get(&server, page, &format!("Accept-Encoding: {BROWSER}\r\nIf-None-Match: {tag}\r\n"));
        assert_eq!((again.status, again.header("vary")), (304, Some("accept-encoding")), "{page}");
        let other = get(&server, page, &format!("Accept-Encoding: gzip\r\nIf-None-Match: {tag}\r\n"));
        assert_eq!(other.status, 200, "{page}: another form is not known by this tag");
    }
    let (_, name) = path.split_once("/js/").unwrap();
    let plain_path = server.get(&format!("/js/{name}"));
    assert_eq!((plain_path.status, plain_path.header("cache-control")), (200, Some("no-cache")));
}

#[test]
fn a_page_of_an_earlier_client_is_led_to_the_files_of_this_one() {
    let server = Server::with_own_client();
    let present = script(&server);
    let old = |rest: &str| server.get(&format!("/v/0123456789abcdef/{rest}"));
    let (_, name) = present.split_once("/js/").unwrap();
    let moved = old(&format!("js/{name}"));
    assert_eq!((moved.status, moved.header("location")), (307, Some(present.as_str())));
    assert_eq!(moved.header("cache-control"), Some("no-store"));
    for nothing in
        ["js/none.js", "index.html", "room.html", "", "../js/room.js", "r/my-room", "v/x/js/room.js"]
    {
        assert_eq!(old(nothing).status, 404, "{nothing}");
    }
    assert_eq!(server.get("/v/0123456789abcdef").status, 404);
    let post = server.ask(&format!("POST {present} HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(post.status, 405);
}

#[test]
fn a_page_of_a_packed_client_is_led_to_the_folder_that_is_served_now() {
    let server = Server::start();
    let moved = server.get("/v/0123456789abcdef/js/main.js");
    assert_eq!((moved.status, moved.header("location")), (307, Some("/js/main.js")));
    let answer = packed(&server, "/js/main.js", BROWSER);
    assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None), "as it is written");
}

#[test]
fn the_page_of_a_broken_link_has_the_clients_looks() {
    let server = Server::with_own_client();
    let page = get(&server, "/nowhere", "Accept: text/html\r\n");
    assert_eq!(page.status, 404);
    for named in page.text().split(" href=\"").skip(1) {
        let path = named.split('"').next().unwrap();
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert!(page.text().contains("/css/base.css"));
}
