//! The client's files: embedded in the binary, or read from a directory. One set of routes for both.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, ETAG, IF_NONE_MATCH, LOCATION, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::http::{Coding, Reply, choose};

/// What the build made of the folder of the client.
mod embedded {
    /// One file in the forms that there are of it.
    pub(super) struct Embedded {
        pub name: &'static str,
        /// For its `ETag`.
        pub tag: &'static str,
        pub plain: &'static [u8],
        pub gzip: Option<&'static [u8]>,
        pub brotli: Option<&'static [u8]>,
    }

    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

/// Before the hash in a path. What is below it never changes: another client has another hash.
const HASHED: &str = "/v/";

/// One file as it is served.
#[derive(Debug, Clone)]
pub(super) struct Asset {
    /// For `Content-Type`.
    content_type: &'static str,
    /// Changes exactly when the file does, but for the form: that is said behind it.
    tag: Cow<'static, str>,
    /// In all its forms, the smallest first.
    forms: Vec<(Coding, Cow<'static, [u8]>)>,
    /// Its path says which one it is.
    fixed: bool,
}

impl Asset {
    /// A file that has one form.
    fn plain(name: &str, body: Cow<'static, [u8]>) -> Option<Self> {
        let hash = digest::digest(&digest::SHA256, &body);
        // Half of the hash is plenty to tell versions of one file apart.
        let tag = BASE64URL_NOPAD.encode(hash.as_ref().get(..16)?).into();
        let forms = vec![(Coding::Identity, body)];
        Some(Self { content_type: content_type(name)?, tag, forms, fixed: false })
    }

    fn embedded(file: &embedded::Embedded) -> Option<Self> {
        let forms =
            [(Coding::Brotli, file.brotli), (Coding::Gzip, file.gzip), (Coding::Identity, Some(file.plain))];
        let there = forms.into_iter().filter_map(|(coding, body)| Some((coding, Cow::Borrowed(body?))));
        let content_type = content_type(file.name)?;
        Some(Self { content_type, tag: file.tag.into(), forms: there.collect(), fixed: false })
    }

    /// The answer to who asks for it with these headers: in the form that they take, and not at all if they have it. Where its
    /// path does not say which one it is, a browser asks every time.
    pub fn reply(&self, headers: &HeaderMap) -> Option<Reply> {
        let offered: Vec<Coding> = self.forms.iter().map(|(coding, _)| *coding).collect();
        let coding = choose(headers, &offered);
        let (_, body) = self.forms.iter().find(|(form, _)| *form == coding)?;
        // Forms are told apart: each has a strong validator (RFC 9110, 8.8.3.3).
        let form = coding.name().map(|name| format!("-{name}")).unwrap_or_default();
        let etag = HeaderValue::try_from(format!("\"{}{form}\"", self.tag)).ok()?;
        let mut reply = if is_known(&etag, headers) {
            Reply::empty(StatusCode::NOT_MODIFIED)
        } else {
            let reply = Reply::new(StatusCode::OK, self.content_type, body.clone());
            match coding.name() {
                Some(name) => reply.with(CONTENT_ENCODING, HeaderValue::from_static(name)),
                None => reply,
            }
        };
        if offered.len() > 1 {
            reply = reply.with(VARY, HeaderValue::from_static("accept-encoding"));
        }
        let cache = if self.fixed { "public, max-age=31536000, immutable" } else { "no-cache" };
        Some(reply.with(ETAG, etag).with(CACHE_CONTROL, HeaderValue::from_static(cache)))
    }
}

/// RFC 9110, 13.1.2: the weak comparison.
fn is_known(etag: &HeaderValue, headers: &HeaderMap) -> bool {
    let Ok(etag) = etag.to_str() else { return false };
    let lines = headers.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == etag)
}

/// Where the files come from.
#[derive(Debug)]
pub(super) enum Assets {
    /// The binary.
    Embedded(BTreeMap<&'static str, Asset>),
    /// This directory, read at every request.
    Directory(PathBuf),
}

impl Assets {
    /// The files in the binary.
    pub fn embedded() -> Self {
        let files = embedded::FILES.iter();
        Self::Embedded(files.filter_map(|file| Some((file.name, Asset::embedded(file)?))).collect())
    }

    /// The answer to who asks for this path, decoded and starting with `/`, with these headers.
    pub fn reply(&self, path: &str, headers: &HeaderMap) -> Option<Reply> {
        let Some((hash, name)) = path.strip_prefix(HASHED).and_then(|rest| rest.split_once('/')) else {
            return self.find(path)?.reply(headers);
        };
        let path = format!("/{name}");
        // The pages name the hash, so they are not below it.
        let is_file = file_name(&path)? == name
            && content_type(name).is_some_and(|kind| !kind.starts_with("text/html"));
        let asset = self.find(&path).filter(|_| is_file)?;
        let present = match self {
            Self::Embedded(_) if hash == embedded::HASH => {
                return Asset { fixed: true, ..asset }.reply(headers);
            }
            Self::Embedded(_) => format!("{HASHED}{}{path}", embedded::HASH),
            Self::Directory(_) => path,
        };
        // A page of before a change asks for what it knew, and is served by what there is.
        let moved = Reply::empty(StatusCode::TEMPORARY_REDIRECT);
        let no_store = HeaderValue::from_static("no-store");
        Some(moved.with(LOCATION, HeaderValue::try_from(present).ok()?).with(CACHE_CONTROL, no_store))
    }

