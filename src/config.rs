//! The command line, the environment and a file of settings, checked: what the rest gets is ready to use.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

mod alike;
mod announced;
mod doors;
mod file;
mod hooks;
mod limits;
mod load;
mod metrics;
mod passes;
mod settings;
mod shown;
mod state;
mod store;
mod task;
mod token;
mod turn;
mod workers;

use clap::Args;
use clap::builder::BoolishValueParser;
use ipnet::IpNet;
use log::LevelFilter;

use crate::conference::placement::PerMille;
use crate::conference::{FILE_BYTES, PassRules, Turn, WHIP_BITRATE};
use crate::control::{HostName, Origin};
use crate::journal::LogFormat;
use crate::keyring::Keyring;
use crate::limits::Limits;
use crate::media::codec::Codec;
use crate::media::rtc::EgressKind;
use crate::media::{AUDIO_SLOTS, AUDIO_TOP};
use crate::webhooks::HookConfig;
use file::FileArgs;
use limits::LimitArgs;
use metrics::MetricsArgs;
use passes::PassArgs;
use state::StateArgs;
pub use store::StoreTask;
use turn::TurnUrl;
use workers::{Cores, Count};

pub use announced::{Announced, interface_addresses};
pub use load::{LinkRule, LoadConfig, Trust, Url};
pub use settings::{LAST_SETTINGS, Print};
pub use task::{Doctor, Task};
pub use token::TokenConfig;

/// HTTPS as everybody types it when 443 is not to be had.
const HTTP_PORT: u16 = 8443;

/// Media. Beyond what Linux gives to outgoing connections by itself (32768-60999), so that no program holds it by chance,
/// and beyond what anybody has registered (up to 49151).
const UDP_PORT: u16 = 61_000;

/// Named, because clap takes a `Vec` for a flag that is repeated.
type Codecs = std::sync::Arc<[Codec]>;

#[derive(Debug, Clone, Args)]
struct ServeArgs {
    #[command(flatten)]
    file: FileArgs,

    /// TCP port of pages and signaling
    #[arg(long, env = "PLENARY_HTTP_PORT", value_name = "PORT", default_value_t = HTTP_PORT)]
    http_port: u16,

    #[command(flatten)]
    doors: doors::DoorArgs,

    /// Port of media, UDP and TCP, of the first worker; the others have the ports after it. Must be reachable for every
    /// client
    #[arg(long, env = "PLENARY_UDP_PORT", value_name = "PORT", default_value_t = UDP_PORT)]
    udp_port: u16,

    /// Threads that forward media, each with a UDP port of its own: a number, or auto for one per
    /// core. Without it: one, or as many as --pin names cores
    #[arg(long, env = "PLENARY_WORKERS", value_name = "N|auto")]
    workers: Option<Count>,

    /// Cores to keep the workers on, one each: 2,3 or 0-3
    #[arg(long, env = "PLENARY_PIN", value_name = "LIST")]
    pin: Option<Cores>,

    /// Core to keep the thread of pages and signaling on; one of --pin shares it with a worker
    #[arg(long, env = "PLENARY_PIN_CONTROL", value_name = "CORE", requires = "pin", value_parser = workers::core)]
    pin_control: Option<usize>,

    /// Who seals the media that leaves: own, or rtc for the WebRTC library, which takes several times as long and is what the
    /// first is compared with
    #[arg(long, env = "PLENARY_EGRESS", value_name = "own|rtc", default_value = "own")]
    egress: EgressKind,

    /// Picture codecs people may send, the preferred first; of these, what everybody in a room can decode is used
    #[arg(long, env = "PLENARY_CODECS", value_name = "LIST", default_value = "VP8,VP9,H264,AV1", value_parser = workers::codecs)]
    codecs: Codecs,

    /// People of a room who are passed on while they talk at once: above that the loudest are, and who is as loud takes
    /// turns
    #[arg(long, env = "PLENARY_AUDIO_TOP", value_name = "N", default_value_t = AUDIO_TOP, value_parser = clap::value_parser!(u8).range(1..=i64::from(AUDIO_SLOTS)))]
    audio_top: u8,

    /// Bytes of a file that people may send each other through the server; 0 lets none through
    #[arg(long, env = "PLENARY_FILE_BYTES", value_name = "BYTES", default_value_t = FILE_BYTES)]
    file_bytes: u64,

    /// Bits a second of a picture that somebody publishes by WHIP: such tools obey no wish. Who sends more is put out
    #[arg(long, env = "PLENARY_WHIP_BITRATE", value_name = "BITS", default_value_t = WHIP_BITRATE, value_parser = clap::value_parser!(u64).range(100_000..=200_000_000))]
    whip_bitrate: u64,

    /// How busy a worker is, in percent, from which on the next people of its rooms go to another one; 0 spreads each room over
    /// all of them
    #[arg(long, env = "PLENARY_SPILL_AT", value_name = "PERCENT", default_value_t = workers::DEFAULT_SPILL, value_parser = clap::value_parser!(u8).range(0..=100))]
    spill_at: u8,

