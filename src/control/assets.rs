//! The client's files: embedded in the binary, or read from a directory. One set of routes for both.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use http::HeaderValue;
use include_dir::{Dir, include_dir};

static CLIENT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/client");

/// One file as it is served.
#[derive(Debug, Clone)]
pub(super) struct Asset {
    /// For `Content-Type`.
    pub content_type: &'static str,
    /// Changes exactly when the body does: a strong validator (RFC 9110, 8.8.1).
    pub etag: HeaderValue,
    /// The file.
    pub body: Cow<'static, [u8]>,
}

impl Asset {
    fn new(name: &str, body: Cow<'static, [u8]>) -> Option<Self> {
        let hash = digest::digest(&digest::SHA256, &body);
        // Half of the hash is plenty to tell versions of one file apart.
        let etag = format!("\"{}\"", BASE64URL_NOPAD.encode(hash.as_ref().get(..16)?));
        Some(Self { content_type: content_type(name)?, etag: etag.try_into().ok()?, body })
    }
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
        let mut files = BTreeMap::new();
        collect(&CLIENT, &mut files);
        Self::Embedded(files)
    }

    /// The file for the path of a request: decoded, starting with `/`.
    pub fn find(&self, path: &str) -> Option<Asset> {
        let name = file_name(path)?;
        match self {
            Self::Embedded(files) => files.get(name.as_ref()).cloned(),
            Self::Directory(root) => read(root, &name),
        }
    }
}

fn collect(dir: &'static Dir<'static>, files: &mut BTreeMap<&'static str, Asset>) {
    for file in dir.files() {
        let Some(name) = file.path().to_str() else { continue };
        if let Some(asset) = Asset::new(name, Cow::Borrowed(file.contents())) {
            files.insert(name, asset);
        }
    }
    for dir in dir.dirs() {
        collect(dir, files);
    }
}

fn read(root: &Path, name: &str) -> Option<Asset> {
    // A link inside the directory must not lead out of it.
    let root = root.canonicalize().ok()?;
    let file = root.join(name).canonicalize().ok()?;
    if !file.starts_with(&root) || !file.is_file() {
        return None;
    }
    Asset::new(name, Cow::Owned(fs::read(file).ok()?))
}

/// Which file a path names: the two pages by their routes, the rest by their own names.
fn file_name(path: &str) -> Option<Cow<'_, str>> {
    let name = path.strip_prefix('/')?;
    if name.is_empty() {
        return Some("index.html".into());
    }
    if let Some(room) = name.strip_prefix("r/") {
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
            "/js/",
            "x",
            "",
        ] {
            assert_eq!(file_name(path), None, "{path}");
        }
    }

    #[test]
    fn a_changed_file_has_another_etag() {
        let etag = |body: &'static str| Asset::new("a.js", body.as_bytes().into()).unwrap().etag;
        assert_eq!(etag("one"), etag("one"));
        assert_ne!(etag("one"), etag("two"));
        assert!(Asset::new("key.pem", Cow::Borrowed(b"secret")).is_none());
    }
}
