//! A server, and a load for it.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Answer, Client, Folder, posted};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plenary");

/// A running server, ended with the test.
pub struct Server {
    child: Child,
    port: u16,
    tls: bool,
    pub folder: Folder,
}

impl Server {
    /// Starts one with these flags beside its ports.
    pub fn start(flags: &[&str]) -> Server {
        let folder = Folder::new();
        let mut child = Command::new(PROGRAM)
            .args(["--http-port", "0", "--udp-port", "0", "--announce", "127.0.0.1", "--log", "error"])
            .args(["--metrics", "127.0.0.1:0"])
            .args(flags)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.map_while(Result::ok).find(|line| line.contains("//localhost:"));
        let port = line.as_deref().and_then(|line| line.rsplit(':').next()?.parse().ok());
        let tls = !flags.contains(&"--plain-http");
        Server { child, port: port.expect("it says where it is"), tls, folder }
    }

    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Does damage to it, as `control/faults.rs` reads.
    pub fn harm(&self, fault: &str) {
        let answer = self.ask(&posted("/api/faults", fault));
        assert!(answer.status < 300, "{fault}: {} {}", answer.status, answer.text());
    }

    /// What all its workers and the conference counted under one name, a second old at most.
    pub fn counted(&self, name: &str) -> u64 {
        let told = self.ask("GET /api/faults HTTP/1.1\r\nHost: localhost\r\n\r\n").json();
        let workers = told["workers"].as_array().expect("workers").iter().map(|worker| &worker["counters"]);
        let counts: Vec<u64> =
            workers.chain([&told["conference"]]).filter_map(|counters| counters[name].as_u64()).collect();
        assert!(!counts.is_empty(), "nothing is counted as {name}: {told}");
        counts.iter().sum()
    }

    fn ask(&self, request: &str) -> Answer {
        assert!(!self.tls, "asked without TLS");
        let mut client = Client::new(TcpStream::connect(("127.0.0.1", self.port)).expect("it listens"));
        client.say(request);
        client.answer()
    }

    /// Whether it ends by itself within this time, and says that all is well.
    pub fn ended_well(&mut self, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            match self.child.try_wait().expect("it is ours") {
                Some(status) => return status.success(),
                None if Instant::now() > until => return false,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    pub fn url(&self) -> String {
        format!("{}://localhost:{}", if self.tls { "https" } else { "http" }, self.port)
    }

    /// Runs a load with these flags and hands it, while it runs, to `meanwhile`.
    pub fn load_while(&self, flags: &[&str], meanwhile: impl FnOnce(&Child)) -> Output {
        let url = self.url();
        let child = Command::new(PROGRAM)
            .args(["load", "--url", &url])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the load starts");
        meanwhile(&child);
        child.wait_with_output().expect("the load ends")
    }

    /// Runs a load with these flags.
    pub fn load(&self, flags: &[&str]) -> Output {
        load(&[&["--url", &self.url()], flags].concat())
    }

    /// An access token of the server's own key.
    pub fn token(&self, flags: &[&str]) -> String {
        let mut command = Command::new(PROGRAM);
        let output = command.arg("token").args(flags).current_dir(self.folder.path()).output();
        String::from_utf8(output.expect("the program runs").stdout).expect("text")
    }

    /// The result of a load for programs.
    pub fn result(&self, flags: &[&str]) -> Value {
        let output = self.load(&[flags, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn load(flags: &[&str]) -> Output {
    Command::new(PROGRAM).arg("load").args(flags).output().expect("the load runs")
}