    /// Address where clients reach the media port: PUBLIC, or LOCAL=PUBLIC behind a translation; IPv4 or IPv6; repeat
    /// it or separate with commas. Without it: every address of this machine
    #[arg(long, env = "PLENARY_ANNOUNCE", value_name = "ADDRESS", value_delimiter = ',')]
    announce: Vec<Announced>,

    /// Certificate chain (PEM). Without it: the one in the directory for certificates, made if there is none
    #[arg(long, env = "PLENARY_CERT", value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// Private key of the certificate (PEM)
    #[arg(long, env = "PLENARY_KEY", value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Directory for a certificate made by the server: cert.pem and key.pem
    #[arg(long, env = "PLENARY_CERT_DIR", value_name = "DIR", default_value = "certs")]
    cert_dir: PathBuf,

    /// Speak HTTP without TLS: only behind a proxy that speaks HTTPS, for browsers give no camera otherwise
    #[arg(long, env = "PLENARY_PLAIN_HTTP", value_parser = BoolishValueParser::new(), conflicts_with_all = ["cert", "key"])]
    plain_http: bool,

    /// Proxy whose X-Forwarded-For, -Host and -Proto are believed: address or network; repeat it or separate with commas
    #[arg(long, env = "PLENARY_TRUSTED_PROXY", value_name = "ADDRESS[/BITS]", value_delimiter = ',', value_parser = network)]
    trusted_proxy: Vec<IpNet>,

    /// TURN server that clients may relay their media through: turn:HOST:PORT?transport=udp, or tcp, or turns: for TLS;
    /// repeat it or separate with commas
    #[arg(
        long,
        env = "PLENARY_TURN_URL",
        value_name = "URL",
        value_delimiter = ',',
        requires = "turn_secret_file"
    )]
    turn_url: Vec<TurnUrl>,

    /// File with the secret shared with the TURN server (coturn: use-auth-secret), 16 bytes or more
    #[arg(long, env = "PLENARY_TURN_SECRET_FILE", value_name = "FILE", requires = "turn_url")]
    turn_secret_file: Option<PathBuf>,

    #[command(flatten)]
    state: StateArgs,

    #[command(flatten)]
    passes: PassArgs,

    #[command(flatten)]
    metrics: MetricsArgs,

    #[command(flatten)]
    limits: LimitArgs,

    /// Seconds that people have to end their calls once the server is to end: it is not ready for more then (/readyz), tells them, and ends when
    /// nobody is inside. A second signal ends it at once
    #[arg(long, env = "PLENARY_DRAIN_SECONDS", value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    drain_seconds: u32,

    #[command(flatten)]
    hooks: hooks::HookArgs,

    /// How much to log to standard error: off, error, warn, info, debug or trace. SIGUSR1 has the server log one level
    /// more, SIGUSR2 as much as at first
    #[arg(long, env = "PLENARY_LOG", value_name = "LEVEL", default_value = "info", value_parser = level)]
    log: LevelFilter,

    /// How a line of the log is written: text for people, json for programs
    #[arg(long, env = "PLENARY_LOG_FORMAT", value_name = "text|json", default_value = "text")]
    log_format: LogFormat,

    /// Serve the client's files from here instead of from the binary, for work on them
    #[arg(long, env = "PLENARY_CLIENT_DIR", value_name = "DIR")]
    client_dir: Option<PathBuf>,
}

/// Everything the operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// The TCP port of pages and signaling.
    pub http_port: u16,
    /// Where they are served; none means every address.
    pub http_addresses: Vec<IpAddr>,
    /// The hosts that requests may be for; none means every host.
    pub hosts: Vec<HostName>,
    /// Other sites whose pages may use the API and signaling, and show the page in a frame.
    pub origins: Vec<Origin>,
    /// Other sites whose pages may show the page in a frame, and no more.
    pub frame_ancestors: Vec<Origin>,
    /// The UDP port of the first media worker.
    pub udp_port: u16,
    /// How many media workers there are, at least one. Each has the UDP port after that of the one before.
    pub workers: u8,
    /// The core of each worker; empty if the kernel chooses.
    pub cores: Vec<usize>,
    /// Who seals the media that leaves.
    pub egress: EgressKind,
    /// The core of the control thread, if the kernel is not to choose. Workers have cores of their own then: their threads
    /// are started by this one.
    pub control_core: Option<usize>,
    /// The picture codecs in use, the preferred first. Never empty.
    pub codecs: Vec<Codec>,
    /// How many of a room who talk at once are passed on.
    pub audio_top: u8,
    /// Bytes of a file that people may send each other through the server; zero lets none through.
    pub file_bytes: u64,
    /// Bits a second of a picture that somebody publishes by WHIP.
    pub whip_bitrate: u64,
    /// How busy a worker is from which on the next people of its rooms go elsewhere.
    pub spill_at: PerMille,
    /// The addresses for media, the best first. Never empty.
    pub announced: Vec<Announced>,
    /// How pages and signaling are protected.
    pub transport: Transport,
    /// The proxies whose word on a client's address and host is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The TURN server that clients are told of, if there is one.
    pub turn: Option<Turn>,
    /// The directory of the server's key.
    pub state: PathBuf,
    /// The file of rooms that outlive the server, if any are to.
    pub store: Option<PathBuf>,
    /// What access tokens are needed for, and which are taken: still without keys.
    pub rules: PassRules,
    /// Where their keys are.
    pub keyring: Keyring,
    /// Where numbers are told, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// How long it is from one self-call to the next, if there are any.
    pub self_call: Option<Duration>,
    /// The bounds on what clients can make the server hold or do.
    pub limits: Limits,
    /// How long people have to end their calls once the server is to end.
    pub drain: Duration,
    /// Who is told what happens to rooms and people, if anybody is.
    pub hooks: Option<HookConfig>,
    /// How much to log.
    pub log: LevelFilter,
    /// How a line of it is written.
    pub log_format: LogFormat,
    /// Where the client's files are, if not in the binary.
    pub client_dir: Option<PathBuf>,
    /// The addresses of this machine, loopback last.
    pub addresses: Vec<IpAddr>,
    /// All of this as `plenary config show` prints it, with where each value comes from.
    pub settings: String,
}

