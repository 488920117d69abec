//! The scripts beside the certificates, as operators run them.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConnection, RootCertStore, StreamOwned};

use crate::harness::{Client, Folder, PATIENCE};
use crate::process::{PROGRAM, Process};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/certs/make-dev-certs.sh");
const HOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/certs/letsencrypt-hook.sh");

fn make(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(SCRIPT).arg("--dir").arg(folder.path()).args(arguments).output().unwrap()
}

fn made(folder: &Folder, arguments: &[&str]) {
    let output = make(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What it said when it refused; nothing was changed.
fn refused(folder: &Folder, arguments: &[&str]) -> String {
    let before = files(folder);
    let output = make(folder, arguments);
    assert!(!output.status.success());
    assert_eq!(files(folder), before);
    String::from_utf8(output.stderr).unwrap()
}

fn files(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    // The server's own folder, for its key, is none of the script's.
    let mut files: Vec<_> = entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

fn names(folder: &Folder) -> Vec<String> {
    files(folder).into_iter().map(|(name, _)| name).filter(|name| name != "log").collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Whether somebody who trusts nothing but the CA in this file is served by the server as `name`.
fn is_trusted(port: u16, ca: &Path, name: &str) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    if connection.complete_io(&mut stream).is_err() {
        return false;
    }
    let mut client = Client::over(StreamOwned::new(connection, stream));
    client.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer().text() == "ok\n"
}

#[test]
fn the_server_serves_with_the_made_certificate_for_each_name() {
    let folder = Folder::new();
    made(&folder, &["meet.example.org", "192.0.2.7", "2001:db8::7"]);
    assert_eq!(names(&folder), ["ca.pem", "cert.pem", "key.pem"], "the CA's key is gone");
    let [ca, certificate, key] = ["ca.pem", "cert.pem", "key.pem"].map(|name| folder.path().join(name));
    assert_eq!((mode(&ca), mode(&certificate), mode(&key)), (0o644, 0o644, 0o600));
    let first = fs::read(&certificate).unwrap();

    let mut command = Command::new(PROGRAM);
    command.args(["--http-port", "0", "--udp-port", "0", "--cert-dir", "."]);
    let process = Process::start(command, &folder);
    for name in ["meet.example.org", "192.0.2.7", "2001:db8::7", "localhost", "127.0.0.1", "::1"] {
        assert!(is_trusted(process.port, &ca, name), "{name}");
    }
    for name in ["other.example.org", "192.0.2.8"] {
        assert!(!is_trusted(process.port, &ca, name), "{name}");
    }
    assert_eq!(fs::read(&certificate).unwrap(), first, "the server left it alone");
    // Browsers refuse more than 398 days.
    let ends_within = |days: u32| {
        let seconds = (days * 86_400).to_string();
        let mut openssl = Command::new("openssl");
        let openssl = openssl.args(["x509", "-noout", "-checkend", &seconds, "-in"]).arg(&certificate);
        !openssl.output().unwrap().status.success()
    };
    assert!(ends_within(398) && !ends_within(300));
}

#[test]
fn without_a_name_it_is_for_this_machine() {
    let folder = Folder::new();
    made(&folder, &[]);
    let text = fs::read_to_string(folder.path().join("cert.pem")).unwrap();
    let host = gethostname::gethostname().into_string().unwrap();
    assert!(text.lines().next().unwrap().split(' ').any(|name| name == host), "{text}");
    for bad in ["https://meet.example.org", "meet example", "meet.example.org,DNS:bank.example", "--nonsense"]
    {
        assert!(!refused(&folder, &[bad]).is_empty());
    }
    refused(&folder, &["1.2.3.4.5"]);
}

#[test]
fn what_it_did_not_make_stays_unless_it_is_forced() {
    for name in ["cert.pem", "key.pem", "ca.pem"] {
        let folder = Folder::new();
        folder.put(name, b"-----BEGIN the operator's own");
        let text = refused(&folder, &["meet.example.org"]);
        assert!(text.contains(name) && text.contains("--force"), "{text}");
        made(&folder, &["--force", "meet.example.org"]);
        assert_eq!(names(&folder), ["ca.pem", "cert.pem", "key.pem"]);
    }
    // Its own, and what the server made for itself, it makes anew.
    let folder = Folder::new();
    let mut command = Command::new(PROGRAM);
    command.args(["--http-port", "0", "--udp-port", "0", "--cert-dir", "."]);
    drop(Process::start(command, &folder));
    made(&folder, &["meet.example.org"]);
    let first = files(&folder);
    made(&folder, &["meet.example.org"]);
    assert_ne!(files(&folder), first);
}

#[test]
fn a_ca_that_is_kept_signs_the_next_certificate_too() {
    let folder = Folder::new();
    made(&folder, &["--keep-ca-key", "meet.example.org"]);
    let key = folder.path().join("ca-key.pem");
    assert_eq!(mode(&key), 0o600);
    let ca = fs::read(folder.path().join("ca.pem")).unwrap();
    made(&folder, &["--keep-ca-key", "other.example.org"]);
    assert_eq!(fs::read(folder.path().join("ca.pem")).unwrap(), ca);
    let mut openssl = Command::new("openssl");
    openssl.args(["verify", "-verify_hostname", "other.example.org", "-CAfile", "ca.pem", "cert.pem"]);
    assert!(openssl.current_dir(folder.path()).output().unwrap().status.success());
    made(&folder, &["other.example.org"]);
    assert!(!key.exists());
    assert_ne!(fs::read(folder.path().join("ca.pem")).unwrap(), ca, "nobody has the old one's key any more");
}

#[test]
fn a_renewed_certificate_is_copied_and_read_again() {
    let folder = Folder::new();
    let put_script = |name: &str, text: &[u8]| {
        folder.put(name, text);
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    put_script("certs/letsencrypt-hook.sh", &fs::read(HOOK).unwrap());
    let said = folder.path().join("said");
    put_script("bin/docker", format!("#!/bin/sh\necho \"$@\" >>'{}'\n", said.display()).as_bytes());
    folder.put(".env", b"PLENARY_HTTP_PORT=80\nPLENARY_HOST=meet.example.org\n");
    folder.put("archive/fullchain1.pem", b"chain");
    folder.put("archive/privkey1.pem", b"key");
    fs::create_dir_all(folder.path().join("live")).unwrap();
    for name in ["fullchain", "privkey"] {
        let link = folder.path().join(format!("live/{name}.pem"));
        std::os::unix::fs::symlink(format!("../archive/{name}1.pem"), link).unwrap();
    }
    // certbot finds it by a link.
    std::os::unix::fs::symlink("certs/letsencrypt-hook.sh", folder.path().join("hook")).unwrap();
    std::os::unix::fs::symlink("live", folder.path().join("plenary-coturn")).unwrap();
    let renewed = |domains: &str, lineage: &str| {
        let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap());
        let mut hook = Command::new(folder.path().join("hook"));
        hook.env("PATH", path)
            .env("RENEWED_DOMAINS", domains)
            .env("RENEWED_LINEAGE", folder.path().join(lineage));
        let output = hook.current_dir("/").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    renewed("shop.example.org", "live");
    let [certificate, key] = ["certs/cert.pem", "certs/key.pem"].map(|name| folder.path().join(name));
    assert!(!certificate.exists() && !said.exists(), "another site's");
    renewed("www.example.org meet.example.org", "live");
    assert_eq!((fs::read(&certificate).unwrap(), fs::read(&key).unwrap()), (b"chain".into(), b"key".into()));
    assert!(!fs::symlink_metadata(&key).unwrap().is_symlink());
    assert_eq!((mode(&certificate), mode(&key)), (0o644, 0o600));
    let coturns = folder.path().join("certs/coturn/key.pem");
    assert!(!coturns.exists(), "coturn has a key of its own");
    renewed("meet.example.org", "plenary-coturn");
    assert_eq!((fs::read(&coturns).unwrap(), mode(&coturns)), (b"key".into(), 0o600));
    let owner = |path: &Path| std::os::unix::fs::MetadataExt::uid(&fs::metadata(path).unwrap());
    let expected = if owner(&key) == 0 { 10_002 } else { owner(&key) };
    assert_eq!(owner(&coturns), expected, "who may, gives it to coturn's user");
    assert_eq!(
        fs::read_to_string(&said).unwrap(),
        "compose kill -s HUP nginx\n\
         compose kill -s USR2 coturn\n"
    );
}

/// One day for all of an image: what is built again next year is the same.
#[test]
fn every_image_is_of_the_day_that_the_compose_file_names() {
    let read = |name: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let compose = read("docker-compose.yml");
    let value = |name: &str| {
        let line =
            compose.lines().find(|line| line.trim().starts_with(&format!("{name}: ${{{name}"))).unwrap();
        let value = line.split_once(&format!("${{{name}")).unwrap().1;
        value.trim_start_matches([':', '-']).trim_end_matches('}').to_owned()
    };
    let (image, snapshot) = (value("DEBIAN_IMAGE"), value("DEBIAN_SNAPSHOT"));
    let day = &snapshot[..8];
    assert!(day.bytes().all(|byte| byte.is_ascii_digit()), "{snapshot}");
    assert_eq!(image, format!("debian:bookworm-{day}-slim"));
    for name in ["Dockerfile", "nginx/Dockerfile", "coturn/Dockerfile"] {
        let text = read(name);
        let bases: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
        let expected = ["${DEBIAN_IMAGE}", "${RUST_IMAGE}", "base"];
        assert!(
            bases.iter().all(|base| expected.contains(&base.split(' ').next().unwrap())),
            "{name}: {bases:?}"
        );
        assert!(text.contains(&format!("ARG DEBIAN_IMAGE={image}\n")), "{name}");
        let installs = text.contains("apt-get install");
        assert_eq!(text.contains(&format!("ARG DEBIAN_SNAPSHOT={snapshot}\n")), installs, "{name}");
    }
}
