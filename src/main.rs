//! `plenary`: the command line around the server.

use std::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use plenary::conference::{Conference, ConferenceConfig, MediaReach, MemoryStore, Now, stun_urls};
use plenary::config::{
    Config, Doctor, LAST_SETTINGS, LoadConfig, Print, StoreTask, Task, TokenConfig, Transport,
    interface_addresses,
};
use plenary::control::certificate::{CertificateFiles, CertificateSource, Tls};
use plenary::control::{Control, ControlConfig, Reach};
use plenary::doctor::{self, Report};
use plenary::greeting::Greeting;
use plenary::journal::{self, Journal};
use plenary::keyring;
use plenary::media::Protocol;
use plenary::passes::mint;
use plenary::pin::stay_on;
use plenary::selfcall::SelfCalls;
use plenary::state;
use plenary::store::{Database, Keeper};
use plenary::webhooks::Webhooks;
use plenary::worker::{Pool, StartError};

fn main() -> ExitCode {
    let config = match Task::from_args(std::env::args_os()) {
        Ok(Task::Serve(config)) => config,
        Ok(Task::Load(config)) => return load(&config),
        Ok(Task::Store(task)) => return store(&task),
        Ok(Task::Token(config)) => return print_token(*config),
        Ok(Task::Doctor(task)) => return examine(task),
        Ok(Task::Print(Print { text, code })) => {
            // Whoever pipes this elsewhere may have read enough.
            let _ = write!(io::stdout(), "{text}");
            return ExitCode::from(code);
        }
        Err(stop) if stop.code == 0 => {
            // Whoever pipes this elsewhere may have read enough.
            let _ = write!(io::stdout(), "{stop}");
            return ExitCode::SUCCESS;
        }
        Err(stop) => {
            eprintln!("plenary: {stop}");
            return ExitCode::from(stop.code);
        }
    };
    let journal = match Journal::start() {
        Ok(journal) => journal,
        Err(error) => {
            eprintln!("plenary: no thread for the log: {error}");
            return ExitCode::FAILURE;
        }
    };
    journal::start(&journal, config.log, config.log_format);
    std::panic::set_hook(Box::new(log_panic));
    take_descriptors();
    match serve(&config, &journal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            journal.say(&format!("plenary: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Puts a load on a server, and prints what came of it.
fn load(config: &LoadConfig) -> ExitCode {
    take_descriptors();
    let report = match plenary::load::run(config) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("plenary: {error}");
            return ExitCode::FAILURE;
        }
    };
    let text = if config.json {
        serde_json::to_string_pretty(&report).map(|text| text + "\n").unwrap_or_default()
    } else {
        report.to_string()
    };
    // Whoever pipes this elsewhere may have read enough.
    let _ = write!(io::stdout(), "{text}");
    ExitCode::SUCCESS
}

/// Looks at what is kept, or copies it.
fn store(task: &StoreTask) -> ExitCode {
    let look = || -> Result<String, Box<dyn Error>> {
        let file = task.file.as_ref().ok_or("--store memory keeps nothing")?;
        let database = Database::look_at(file)?;
        let rooms = database.check()?;
        let Some(to) = &task.backup else {
            return Ok(format!("{} is whole: {rooms} rooms", file.display()));
        };
        database.back_up(to).map_err(|why| format!("no copy was written: {why}"))?;
        Ok(format!("{} has {rooms} rooms of {}", to.display(), file.display()))
    };
    match look() {
        Ok(text) => {
            let _ = writeln!(io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("plenary: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Looks for what is wrong, and says so.
fn examine(task: Doctor) -> ExitCode {
    let report = match task.config {
        Ok(config) => doctor::examine(&config),
        Err(why) => Report::of_bad_settings(&why),
    };
    let text = if task.json {
        serde_json::to_string_pretty(&report).map(|text| text + "\n").unwrap_or_default()
    } else {
        report.to_string()
    };
    // Whoever pipes this elsewhere may have read enough.
    let _ = write!(io::stdout(), "{text}");
    ExitCode::from(report.exit_code())
}

/// Prints an access token, and a link with it if one is wanted.
fn print_token(config: TokenConfig) -> ExitCode {
    match token(config) {
        Ok(text) => {
            // Whoever pipes this elsewhere may have read enough.
            let _ = write!(io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("plenary: {error}");
            ExitCode::FAILURE
        }
    }
}

fn token(config: TokenConfig) -> Result<String, Box<dyn Error>> {
    let TokenConfig { mut claims, lasts, link, key, keyring } = config;
    let keys = keyring.load()?;
    let key = keyring::signer(&keys, key.as_deref())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let mut number = [0; 16];
    entropy(&mut number);
    claims.exp = Some((now + lasts).as_secs() as f64);
    claims.jti = Some(BASE64URL_NOPAD.encode(&number));
    let token = mint(&keys, &key, &claims, now.as_secs())?;
    let link = link.map_or(String::new(), |link| format!("{link}#pass={token}\n"));
    Ok(format!("{token}\n{link}"))
}

/// Takes all file descriptors that the process may have. Systems hand out 1,024 at first for the sake of programs that
/// cannot have more; here each person is one.
fn take_descriptors() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        log::warn!("the limit on file descriptors stays as it is: {error}");
    }
}

/// Says once, in the log, which thread had a fault and where.
fn log_panic(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let what = text.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    log::error!("{}: a fault at {place}: {what}", thread.name().unwrap_or("a thread without a name"));
}

fn serve(config: &Config, journal: &Journal) -> Result<(), Box<dyn Error>> {
    let limits = config.limits.clone();
    let mut control = Control::new(ControlConfig {
        http_port: config.http_port,
        http_addresses: config.http_addresses.clone(),
        hosts: config.hosts.clone(),
        origins: config.origins.clone(),
        frame_ancestors: config.frame_ancestors.clone(),
        only_https: matches!(config.transport, Transport::Files { .. }),
        tls: certificate_source(config).map(Tls::load).transpose()?,
        client_dir: config.client_dir.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        keyring: Some(config.keyring.clone()),
        addresses: tells_addresses(config).then_some(addresses_now),
        limits: limits.clone(),
        drain: config.drain,
    })
    .map_err(|error| port_error(Protocol::Tcp, config.http_port, "--http-port", &error))?;
    control.watch_signals()?;
    control.watch_service()?;
    if let Some(address) = config.metrics {
        let told = control.tell_numbers(address);
        let told = told.map_err(|error| port_error(Protocol::Tcp, address.port(), "--metrics", &error))?;
        log::info!("numbers are told at http://{told}/metrics");
    }

    let mut workers = Pool::start(config, &limits, control.waker())
        .map_err(|StartError { protocol, port, error }| port_error(protocol, port, "--udp-port", &error))?;
    let public = config.announced.iter().map(|announced| announced.public);
    let media = MediaReach { addresses: public.clone().collect(), ports: workers.ports() };
    let stun = workers.ports().first().map_or_else(Vec::new, |port| stun_urls(public, *port));
    let mut rules = config.rules.clone();
    rules.passes.keys = config.keyring.load()?;
    let conference_config = ConferenceConfig {
        key: state::load(&config.state)?,
        limits,
        turn: config.turn.clone(),
        stun,
        media,
        file_bytes: config.file_bytes,
        whip_bitrate: config.whip_bitrate,
        workers: workers.count(),
        spill_at: config.spill_at,
        codecs: config.codecs.clone(),
        rules,
    };
    let mut conference = Conference::new(conference_config, Box::<MemoryStore>::default(), Box::new(entropy));
    if let Some(file) = &config.store {
        let database = Database::open(file)?;
        let kept = database.load()?;
        log::info!("{} rooms are kept in {}", kept.rooms.len(), file.display());
        conference.restore(Now { instant: Instant::now(), wall: SystemTime::now().into() }, kept);
        control.keep_with(Keeper::start(database, control.waker())?);
    }

    if let Some(hooks) = &config.hooks {
        for url in hooks.urls.iter().filter(|url| url.is_open()) {
            log::warn!(
                "what the webhook at {} is told can be read on the way: https:// would hide it",
                url.host()
            );
        }
        let mut life = [0; 6];
        entropy(&mut life);
        control.tell_webhooks(Webhooks::start(hooks, life)?);
    }

    let self_calls = match config.self_call {
        None => SelfCalls::none(),
        Some(each) => {
            let now = Now { instant: Instant::now(), wall: SystemTime::now().into() };
            SelfCalls::start(config, control.port(), conference.make_own_room(now), each)?
        }
    };
    control.tell_more(self_calls.told());

    // The workers are at home by now, and those that replace them have cores of their own.
    if let Some(core) = config.control_core {
        stay_on(core, "the control thread");
    }
    remember(config);
    // Whoever waits for the greeting finds in the log what was said before.
    journal.flush();
    greet(config, control.port());
    control.run(&mut conference, &mut workers)?;
    Ok(())
}

/// What the next version is compared with by `plenary config diff`. A server runs without it.
fn remember(config: &Config) {
    if let Err(error) = state::write(&config.state, LAST_SETTINGS, &config.settings) {
        log::warn!("the settings are not remembered for `plenary config diff`: {error}");
    }
}

fn port_error(protocol: Protocol, port: u16, flag: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            format!(
                "{protocol} port {port} is in use: end the program that has it, or choose another with {flag}"
            )
        }
        ErrorKind::PermissionDenied => {
            format!(
                "{protocol} port {port} needs more rights than this user has: choose one above 1023 with {flag}"
            )
        }
        _ => format!("{protocol} port {port} of {flag} cannot be opened: {error}"),
    }
}

fn certificate_source(config: &Config) -> Option<CertificateSource> {
    match &config.transport {
        Transport::Plain => None,
        Transport::Files { cert, key } => {
            let files = CertificateFiles { certificate: cert.clone(), key: key.clone() };
            Some(CertificateSource::Files(files))
        }
        Transport::Directory(directory) => Some(CertificateSource::Directory {
            directory: directory.clone(),
            addresses: config.addresses.clone(),
        }),
    }
}

/// Whether a browser on this machine may be told the addresses others reach it at. Where TLS ends in front of the server, or
/// is for a name of the operator's, links are made by that name, and what connects from the machine itself is a proxy.
fn tells_addresses(config: &Config) -> bool {
    matches!(config.transport, Transport::Directory(_))
}

/// The addresses of this machine as they are now, the best first: a laptop goes from network to network.
fn addresses_now() -> Vec<IpAddr> {
    best_first(interface_addresses().unwrap_or_default())
}

/// That of the interface that leads out comes first: those of bridges and tunnels to virtual machines are of use to few.
fn best_first(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    // Nothing is sent: connecting a UDP socket asks the system for the way. The address is for documentation (RFC 5737).
    let way_out = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    if let Ok(way_out) = way_out {
        addresses.sort_by_key(|address| *address != way_out.ip());
    }
    addresses
}

fn greet(config: &Config, port: u16) {
    let greeting = Greeting {
        tls: config.transport != Transport::Plain,
        port,
        reach: Reach::of(&config.hosts, &config.http_addresses, &best_first(config.addresses.clone())),
        self_signed: matches!(config.transport, Transport::Directory(_)),
        on_terminal: io::stdout().is_terminal(),
    };
    let _ = write!(io::stdout(), "{}", greeting.text());
}

/// Fills `bytes` with random ones. Without randomness no token is a secret, so there is nothing to go on with.
fn entropy(bytes: &mut [u8]) {
    if aws_lc_rs::rand::fill(bytes).is_err() {
        log::error!("the system gives no random numbers");
        std::process::abort();
    }
}