/// How pages and signaling are protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Not here: a proxy in front does it.
    Plain,
    /// TLS with the operator's certificate.
    Files {
        /// The chain, PEM.
        cert: PathBuf,
        /// The private key, PEM.
        key: PathBuf,
    },
    /// TLS with the certificate in this directory, made if there is none.
    Directory(PathBuf),
}

/// What to print instead of serving, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// For standard output (code 0) or standard error.
    pub text: String,
    /// 0 for help and version, 2 for a bad value, 1 if the machine's addresses or a file cannot be read.
    pub code: u8,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Config {
    fn settle(args: ServeArgs) -> Result<Self, Stop> {
        let addresses = interface_addresses().map_err(|error| Stop {
            text: format!("the addresses of this machine cannot be read: {error}"),
            code: 1,
        })?;
        if let Some(directory) = args.client_dir.as_ref().filter(|directory| !directory.is_dir()) {
            return Err(Stop {
                text: format!("--client-dir {}: there is no such directory", directory.display()),
                code: 1,
            });
        }
        let (workers, cores) =
            workers::settle(args.workers, args.pin.as_ref(), args.pin_control, args.udp_port)
                .map_err(|text| Stop { text: format!("{text} (see --help)"), code: 2 })?;
        let turn = turn::settle(&args.turn_url, args.turn_secret_file.as_deref())?;
        let hooks = args.hooks.clone().settle()?;
        let (http_addresses, hosts) = doors::settle(args.doors.clone(), args.plain_http)
            .map_err(|text| Stop { text: format!("{text} (see --help)"), code: 2 })?;
        Ok(Self { http_addresses, hosts, turn, hooks, ..Self::new(args, workers, cores, addresses) })
    }

    fn new(args: ServeArgs, workers: u8, cores: Vec<usize>, addresses: Vec<IpAddr>) -> Self {
        let transport = match (args.plain_http, args.cert, args.key) {
            (true, ..) => Transport::Plain,
            (false, Some(cert), Some(key)) => Transport::Files { cert, key },
            (false, ..) => Transport::Directory(args.cert_dir),
        };
        let (rules, keyring) = passes::settle(args.passes, &args.state.state);
        Self {
            http_port: args.http_port,
            http_addresses: Vec::new(),
            hosts: Vec::new(),
            origins: args.doors.origin,
            frame_ancestors: args.doors.frame_ancestors,
            udp_port: args.udp_port,
            workers,
            cores,
            egress: args.egress,
            control_core: args.pin_control,
            codecs: args.codecs.to_vec(),
            audio_top: args.audio_top,
            file_bytes: args.file_bytes,
            whip_bitrate: args.whip_bitrate,
            spill_at: PerMille(u16::from(args.spill_at) * 10),
            announced: announced::resolve(&args.announce, &addresses),
            transport,
            trusted_proxies: args.trusted_proxy,
            turn: None,
            store: args.state.store(),
            state: args.state.state,
            rules,
            keyring,
            metrics: args.metrics.metrics,
            self_call: args.metrics.self_call.each(),
            limits: args.limits.limits(),
            drain: Duration::from_secs(u64::from(args.drain_seconds)),
            hooks: None,
            log: args.log,
            log_format: args.log_format,
            client_dir: args.client_dir,
            addresses,
            settings: String::new(),
        }
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let network =
        text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(|ip| ip.to_canonical().into()));
    network.map_err(|_| "neither an address nor a network such as 10.0.0.0/8".to_owned())
}

fn level(text: &str) -> Result<LevelFilter, &'static str> {
    text.parse().map_err(|_| "none of off, error, warn, info, debug and trace")
}

#[cfg(test)]
mod tests;
