//! The program under attack: a child process of its own, its counters, the faults it can be told to have.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plenary::conference::placement::SPILL_AT;
use plenary::conference::{Conference, ConferenceConfig, MasterKey, MemoryStore, PassRules};
use plenary::config::Task;
use plenary::control::{Control, ControlConfig, Stopper};
use plenary::limits::Limits;
use plenary::worker::Pool;
use serde_json::Value;
use tungstenite::WebSocket;

use crate::harness::{self, ATTACKER, Answer, Client, OPERATOR, Stream, posted};
use crate::rng::Rng;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plenary");

/// How long an honest end may take.
const END: Duration = Duration::from_secs(10);

/// How long a worker may take to say what it counted. One that stalls is not waited for.
const FRESH: Duration = Duration::from_millis(200);

/// A running server.
pub struct Server {
    pub port: u16,
    /// Where it tells its numbers, if it does.
    pub metrics: Option<SocketAddr>,
    process: Process,
}

/// Where it runs.
enum Process {
    /// The program itself.
    Child { child: Child, log: PathBuf },
    /// A thread, with limits that no operator can set.
    Thread { stopper: Stopper, thread: Option<JoinHandle<io::Result<()>>> },
}

impl Server {
    /// Starts one on loopback with these further arguments. `descriptors` bounds its open files.
    pub fn start(arguments: &[&str], descriptors: Option<u32>) -> Server {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("attacked-{number}.log"));
        let limit = descriptors.map_or_else(String::new, |most| format!("ulimit -n {most}; "));
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{limit}exec \"$0\" \"$@\"")).arg(PROGRAM);
        command.args(["--plain-http", "--http-port", "0", "--udp-port", "0", "--log", "info"]);
        command.args(["--metrics", "127.0.0.1:0"]);
        let state = log.with_extension("state");
        command.args(["--announce", "127.0.0.1"]).arg("--state").arg(state).args(arguments);
        let output = File::create(&log).expect("a log file");
        let mut child = command.stdout(Stdio::piped()).stderr(output).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.map_while(Result::ok).find(|line| line.contains("//localhost:"));
        let port = line.as_deref().and_then(|line| line.rsplit(':').next()?.parse().ok());
        let said = std::fs::read_to_string(&log).expect("a log file");
        let told = said.split("http://").nth(1).and_then(|rest| rest.split('/').next()?.parse().ok());
        let process = Process::Child { child, log };
        Server { port: port.expect("it says where it is"), metrics: told, process }
    }

    /// Starts one in a thread of this process, with these limits.
    pub fn with(limits: Limits) -> Server {
        let arguments = ["plenary", "--plain-http", "--udp-port", "0", "--announce", "127.0.0.1"];
        let Ok(Task::Serve(config)) = Task::from_args(arguments) else { panic!("good arguments") };
        let control = ControlConfig { limits: limits.clone(), ..ControlConfig::default() };
        let mut control = Control::new(control).expect("a port");
        let (port, stopper) = (control.port(), control.stopper());
        let mut workers = Pool::start(&config, &limits, control.waker()).expect("a worker");
        let (workers_count, codecs) = (workers.count(), config.codecs.clone());
        let key = MasterKey::new(&[7; MasterKey::BYTES]);
        let people = ConferenceConfig {
            media: plenary::conference::MediaReach::default(),
            key,
            limits,
            turn: None,
            stun: vec![],
            file_bytes: plenary::conference::FILE_BYTES,
            whip_bitrate: 8_000_000,
            workers: workers_count,
            spill_at: SPILL_AT,
            rules: PassRules::default(),
            codecs,
        };
        let mut dice = Rng::new(5);
        let entropy = Box::new(move |bytes: &mut [u8]| dice.fill(bytes));
        let mut conference = Conference::new(people, Box::<MemoryStore>::default(), entropy);
        let thread = std::thread::spawn(move || control.run(&mut conference, &mut workers));
        Server { port, metrics: None, process: Process::Thread { stopper, thread: Some(thread) } }
    }

    /// A connection of the attacker.
    pub fn connect(&self) -> Client {
        Client::new(self.stream())
    }

    /// The same, bare.
    pub fn stream(&self) -> Stream {
        harness::connect_from(ATTACKER, self.port).expect("it listens")
    }

    /// A WebSocket of the attacker, who has the server's page open.
    pub fn websocket(&self) -> WebSocket<Stream> {
        harness::websocket_from(ATTACKER, self.port)
    }

    /// An honest person makes a listed room: its id is its name in lower case.
    pub fn make_room(&self, name: &str) {
        let wanted = serde_json::json!({"name": name, "listed": true}).to_string();
        let answer = ask_from(Ipv4Addr::LOCALHOST, self.port, &posted("/api/rooms", &wanted));
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// One request of the attacker on a connection of its own.
    pub fn ask(&self, request: &str) -> Answer {
        ask_from(ATTACKER, self.port, request)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(&get(path))
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(&posted(path, body))
    }

    /// The counter called `name`, all threads together.
    pub fn counter(&self, name: &str) -> u64 {
        let [count] = self.together([name]);
        count
    }

    /// Several counters of one moment, as they are now: workers are asked by each look, and what they say is in the next one.
    pub fn together<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let (mut counters, by) = (self.counters(), Instant::now() + FRESH);
        let asked = answers(&counters);
        let is_old = |now: &Value| answers(now).iter().zip(&asked).any(|(now, then)| now == then);
        while is_old(&counters) && Instant::now() < by {
            counters = self.counters();
        }
        // Counters by status and by code are there once they moved.
        names.map(|name| sum(name, &counters).unwrap_or(0))
    }

    fn counters(&self) -> Value {
        let answer = ask_from(OPERATOR, self.port, &get("/api/faults"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Sends a signal to the process.
    pub fn signal(&self, name: &str) {
        let Process::Child { child, .. } = &self.process else { panic!("a thread takes no signals") };
        let told = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
        assert!(told.expect("kill runs").success(), "the server is gone");
    }

    /// Its memory that is in use (resident), in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let Process::Child { child, .. } = &self.process else { panic!("a thread has no memory of its own") };
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let kilobytes = line.trim().strip_suffix(" kB").and_then(|number| number.parse::<u64>().ok());
        kilobytes.expect("kilobytes") * 1024
    }

    /// What it said on standard error so far.
    pub fn log(&self) -> String {
        let Process::Child { log, .. } = &self.process else { return String::new() };
        std::fs::read_to_string(log).expect("a log file")
    }

    /// Has the server make this fault.
    pub fn inject(&self, fault: &Value) {
        let answer = ask_from(OPERATOR, self.port, &posted("/api/faults", &fault.to_string()));
        assert!(answer.status < 300, "{fault}: {} {}", answer.status, answer.text());
    }

    /// Ends it as an operator does. Nothing it counted, logged or left behind may say that it did anything wrong.
    pub fn end(mut self) {
        let (child, log) = match &mut self.process {
            Process::Child { child, log } => (child, log),
            Process::Thread { stopper, thread } => {
                stopper.stop().expect("it listens");
                let ended = thread.take().expect("ended once").join().expect("it did not panic");
                return ended.expect("it ends well");
            }
        };
        let id = child.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status().expect("kill runs");
        assert!(told.success(), "the server was gone before it was told to end");
        let by = Instant::now() + END;
        let code = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status.code();
            }
            assert!(Instant::now() < by, "the server does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let log = std::fs::read_to_string(log).expect("a log file");
        assert_eq!(code, Some(0), "{log}");
        let judged: Vec<&str> = log.lines().filter(|line| line.contains("egress guard judged")).collect();
        assert!(!judged.is_empty(), "the egress guard judged nothing: {log}");
        for line in judged {
            assert!(line.contains(", 0 violations, ") && !line.contains(" opened 0 "), "{line}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match &mut self.process {
            Process::Child { child, log } => {
                let _ = child.kill();
                let _ = child.wait();
                harness::tell_log_of_failure(log);
            }
            Process::Thread { stopper, .. } => {
                let _ = stopper.stop();
            }
        }
    }
}

fn ask_from(from: Ipv4Addr, port: u16, request: &str) -> Answer {
    let mut client = Client::new(harness::connect_from(from, port).expect("it listens"));
    client.say(request);
    client.answer()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// How often each worker has said what it counted; one that is gone says nothing.
fn answers(counters: &Value) -> Vec<Option<u64>> {
    let workers = counters["workers"].as_array();
    workers.into_iter().flatten().map(|worker| worker["counters"]["worker_answers"].as_u64()).collect()
}

/// All numbers under the key `name`, wherever it stands.
fn sum(name: &str, value: &Value) -> Option<u64> {
    let parts: Vec<u64> = match value {
        Value::Object(fields) => fields
            .iter()
            .filter_map(|(key, value)| if key == name { value.as_u64() } else { sum(name, value) })
            .collect(),
        Value::Array(items) => items.iter().filter_map(|item| sum(name, item)).collect(),
        _ => Vec::new(),
    };
    (!parts.is_empty()).then(|| parts.iter().sum())
}