    /// The file for a path: decoded, starting with `/`.
    fn find(&self, path: &str) -> Option<Asset> {
        let name = file_name(path)?;
        match self {
            Self::Embedded(files) => files.get(name.as_ref()).cloned(),
            Self::Directory(root) => read(root, &name),
        }
    }
}

fn read(root: &Path, name: &str) -> Option<Asset> {
    // A link inside the directory must not lead out of it.
    let root = root.canonicalize().ok()?;
    let file = root.join(name).canonicalize().ok()?;
    if !file.starts_with(&root) || !file.is_file() {
        return None;
    }
    Asset::plain(name, Cow::Owned(fs::read(file).ok()?))
}

/// Which file a path names: the two pages by their routes, the rest by their own names.
fn file_name(path: &str) -> Option<Cow<'_, str>> {
    let name = path.strip_prefix('/')?;
    if name.is_empty() {
        return Some("index.html".into());
    }
    if let Some(room) = name.strip_prefix("r/").or_else(|| name.strip_prefix("e/")) {
        return (!room.is_empty() && !room.contains('/')).then(|| "room.html".into());
    }
    let plain = |segment: &str| {
        !segment.starts_with('.')
            && !segment.is_empty()
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    name.split('/').all(plain).then(|| name.into())
}

/// What kind of file it is. Only these are served.
fn content_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/vnd.microsoft.icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_routes_and_files_their_names() {
        assert_eq!(file_name("/").as_deref(), Some("index.html"));
        assert_eq!(file_name("/r/any room ü").as_deref(), Some("room.html"));
        assert_eq!(file_name("/e/any room ü").as_deref(), Some("room.html"));
        assert_eq!(file_name("/js/ui/tiles.js").as_deref(), Some("js/ui/tiles.js"));
    }

    #[test]
    fn nothing_outside_the_client_has_a_name() {
        for path in [
            "/../Cargo.toml",
            "/js/../../x.js",
            "//etc/passwd",
            "/.git/x.txt",
            "/a\\..\\b.js",
            "/r/",
            "/r/a/b",
            "/e/",
            "/js/",
            "x",
            "",
        ] {
            assert_eq!(file_name(path), None, "{path}");
        }
    }

    #[test]
    fn a_changed_file_has_another_etag() {
        let tag = |body: &'static str| Asset::plain("a.js", body.as_bytes().into()).unwrap().tag;
        assert_eq!(tag("one"), tag("one"));
        assert_ne!(tag("one"), tag("two"));
        assert!(Asset::plain("key.pem", Cow::Borrowed(b"secret")).is_none());
    }

    /// Bytes of all that a page needs before anything of it works, it itself first, as what packs worse packs them.
    fn packed(page: &str, first: &[&str]) -> usize {
        let sizes = std::iter::once(&page).chain(first).map(|name| {
            let file = embedded::FILES.iter().find(|file| file.name == *name).unwrap();
            file.gzip.unwrap_or(file.plain).len()
        });
        sizes.sum()
    }

    /// Six requests at a time go to a server by HTTP/1.1, and each round of them takes a round trip.
    #[test]
    fn little_comes_before_a_page_can_be_used() {
        for (page, first, later) in embedded::NEEDS {
            let bytes = packed(page, first);
            assert!(bytes <= 60_000, "{page}: {bytes} bytes, {first:?}");
            assert!(first.len() <= 21, "{page}: {} files, {first:?}", first.len());
            assert!(first.iter().all(|name| !later.contains(name)), "{page}");
            println!("{page}: {} files and itself, {bytes} bytes; {} files later", first.len(), later.len());
        }
    }

    #[test]
    fn a_page_names_all_that_it_needs_and_the_call_is_needed_later() {
        let (_, first, later) = embedded::NEEDS.iter().find(|(page, ..)| *page == "room.html").unwrap();
        assert!(first.contains(&"js/room.js") && first.contains(&"css/base.css"), "{first:?}");
        assert!(later.contains(&"js/call/call.js") && later.contains(&"css/call.css"), "{later:?}");
        for (page, first, later) in embedded::NEEDS {
            let file = embedded::FILES.iter().find(|file| file.name == *page).unwrap();
            let html = std::str::from_utf8(file.plain).unwrap();
            for name in first.iter().chain(*later) {
                assert!(html.contains(&format!("=\"{HASHED}{}/{name}\"", embedded::HASH)), "{page}: {name}");
            }
            for plain in ["=\"/js/", "=\"/css/", "=\"/favicon"] {
                assert!(!html.contains(plain), "{page}: {plain}");
            }
        }
    }
}
