//! The whole server, a process of its own on one core, and `plenary load` on the other: what people get, and what it costs.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::contestant::Contestant;
use crate::machine::{Cores, start_on};
use crate::results::{Figure, Results};

/// Everybody comes from one address, and comes quickly.
const LIMITS: &str = "peers-per-room=4000,sockets-per-address=5000,connections-per-address=8000,\
  joins-per-second-per-address=1000,offers-per-second-per-address=1000,rooms-per-address=1000,\
  rooms-made-per-minute-per-address=1000,half-open-connections-per-address=1024,\
  join-millis=60000";

/// What a camera sends, and with it sound: about 310 packets a second.
const CAMERA: &str = "2.5M";

/// What each shows where many do: about 100 packets a second with its sound.
const SMALL: &str = "500k";

/// People a second who enter before it is measured: a third of what one core can take, each costs it some 5 ms.
const JOIN_RATE: u32 = 60;

/// How long the generator may take besides what it measures: two thousand people enter at sixty a second.
const PATIENCE: Duration = Duration::from_secs(90);

/// Receivers of one publisher that are tried at first, and what is added from then on.
const RISING_FROM: u32 = 200;
const STEP: u32 = 100;

/// Nobody has as many.
const MOST: u32 = 2_400;

/// One row.
#[derive(Debug, Clone, Copy)]
struct Row {
    name: &'static str,
    rooms: u32,
    publishers: u32,
    subscribers: u32,
    bitrate: &'static str,
    arguments: &'static [&'static str],
    /// The room is on two workers, which share the server's core.
    across: bool,
    seconds: u32,
    rounds: usize,
}

impl Row {
    const fn camera(name: &'static str, publishers: u32, subscribers: u32) -> Row {
        let (bitrate, arguments): (_, &[&str]) = (CAMERA, &[]);
        let across = false;
        Row { name, rooms: 1, publishers, subscribers, bitrate, arguments, across, seconds: 6, rounds: 3 }
    }
}

const ROWS: [Row; 11] = [
    Row::camera("server: 1 x 1, bursts", 1, 1),
    Row::camera("server: 1 x 50, bursts", 1, 50),
    Row::camera("server: 1 x 99, bursts", 1, 99),
    Row { arguments: &["--even"], ..Row::camera("server: 1 x 99, even", 1, 99) },
    Row { arguments: &["--even"], across: true, ..Row::camera("server: 1 x 20 on two workers, even", 1, 20) },
    Row { arguments: &["--even", "--join-storm", "50"], seconds: 4, ..Row::camera(JOINS, 1, 99) },
    Row::camera("server: ten all to all, bursts", 10, 0),
    Row { rooms: 2, ..Row::camera("server: two rooms of ten all to all, bursts", 10, 0) },
    Row { bitrate: SMALL, ..Row::camera("server: 25 all to all, bursts", 25, 0) },
    Row { rooms: 50, bitrate: SMALL, ..Row::camera("server: 50 rooms of four, bursts", 4, 0) },
    Row { rooms: 20, seconds: 20, rounds: 1, ..Row::camera("server: 1,000 idle", 0, 50) },
];

/// The row in which fifty more come within the third of four seconds.
pub const JOINS: &str = "server: 1 x 99, even, 50 join in a second";

/// The row of how many one publisher can have.
pub const RISING: &str = "server: receivers of one publisher";

/// A server, ended when it is dropped.
struct Server {
    child: Child,
    port: u16,
    metrics: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(
        contestant: &Contestant,
        core: usize,
        across: bool,
        folder: &std::path::Path,
    ) -> Result<Server, String> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let metrics = port.map_err(|error| error.to_string())?.port();
        let mut command = contestant.server();
        command.args(["--plain-http", "--http-port", "0", "--udp-port", "0", "--announce", "127.0.0.1"]);
        command.args(["--log", "error", "--limit", LIMITS]);
        let core_of_worker = core.to_string();
        command.args(if across { ["--workers", "2"] } else { ["--pin", &core_of_worker] });
        if across {
            command.args(["--spill-at", "0"]);
        }
        command.args(["--metrics", &format!("127.0.0.1:{metrics}")]);
        // Everybody of the load talks all the time: as many are heard as before there was a choice, whatever build it is.
        command.env("PLENARY_AUDIO_TOP", "8");
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = start_on(core, &mut command);
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let port = out.lines().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("localhost:")?;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        });
        let mut server = Server { child, port: 0, metrics };
        server.port = port.ok_or("the server ended before it said where it is")?;
        Ok(server)
    }
}

