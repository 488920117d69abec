//! `plenary doctor` on a machine with one thing wrong: it names that.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use time::OffsetDateTime;

use crate::harness::Folder;
use crate::process::{self, PROGRAM};

/// What it finds with these arguments, and its exit code.
fn examine(folder: &Folder, arguments: &[&str]) -> (Vec<Value>, i32) {
    let mut command = Command::new(PROGRAM);
    command.args(["doctor", "--json"]).args(arguments).current_dir(folder.path());
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (report["findings"].as_array().unwrap().clone(), output.status.code().unwrap())
}

/// What is not as it should be: names, and how bad that is.
fn faults(findings: &[Value]) -> Vec<(&str, &str)> {
    findings
        .iter()
        .map(|finding| (finding["name"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
        .filter(|(_, severity)| ["warning", "error"].contains(severity))
        .collect()
}

fn finding<'a>(findings: &'a [Value], name: &str) -> &'a Value {
    findings.iter().find(|finding| finding["name"] == name).unwrap_or_else(|| panic!("{name}: {findings:?}"))
}

/// A port for UDP and for TCP that nobody has.
fn free_port() -> u16 {
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = udp.local_addr().unwrap().port();
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return port;
        }
    }
}

/// Arguments under which nothing is wrong.
fn good() -> Vec<String> {
    ["--announce", "127.0.0.1", "--http-port", "0", "--udp-port", &free_port().to_string()]
        .map(str::to_owned)
        .to_vec()
}

fn with(more: &[&str]) -> Vec<String> {
    good().into_iter().chain(more.iter().map(|argument| (*argument).to_owned())).collect()
}

fn look(folder: &Folder, more: &[&str]) -> (Vec<Value>, i32) {
    let arguments = with(more);
    examine(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A certificate for `example.org` that is good for these days from now.
fn certificate(folder: &Folder, from: i64, until: i64) -> [&'static str; 4] {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["example.org".to_owned()]).unwrap();
    params.not_before = OffsetDateTime::now_utc() + time::Duration::days(from);
    params.not_after = OffsetDateTime::now_utc() + time::Duration::days(until);
    folder.put("cert.pem", params.self_signed(&key).unwrap().pem().as_bytes());
    folder.put("key.pem", key.serialize_pem().as_bytes());
    ["--cert", "cert.pem", "--key", "key.pem"]
}

#[test]
fn nothing_is_wrong_where_nothing_is() {
    let folder = Folder::new();
    let (findings, _) = look(&folder, &[]);
    // Only this machine can be called there, and that is told.
    let faults = faults(&findings);
    assert_eq!(faults, [("announced", "error")], "{findings:?}");
    assert_eq!(finding(&findings, "announced-reach")["severity"], "good");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "it leaves nothing behind");
}

#[test]
fn a_setting_that_there_is_not_is_named_with_what_was_meant() {
    let folder = Folder::new();
    folder.put("plenary.toml", b"http_port = 1\n");
    let (findings, code) = examine(&folder, &["--config", "plenary.toml"]);
    assert_eq!((faults(&findings), code), (vec![("settings", "error")], 1));
    assert!(findings[0]["seen"].as_str().unwrap().contains("did you mean http-port?"), "{findings:?}");
}

#[test]
fn a_port_that_another_program_has_is_told_apart_from_that_of_a_running_server() {
    let folder = Folder::new();
    let other = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let arguments = ["--announce", "127.0.0.1", "--udp-port", "0", "--http-port", &port];
    let (findings, code) = examine(&folder, &arguments);
    assert!(faults(&findings).contains(&("port", "error")) && code == 1, "{findings:?}");
    assert!(finding(&findings, "port")["seen"].as_str().unwrap().contains(&port));

    let udp = free_port().to_string();
    let mut command = Command::new(PROGRAM);
    command.args(["--plain-http", "--http-port", "0", "--announce", "127.0.0.1", "--udp-port", &udp]);
    let process = process::Process::start(command, &folder);
    let http = process.port.to_string();
    let arguments = ["--plain-http", "--announce", "127.0.0.1", "--udp-port", &udp, "--http-port", &http];
    let (findings, _) = examine(&folder, &arguments);
    assert_eq!(finding(&findings, "port")["severity"], "good", "{findings:?}");
    assert!(finding(&findings, "port")["seen"].as_str().unwrap().contains("serves at these ports already"));
    assert_eq!(finding(&findings, "announced-reach")["severity"], "good", "{findings:?}");
    process::end(process);
}

#[test]
fn an_address_that_leads_nowhere_is_named() {
    let folder = Folder::new();
    // For documentation (RFC 5737): nobody has it.
    let (findings, code) = look(&folder, &["--announce", "198.51.100.7"]);
    assert_eq!((faults(&findings), code), (vec![("announced-reach", "warning")], 0), "{findings:?}");
    assert!(
        findings
            .iter()
            .any(|one| one["seen"].as_str().unwrap().contains("198.51.100.7 is no address of this machine"))
    );
}

#[test]
fn certificates_that_browsers_refuse_are_named_by_why() {
    for (from, until, expected) in [
        (-30, -1, vec![("certificate-dates", "error"), ("certificate-names", "error")]),
        (1, 90, vec![("certificate-dates", "error"), ("certificate-names", "error")]),
        (-1, 5, vec![("certificate-dates", "warning"), ("certificate-names", "error")]),
        (-1, 90, vec![("certificate-names", "error")]),
    ] {
        let folder = Folder::new();
        let files = certificate(&folder, from, until);
        let (findings, code) = look(&folder, &[&files[..], &["--host", "meet.example.org"]].concat());
        let found = faults(&findings);
        assert!(expected.iter().all(|one| found.contains(one)) && code == 1, "{from} {until}: {found:?}");
        assert!(found.contains(&("certificate-chain", "warning")), "{found:?}");
        if from > 0 {
            let advice = finding(&findings, "certificate-dates")["advice"].as_str().unwrap();
            assert!(advice.contains("clock of this machine"), "{advice}");
        }
    }
    let folder = Folder::new();
    certificate(&folder, -1, 90);
    let other = Folder::new();
    certificate(&other, -1, 90);
    folder.put("key.pem", &std::fs::read(other.path().join("key.pem")).unwrap());
    let (findings, _) = look(&folder, &["--cert", "cert.pem", "--key", "key.pem"]);
    assert!(faults(&findings).contains(&("certificate", "error")), "a key of another one: {findings:?}");
}

/// An answer that refuses (RFC 8489, 14.8), with the realm and the nonce that a second request needs.
fn refusal(request: &[u8]) -> Vec<u8> {
    let attribute = |kind: u16, value: &[u8]| {
        let mut bytes =
            [&kind.to_be_bytes()[..], &u16::try_from(value.len()).unwrap().to_be_bytes(), value].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    };
    let body = [
        attribute(0x0009, b"\0\0\x04\x01Unauthorized"),
        attribute(0x0014, b"example.org"),
        attribute(0x0015, b"0123456789"),
    ]
    .concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[0x01, 0x13], &length[..], &request[4..20], &body].concat()
}

