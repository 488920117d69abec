//! The program as operators start and end it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{self, Answer, Client, Folder, PATIENCE};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_plenary");

/// A running program, ended with the test.
pub struct Process {
    pub child: Child,
    pub port: u16,
    log: PathBuf,
}

impl Process {
    /// Starts it by `command` and waits until it says where it is.
    pub fn start(mut command: Command, folder: &Folder) -> Self {
        let log = File::create(folder.path().join("log")).unwrap();
        let command = command.current_dir(folder.path()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.map(Result::unwrap).find(|line| line.contains("//localhost:")).expect("an address");
        let port = line.rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port, log: folder.path().join("log") }
    }

    pub fn connect(&self) -> Client {
        Client::new(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap())
    }

    /// What it said on standard error so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end: the exit code.
    pub fn end(mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        harness::tell_log_of_failure(&self.log);
    }
}

pub fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

/// Starts it without TLS, on ports of the system's choice.
pub fn start(folder: &Folder, arguments: &[&str]) -> Process {
    let mut command = Command::new(PROGRAM);
    command.args(["--plain-http", "--http-port", "0", "--udp-port", "0"]).args(arguments);
    Process::start(command, folder)
}

pub fn end(process: Process) {
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
}

/// What it answers, on a connection of its own.
pub fn ask(process: &Process, request: &str) -> Answer {
    let mut client = process.connect();
    client.say(request);
    client.answer()
}

#[test]
fn it_starts_without_any_set_up_and_ends_on_a_signal() {
    for signal in ["INT", "TERM"] {
        let folder = Folder::new();
        let mut command = Command::new(PROGRAM);
        command.args(["--http-port", "0", "--udp-port", "0"]);
        let process = Process::start(command, &folder);
        assert!(folder.path().join("certs/cert.pem").exists());
        assert!(folder.path().join("state/key").exists());
        let _connected = process.connect();
        let start = Instant::now();
        process.signal(signal);
        assert_eq!(process.end(), Some(0), "{signal}");
        assert!(start.elapsed() < Duration::from_secs(5), "{signal}: {:?}", start.elapsed());
    }
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let folder = Folder::new();
    for subcommand in [None, Some("serve")] {
        let mut command = Command::new(PROGRAM);
        for flag in [
            "UDP_PORT",
            "ANNOUNCE",
            "CERT",
            "KEY",
            "CERT_DIR",
            "TRUSTED_PROXY",
            "TURN_URL",
            "TURN_SECRET_FILE",
            "STATE",
            "LOG",
            "CLIENT_DIR",
            "PLAIN_HTTP",
        ] {
            command.env(format!("PLENARY_{flag}"), "");
        }
        command.args(subcommand).args(["--http-port", "0", "--udp-port", "0"]);
        let process = Process::start(command, &folder);
        process.signal("TERM");
        assert_eq!(process.end(), Some(0), "{subcommand:?}");
    }
    assert!(folder.path().join("certs/cert.pem").exists(), "not in a directory without a name");
}

#[test]
fn a_port_in_use_is_one_line_that_names_it() {
    let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["--plain-http", "--udp-port", "0", "--http-port", &port]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(&port) && text.contains("--http-port"), "{text}");
}

/// Media takes a number of UDP and of TCP.
#[test]
fn a_media_port_in_use_is_one_line_that_names_it_and_its_protocol() {
    let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let also_taken = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let other = also_taken.local_addr().unwrap().port();
    for (protocol, port) in [("TCP", port), ("UDP", other)] {
        let output = run(&["--plain-http", "--http-port", "0", "--udp-port", &port.to_string()]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.contains(&format!("{protocol} port {port} is in use")) && text.contains("--udp-port"),
            "{text}"
        );
    }
}

#[test]
fn a_bad_value_is_one_line_and_code_2() {
    let output = run(&["--http-port", "eighty"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("eighty") && text.contains("--http-port"), "{text}");
}

#[test]
fn help_goes_to_standard_output() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("PLENARY_HTTP_PORT"));
}

#[test]
fn running_out_of_file_descriptors_passes() {
    let folder = Folder::new();
    let mut command = Command::new("sh");
    let script = format!("ulimit -n 40; exec '{PROGRAM}' --plain-http --http-port 0 --udp-port 0");
    command.args(["-c", &script]);
    let process = Process::start(command, &folder);
    // More than it can accept: the last ones wait in the kernel.
    let mut clients: Vec<Client> = (0..60).map(|_| process.connect()).collect();
    let last = clients.last_mut().unwrap();
    last.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    let waiting = last.stream();
    waiting.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(waiting.peek(&mut [0]).is_err(), "it is really out of descriptors");
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut last = clients.pop().unwrap();
    drop(clients);
    assert_eq!(last.answer().text(), "ok\n");
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
}

#[test]
fn more_people_come_than_a_process_may_have_descriptors_at_first() {
    let folder = Folder::new();
    let mut command = Command::new("sh");
    let script = format!("ulimit -Sn 40; exec '{PROGRAM}' --plain-http --http-port 0 --udp-port 0");
    command.args(["-c", &script]);
    let process = Process::start(command, &folder);
    let mut clients: Vec<Client> = (0..60).map(|_| process.connect()).collect();
    for client in &mut clients {
        client.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    assert!(clients.iter_mut().all(|client| client.answer().text() == "ok\n"));
}