/// What the generator says of one load on a fresh server.
fn load(contestant: &Contestant, row: &Row) -> Result<Value, String> {
    let cores = Cores::own();
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let server = Server::start(contestant, cores.server, row.across, folder.path())?;
    let mut command = Contestant::generator();
    command.args(["load", "--json", "--audio", "--url", &format!("http://127.0.0.1:{}", server.port)]);
    command.args([
        "--pid",
        &server.child.id().to_string(),
        "--metrics",
        &format!("127.0.0.1:{}", server.metrics),
    ]);
    if row.across {
        command.arg("--spill");
    }
    for (flag, value) in [
        ("--rooms", row.rooms),
        ("--publishers", row.publishers),
        ("--subscribers", row.subscribers),
        ("--duration", row.seconds),
        ("--join-rate", JOIN_RATE),
    ] {
        command.args([flag, &value.to_string()]);
    }
    command.args(["--video-bitrate", row.bitrate]).args(row.arguments);
    let mut child = start_on(cores.generator, command.stdin(Stdio::null()).stdout(Stdio::piped()));
    let mut out = child.stdout.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut said = String::new();
        out.read_to_string(&mut said).map(|_| said)
    });
    let until = Instant::now() + PATIENCE + Duration::from_secs(row.seconds.into());
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if Instant::now() > until {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let said = reader.join().expect("it reads").map_err(|error| error.to_string())?;
    serde_json::from_str(&said).map_err(|error| format!("the generator said no figures: {error}"))
}

/// What of it is told.
const FIGURES: [(&str, &str, &str, f64); 12] = [
    ("/server/microsPerPacket", "CPU for a forwarded packet", "us", 1.0),
    ("/server/cpuPercent", "CPU of the server", "% of a core", 1.0),
    ("/server/datagramsPerCall", "datagrams a call", "", 1.0),
    ("/server/bytesPerPerson", "memory of a person", "MiB", 1.0 / 1_048_576.0),
    ("/video/delayMs/p50", "delay p50", "ms", 1.0),
    ("/video/delayMs/p99", "delay p99", "ms", 1.0),
    ("/video/delayMs/p999", "delay p99.9", "ms", 1.0),
    ("/video/lossPercent", "loss", "%", 1.0),
    ("/video/packetsPerSecond", "packets of pictures a second", "", 1.0),
    ("/audio/packetsPerSecond", "packets of sound a second", "", 1.0),
    ("/blind", "people who got nothing", "", 1.0),
    ("/generator/cpuPercent", "CPU of the generator", "% of a core", 1.0),
];

fn figures(said: &Value) -> Vec<Figure> {
    let told = |&(path, what, unit, scale): &(&str, &'static str, &'static str, f64)| {
        Some((what, unit, said.pointer(path)?.as_f64()? * scale))
    };
    let number = |path| said.pointer(path).and_then(Value::as_f64).unwrap_or(0.0);
    // Where nobody sends nothing can be said of packets.
    let silent = number("/video/packets") + number("/audio/packets") == 0.0;
    let says_something = |what: &str| !silent || what.starts_with("CPU of") || what.starts_with("memory");
    let all = FIGURES.iter().filter(|(_, what, ..)| says_something(what)).filter_map(told);
    all.chain(added_by_crossing(said)).collect()
}

/// How much longer pictures are on their way to those who are on another worker than who sends.
fn added_by_crossing(said: &Value) -> Vec<Figure> {
    let places = said.pointer("/places").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let (here, there): (Vec<&Value>, Vec<&Value>) =
        places.iter().partition(|place| place.pointer("/publishers").and_then(Value::as_u64) == Some(1));
    let [here] = here[..] else { return Vec::new() };
    let [there] = there[..] else { return Vec::new() };
    let delay = |of: &Value, path| of.pointer(path).and_then(Value::as_f64);
    let added = |path| Some(delay(there, path)? - delay(here, path)?);
    let figures = [
        ("delay added by crossing p50", added("/video/delayMs/p50")),
        ("delay added by crossing p99", added("/video/delayMs/p99")),
    ];
    figures.into_iter().filter_map(|(what, added)| Some((what, "ms", added?))).collect()
}