#[test]
fn a_relay_with_another_secret_is_told_apart_from_one_that_is_not_there() {
    let folder = Folder::new();
    folder.put("secret", b"a secret of these tests\n");
    let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("turn:{}", relay.local_addr().unwrap());
    relay.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let ends = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&ends);
    let thread = std::thread::spawn(move || {
        let mut buffer = [0; 2_048];
        while !ended.load(Ordering::Relaxed) {
            if let Ok((count, from)) = relay.recv_from(&mut buffer) {
                relay.send_to(&refusal(&buffer[..count]), from).unwrap();
            }
        }
    });
    let (findings, code) = look(&folder, &["--turn-url", &url, "--turn-secret-file", "secret"]);
    ends.store(true, Ordering::Relaxed);
    thread.join().unwrap();
    assert!(faults(&findings).contains(&("turn-secret", "error")) && code == 1, "{findings:?}");
    assert_eq!(finding(&findings, "turn-reach")["severity"], "good");
    let text = serde_json::to_string(&findings).unwrap();
    assert!(!text.contains("a secret of these tests"), "no secret is told");

    let nobody = format!("turn:127.0.0.1:{}?transport=tcp", free_port());
    let (findings, _) = look(&folder, &["--turn-url", &nobody, "--turn-secret-file", "secret"]);
    assert!(faults(&findings).contains(&("turn-reach", "error")), "{findings:?}");
}

#[test]
fn every_finding_is_explained() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doctor.md")).unwrap();
    let written: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(written, plenary::doctor::NAMES);
}

#[test]
fn an_address_inside_of_a_containers_network_is_named() {
    let folder = Folder::new();
    for address in ["172.17.0.9", "10.88.0.9"] {
        let port = free_port().to_string();
        let (findings, code) =
            examine(&folder, &["--announce", address, "--http-port", "0", "--udp-port", &port]);
        let found = faults(&findings);
        assert!(found.contains(&("announced-container", "warning")) && code == 0, "{findings:?}");
        let named = finding(&findings, "announced-container");
        assert!(named["seen"].as_str().unwrap().contains(address), "{named}");
        assert!(named["advice"].as_str().unwrap().contains("--announce"), "{named}");
    }
}

#[test]
fn a_port_is_looked_at_where_it_is_to_be_had() {
    let folder = Folder::new();
    let other = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
    let taken = other.local_addr().unwrap();
    let port = taken.port().to_string();
    // Elsewhere on this machine the same number is free.
    let arguments = ["--http-port", &port, "--http-address", "127.0.0.1"];
    let (findings, _) = examine(&folder, &[&arguments[..], &["--udp-port", "0"]].concat());
    assert_eq!(finding(&findings, "port")["severity"], "good", "{findings:?}");
    let numbers = taken.to_string();
    let (findings, code) = examine(&folder, &["--http-port", "0", "--udp-port", "0", "--metrics", &numbers]);
    let named = finding(&findings, "port");
    assert_eq!((named["severity"].as_str(), code), (Some("error"), 1), "{findings:?}");
    assert!(named["advice"].as_str().unwrap().contains("--metrics"), "{named}");
}
