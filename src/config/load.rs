//! `plenary load`: synthetic people, and what they are to do.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use http::Uri;

use super::metrics;
use crate::media::units::Bitrate;

/// People and rooms at most: a port and two file descriptors each.
const MOST_PEOPLE: u32 = 20_000;

/// The longest run: a day.
const MOST_SECONDS: u64 = 24 * 3_600;

/// The most a picture may have.
const MOST_BITRATE: Bitrate = Bitrate::kbps(100_000);

/// The least, but for none: whoever writes fewer bits a second forgot the unit.
const LEAST_BITRATE: Bitrate = Bitrate::kbps(1);

/// Synthetic people for a server, without browsers: who they are, what they send and see, and what is measured.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct LoadArgs {
    /// Where the server's page is
    #[arg(long, value_name = "URL", default_value = "https://localhost:8443")]
    url: Url,

    /// Rooms, each with as many people
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_PEOPLE)))]
    rooms: u32,

    /// People of each room who send, and see and hear the others
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST_PEOPLE)))]
    publishers: u32,

    /// People of each room who only see and hear
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST_PEOPLE)))]
    subscribers: u32,

    /// What each picture has: 2.5M, 900k; 0 for none. With --simulcast all its layers together, and the server says how it is
    /// divided
    #[arg(long, value_name = "RATE", default_value = "2.5M", value_parser = rate)]
    video_bitrate: Bitrate,

    /// Send sound, too: speech without a pause, 50 packets a second
    #[arg(long)]
    audio: bool,

    /// Send a camera in three sizes as browsers do, at the rates the server asks for; without it one size, as a shared screen
    #[arg(long)]
    simulcast: bool,

    /// Spread the packets of a picture evenly over its time; without it they go at once, as browsers send them
    #[arg(long)]
    even: bool,

    /// Seconds to measure, once everybody is in
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=MOST_SECONDS))]
    duration: u64,

    /// People a second who enter at the beginning. The server takes 300 of one address at once and then 20 a second
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = per_second)]
    join_rate: f64,

    /// People a second who leave while it is measured; each comes back a second later, as somebody new
    #[arg(long, value_name = "N", value_parser = per_second)]
    churn: Option<f64>,

    /// More people who see and hear, all within a second while it is measured: how long do they wait for the first picture?
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST_PEOPLE)))]
    join_storm: u32,

    /// Pictures that everybody shows; without it the server chooses
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=25))]
    view: Option<u8>,

    /// A line in front of each receiver: 2M,40ms,1% is 2 Mbit/s, 40 ms longer, one packet in a hundred lost; 0 for no bound,
    /// no delay, no loss
    #[arg(long, value_name = "RATE,DELAY,LOSS")]
    link: Option<LinkRule>,

    /// Trust this certificate (PEM): the server's own or that of who signed it. A server at a loopback address is trusted without
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    certificate: Option<PathBuf>,

    /// Trust whatever certificate the server shows
    #[arg(long)]
    insecure: bool,

    /// Access token that everybody shows, and whoever makes the rooms (docs/tokens.md): `plenary token --room '*' --create`. Others on
    /// this machine can read it in the list of processes
    #[arg(long, value_name = "TOKEN", conflicts_with = "pass_file")]
    pass: Option<String>,

    /// The same in a file
    #[arg(long, value_name = "FILE")]
    pass_file: Option<PathBuf>,

    /// Process id of the server, on this machine: adds its CPU for each packet, its memory for each person
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,

    /// With --pid: where the server tells numbers (its own --metrics), which adds datagrams for each of its calls. Without
    /// it: where the process's command line says
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = metrics::address, requires = "pid")]
    metrics: Option<SocketAddr>,

    /// Say where people are, too: which of the server's addresses each sends to, one for each of its workers, and what those
    /// get who are there
    #[arg(long)]
    spill: bool,

    /// Print the result as JSON (docs/load.md) instead of a table
    #[arg(long)]
    json: bool,

    /// Number that fixes sizes of pictures and which packets a --link loses
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// A load, checked.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct LoadConfig {
    /// Where the server is.
    pub url: Url,
    /// How many rooms.
    pub rooms: u32,
    /// Of each: who send, and receive.
    pub publishers: u32,
    /// Of each: who only receive.
    pub subscribers: u32,
    /// Of each picture; zero if there is none.
    pub video_bitrate: Bitrate,
    /// There is sound.
    pub audio: bool,
    /// Pictures are a camera's three layers; otherwise a screen's one.
    pub simulcast: bool,
    /// Packets of a picture are spread over its time.
    pub even: bool,
    /// How long is measured.
    pub duration: Duration,
    /// People a second who enter at the beginning.
    pub join_rate: f64,
    /// People a second who leave and come back; none if zero.
    pub churn: f64,
    /// More people who come within a second.
    pub join_storm: u32,
    /// Pictures that everybody shows, if they say.
    pub view: Option<u8>,
    /// The line in front of each receiver.
    pub link: Option<LinkRule>,
    /// Which certificates are trusted.
    pub trust: Trust,
    /// What everybody shows.
    pub pass: Option<String>,
    /// The server's process, if it is on this machine and to be looked at.
    pub pid: Option<u32>,
    /// Where the server tells numbers.
    pub metrics: Option<SocketAddr>,
    /// Where people are is told.
    pub spill: bool,
    /// The result is for programs.
    pub json: bool,
    /// For all that is drawn.
    pub seed: u64,
}