/// Why the generator, and not the server, was what could do no more.
fn bottlenecks(said: &Value) -> Vec<String> {
    let list = said.pointer("/generator/bottlenecks").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(|why| format!("the generator: {why}")).collect()
}

/// All rows that are wanted, in turns.
pub fn rows(results: &mut Results, wanted: &dyn Fn(&str) -> bool, all: &[Contestant]) {
    for row in ROWS.iter().filter(|row| wanted(row.name)) {
        let mut runs = Vec::new();
        results.in_turns(
            row.name,
            row.rounds,
            all,
            |contestant| &contestant.name,
            |contestant| {
                let said = load(contestant, row);
                let trouble = said.as_ref().map_or_else(Clone::clone, |said| bottlenecks(said).join(", "));
                runs.push((contestant.name.clone(), trouble));
                said.map(|said| figures(&said)).unwrap_or_default()
            },
        );
        for Contestant { name, .. } in all {
            let own: Vec<&String> =
                runs.iter().filter(|(of, _)| of == name).map(|(_, trouble)| trouble).collect();
            let bad: Vec<&&String> = own.iter().filter(|trouble| !trouble.is_empty()).collect();
            if let Some(last) = bad.last() {
                results.trouble(format!("{}: {name}: {} of {} runs; {last}", row.name, bad.len(), own.len()));
            }
        }
    }
    if wanted(RISING) {
        rising(results, all);
    }
}

/// How good the way is with so many receivers.
#[derive(Debug, Clone, Copy)]
struct Quality {
    loss_percent: f64,
    p99_ms: f64,
    /// Everybody got something.
    reaches_all: bool,
}

impl Quality {
    fn holds(self, p99_ms: f64) -> bool {
        self.reaches_all && self.loss_percent <= 0.1 && self.p99_ms <= p99_ms
    }
}

/// The most receivers of one publisher at which at most one packet in a thousand is lost and 99 of 100 take no longer than 20 and
/// 100 ms: doubled until both fail, and then what lies between is halved.
fn rising(results: &mut Results, all: &[Contestant]) {
    for contestant in all {
        let mut tried: Vec<(u32, Quality)> = Vec::new();
        let mut receivers = RISING_FROM;
        while receivers <= MOST {
            let Some(quality) = try_with(results, contestant, receivers) else { break };
            tried.push((receivers, quality));
            if !quality.holds(100.0) {
                break;
            }
            receivers *= 2;
        }
        for (what, p99_ms) in [("p99 within 20 ms", 20.0), ("p99 within 100 ms", 100.0)] {
            loop {
                let holds = |tried: &&(u32, Quality)| tried.1.holds(p99_ms);
                let low = tried.iter().filter(holds).map(|(n, _)| *n).max().unwrap_or(0);
                let high = tried.iter().filter(|tried| !holds(tried)).map(|(n, _)| *n).min();
                let middle = high.map(|high| low.midpoint(high) / STEP * STEP);
                match middle.filter(|middle| *middle > low && tried.iter().all(|(n, _)| n != middle)) {
                    None => {
                        results.note(RISING, &contestant.name, (what, "receivers", f64::from(low)));
                        break;
                    }
                    Some(middle) => match try_with(results, contestant, middle) {
                        Some(quality) => tried.push((middle, quality)),
                        None => break,
                    },
                }
            }
        }
    }
    results.say(RISING);
}

fn try_with(results: &mut Results, contestant: &Contestant, receivers: u32) -> Option<Quality> {
    let row = Row { seconds: 6, ..Row::camera(RISING, 1, receivers) };
    let name = format!("{RISING}: {receivers}");
    // Once more, because one failure would end the row.
    match load(contestant, &row).or_else(|_| load(contestant, &row)) {
        Ok(said) => {
            let why = bottlenecks(&said).join(", ");
            if !why.is_empty() {
                results.trouble(format!("{name}: {}: {why}", contestant.name));
            }
            for figure in figures(&said) {
                results.note(&name, &contestant.name, figure);
            }
            results.say(&name);
            let number = |path| said.pointer(path).and_then(Value::as_f64);
            let (loss_percent, p99_ms) = (number("/video/lossPercent")?, number("/video/delayMs/p99")?);
            let reaches_all = number("/blind") == Some(0.0) && number("/video/packets") > Some(0.0);
            Some(Quality { loss_percent, p99_ms, reaches_all })
        }
        Err(error) => {
            results.trouble(format!("{name}: {}: {error}", contestant.name));
            None
        }
    }
}
