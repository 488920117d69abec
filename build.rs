//! Puts the client into the binary: each file as it is, and as gzip and Brotli make it smaller, once; the pages with the names
//! of all that they need. What is named and not there ends the build.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

#[path = "build/graph.rs"]
mod graph;
#[path = "build/page.rs"]
mod page;

use graph::Graph;
use page::{Needs, is_module, page};

/// Which files the pages are.
const PAGES: [&str; 2] = ["index.html", "room.html"];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    println!("cargo::rerun-if-changed=client");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("client");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = BTreeMap::new();
    collect(&root, &root, &mut files)?;
    let hash = hash_of(&files);
    let needs = write_pages(&mut files, &format!("/v/{hash}/"))?;

    let mut code = format!("/// Of the whole client.\npub(super) const HASH: &str = \"{hash}\";\n\n");
    code.push_str("/// Every file.\npub(super) static FILES: &[Embedded] = &[\n");
    for (name, bytes) in &files {
        code.push_str(&embed(&out.join("client"), name, bytes)?);
    }
    code.push_str("];\n\n/// What each page needs: first, and later.\n#[cfg(test)]\npub(super) static NEEDS: &[(&str, &[&str], &[&str])] = &[\n");
    for (name, Needs { first, later }) in needs {
        writeln!(code, "    ({name:?}, &{first:?}, &{later:?}),")?;
    }
    code.push_str("];\n");
    fs::write(out.join("client.rs"), code)?;
    Ok(())
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root)?.to_str().ok_or("a name is no text")?.replace('\\', "/");
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

/// Another one whenever any file changes, comes or goes.
fn hash_of(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        hash.update(format!("{name}\n{}\n", bytes.len()));
        hash.update(bytes);
    }
    HEXLOWER.encode(&hash.finalize()).chars().take(16).collect()
}

/// Puts the names of what they need into the pages, and tells them.
fn write_pages(files: &mut BTreeMap<String, Vec<u8>>, base: &str) -> Outcome<Vec<(&'static str, Needs)>> {
    let mut modules = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| is_module(name)) {
        modules.push((name.as_str(), std::str::from_utf8(bytes)?));
    }
    let graph = Graph::of(modules.iter().copied())?;
    let names: BTreeSet<&str> = files.keys().map(String::as_str).collect();
    let mut written = Vec::new();
    for name in PAGES {
        let html = std::str::from_utf8(files.get(name).ok_or("a page is missing")?)?;
        let needs = Needs::of(html, &graph, &names)?;
        written.push((name, page(html, &needs, base), needs));
    }
    let mut all = Vec::new();
    for (name, html, needs) in written {
        files.insert(name.to_owned(), html.into_bytes());
        all.push((name, needs));
    }
    Ok(all)
}

/// One file in its forms, and the code that embeds them. What does not become smaller has one form.
fn embed(folder: &Path, name: &str, bytes: &[u8]) -> Outcome<String> {
    let put = |ending: &str, bytes: &[u8]| -> Outcome<String> {
        let path = folder.join(format!("{name}{ending}"));
        fs::create_dir_all(path.parent().ok_or("a file is in a folder")?)?;
        fs::write(&path, bytes)?;
        Ok(format!("include_bytes!({:?})", path.to_str().ok_or("a path is no text")?))
    };
    let smaller = |ending: &str, packed: Vec<u8>| -> Outcome<String> {
        if packed.len() >= bytes.len() {
            return Ok("None".to_owned());
        }
        Ok(format!("Some({})", put(ending, &packed)?))
    };
    // Half of the hash is plenty to tell versions of one file apart.
    let tag = BASE64URL_NOPAD.encode(Sha256::digest(bytes).get(..16).ok_or("a hash is longer")?);
    Ok(format!(
        "    Embedded {{ name: {name:?}, tag: {tag:?}, plain: {}, gzip: {}, brotli: {} }},\n",
        put("", bytes)?,
        smaller(".gz", gzip(bytes)?)?,
        smaller(".br", brotli(bytes)?)?,
    ))
}

fn gzip(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn brotli(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut packed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &params)?;
    Ok(packed)
}