/// Which certificates of a server are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// What this machine trusts.
    System,
    /// What is in this file.
    File(PathBuf),
    /// Any.
    Any,
}

impl LoadArgs {
    /// The load.
    ///
    /// # Errors
    /// One line on what does not fit together.
    pub(super) fn settle(self) -> Result<LoadConfig, String> {
        let people = u64::from(self.rooms) * (u64::from(self.publishers) + u64::from(self.subscribers))
            + u64::from(self.join_storm);
        if people == 0 {
            return Err("nobody is to come: say --publishers or --subscribers".to_owned());
        }
        if people > u64::from(MOST_PEOPLE) {
            return Err(format!(
                "{people} people are more than the {MOST_PEOPLE} that one machine has ports for"
            ));
        }
        if self.publishers > 0 && !self.audio && self.video_bitrate == Bitrate::default() {
            return Err(
                "whoever publishes sends a picture or sound: say --video-bitrate or --audio".to_owned()
            );
        }
        let trust = match self.certificate {
            Some(file) => Trust::File(file),
            None if self.insecure || self.url.is_loopback() => Trust::Any,
            None => Trust::System,
        };
        let pass = match self.pass_file {
            Some(file) => {
                let text = fs::read_to_string(&file);
                let text = text.map_err(|error| format!("--pass-file {}: {error}", file.display()))?;
                Some(text.lines().next().unwrap_or_default().to_owned())
            }
            None => self.pass,
        };
        let pass = pass.map(|pass| pass.trim().to_owned());
        if pass.as_ref().is_some_and(|pass| !is_token(pass)) {
            return Err(
                "what --pass or --pass-file says is no access token: `plenary token` prints one".to_owned()
            );
        }
        Ok(LoadConfig {
            url: self.url,
            rooms: self.rooms,
            publishers: self.publishers,
            subscribers: self.subscribers,
            video_bitrate: self.video_bitrate,
            audio: self.audio,
            simulcast: self.simulcast,
            even: self.even,
            duration: Duration::from_secs(self.duration),
            join_rate: self.join_rate,
            churn: self.churn.unwrap_or(0.0),
            join_storm: self.join_storm,
            view: self.view,
            link: self.link,
            trust,
            pass,
            pid: self.pid,
            metrics: self.metrics,
            spill: self.spill,
            json: self.json,
            seed: self.seed,
        })
    }
}

/// Whether a text looks like an access token (RFC 7515, 3.1): three parts in base64url.
fn is_token(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.split('.').count() == 3 && text.split('.').all(is_part)
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// With TLS.
    pub tls: bool,
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Url {
    /// Whether it is this machine itself, so that nobody can be in between.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Host and port, as a `Host` header has them.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

impl FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Url, &'static str> {
        let wrong = "write https://HOST:PORT or http://HOST:PORT";
        let uri: Uri = text.parse().map_err(|_| wrong)?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong),
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err("name the server only, without a path, as https://HOST:PORT");
        }
        let after = uri.authority().and_then(|authority| authority.as_str().strip_prefix(authority.host()));
        if after.is_none_or(|port| !port.is_empty() && uri.port_u16().is_none()) {
            return Err(wrong);
        }
        let host =
            uri.host().map(|host| host.trim_matches(['[', ']']).to_owned()).filter(|host| !host.is_empty());
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Url { tls, host: host.ok_or(wrong)?, port })
    }
}

/// A line in front of a receiver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkRule {
    /// What it carries; without bound if zero.
    pub rate: Bitrate,
    /// How much longer everything takes.
    pub delay: Duration,
    /// The share of packets that it loses, 0 to 1.
    pub loss: f64,
}

impl FromStr for LinkRule {
    type Err = String;

    fn from_str(text: &str) -> Result<LinkRule, String> {
        let [of_rate, of_delay, of_loss] = text.split(',').map(str::trim).collect::<Vec<_>>()[..] else {
            return Err("write RATE,DELAY,LOSS such as 2M,40ms,1%".to_owned());
        };
        let millis =
            of_delay.strip_suffix("ms").unwrap_or(of_delay).parse().ok().filter(|ms| *ms <= 60_000_u64);
        let percent = of_loss.strip_suffix('%').unwrap_or(of_loss).parse().ok();
        let percent = percent.filter(|percent| (0.0..=100.0_f64).contains(percent));
        Ok(LinkRule {
            rate: rate(of_rate)?,
            delay: millis.map(Duration::from_millis).ok_or("a delay is written 40ms, a minute at most")?,
            loss: percent.ok_or("a loss is written 1%, of a hundred")? / 100.0,
        })
    }
}

/// Bits a second: 2.5M, 900k, 64000.
fn rate(text: &str) -> Result<Bitrate, String> {
    let (number, unit) = match text.strip_suffix(['M', 'm']) {
        Some(number) => (number, 1_000_000.0),
        None => text.strip_suffix(['k', 'K']).map_or((text, 1.0), |number| (number, 1_000.0)),
    };
    let bits = number.parse::<f64>().ok().map(|number| number * unit);
    let bounds = LEAST_BITRATE.as_bps() as f64..=MOST_BITRATE.as_bps() as f64;
    let bits = bits.filter(|bits| *bits == 0.0 || bounds.contains(bits));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between bounds")]
    let rate = bits.map(|bits| Bitrate::bps(bits as u64));
    rate.ok_or_else(|| format!("\"{text}\" is no rate: write 2.5M or 900k, from 1k to 100M"))
}

fn per_second(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.01..=10_000.0).contains(number));
    number.ok_or_else(|| format!("\"{text}\" is no number of people a second"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Stop, Task};

    fn load(args: &[&str]) -> Result<LoadConfig, Stop> {
        match Task::from_args(["plenary", "load"].iter().chain(args))? {
            Task::Load(config) => Ok(config),
            _ => panic!("it is to load"),
        }
    }

    #[test]
    fn a_load_needs_no_argument() {
        let config = load(&[]).unwrap();
        assert_eq!((config.rooms, config.publishers, config.subscribers), (1, 1, 1));
        assert_eq!(config.url, "https://localhost:8443/".parse().unwrap());
        assert_eq!(config.trust, Trust::Any, "the machine itself is trusted");
    }

    #[test]
    fn what_is_said_is_taken() {
        let config = load(&[
            "--url",
            "http://[2001:db8::1]:80",
            "--rooms",
            "3",
            "--publishers",
            "4",
            "--subscribers",
            "0",
            "--video-bitrate",
            "0",
            "--audio",
            "--link",
            "2M,40ms,1.5%",
            "--duration",
            "5",
            "--view",
            "9",
        ]);
        let config = config.unwrap();
        assert_eq!(config.url, Url { tls: false, host: "2001:db8::1".to_owned(), port: 80 });
        assert_eq!(config.url.to_string(), "http://[2001:db8::1]:80");
        let link = LinkRule { rate: Bitrate::kbps(2_000), delay: Duration::from_millis(40), loss: 0.015 };
        assert_eq!((config.link, config.view, config.trust), (Some(link), Some(9), Trust::System));
    }

    #[test]
    fn a_token_is_said_or_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass");
        fs::write(&file, "a.b.c\nhttps://localhost/r/x#pass=a.b.c\n").unwrap();
        let file = file.to_str().unwrap();
        assert_eq!(load(&["--pass", "a.b.c"]).unwrap().pass, load(&["--pass-file", file]).unwrap().pass);
    }

    #[test]
    fn a_mistake_is_one_line_and_code_2() {
        for (args, hint) in [
            (&["--url", "localhost:8443"][..], "https://HOST:PORT"),
            (&["--url", "https://a/r/room"], "without a path"),
            (&["--url", "https://a:99999"], "https://HOST:PORT"),
            (&["--url", "https://somebody@a:1"], "https://HOST:PORT"),
            (&["--video-bitrate", "fast"], "2.5M"),
            (&["--video-bitrate", "200M"], "to 100M"),
            (&["--video-bitrate", "2.5"], "2.5M"),
            (&["--metrics", "9464", "--pid", "1"], "such as 127.0.0.1:9464"),
            (&["--metrics", "127.0.0.1:9464"], "--pid"),
            (&["--rooms", "many"], "not a whole number (see load --help)"),
            (&["--link", "2M"], "RATE,DELAY,LOSS"),
            (&["--link", "2,40ms,1%"], "2.5M"),
            (&["--link", "2M,40ms,101%"], "1%"),
            (&["--link", "2M,soon,1%"], "40ms"),
            (&["--publishers", "0", "--subscribers", "0"], "nobody"),
            (&["--rooms", "20000", "--subscribers", "9"], "20000"),
            (&["--video-bitrate", "0"], "--audio"),
            (&["--insecure", "--certificate", "a.pem"], "cannot be used with"),
            (&["--duration", "0"], "0"),
            (&["--join-rate", "0"], "people a second"),
            (&["--view", "26"], "26"),
            (&["--churn", "0"], "people a second"),
            (&["--join-storm", "20000"], "20000"),
            (&["--pass", "secret"], "no access token"),
            (&["--pass", "a.b.c\r\nx"], "no access token"),
            (&["--pass", "a.b.c", "--pass-file", "x"], "cannot be used with"),
            (&["--pass-file", "/nowhere/at/all"], "--pass-file /nowhere/at/all"),
        ] {
            let stop = load(args).unwrap_err();
            assert!(stop.code == 2 && stop.text.contains(hint), "{args:?}: {}", stop.text);
            assert_eq!(stop.text.lines().count(), 1, "{}", stop.text);
        }
    }
}
