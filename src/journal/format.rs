//! How the log is written: as text for people, or as JSON for programs, a line each; and how much of it.

use std::io::{self, IsTerminal, Write};
use std::str::FromStr;

use env_logger::fmt::Formatter;
use env_logger::{Target, WriteStyle};
use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Record};
use serde_json::Map;

use super::Journal;

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: time, level, module, text, and what it is about as `name=value`.
    #[default]
    Text,
    /// For programs: an object with `time`, `level`, `target`, `message`, and what it is about.
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("neither text nor json"),
        }
    }
}

/// Has everything logged there, from `level` on. What libraries have to say below a warning is for those who work on them.
pub fn start(journal: &Journal, level: LevelFilter, format: LogFormat) {
    let is_for_people = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut builder = env_logger::Builder::new();
    builder
        .filter_level(LevelFilter::Warn)
        .filter_module("plenary", LevelFilter::Trace)
        .write_style(if is_for_people { WriteStyle::Always } else { WriteStyle::Never })
        .target(Target::Pipe(Box::new(journal.lines())));
    if format == LogFormat::Json {
        builder.format(json);
    }
    builder.init();
    log::set_max_level(level);
}

/// Logs one level more than now; at most everything.
pub fn log_more() {
    log::set_max_level(log::max_level().increment_severity());
    log::warn!("logging from {} on", log::max_level());
}

/// Logs from this level on.
pub fn log_from(level: LevelFilter) {
    log::set_max_level(level);
    log::warn!("logging from {level} on");
}

fn json(to: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let mut line = Map::new();
    line.insert("time".to_owned(), to.timestamp_millis().to_string().into());
    line.insert("level".to_owned(), record.level().as_str().into());
    line.insert("target".to_owned(), record.target().into());
    line.insert("message".to_owned(), record.args().to_string().into());
    // What it is about never takes the place of these.
    let _ = record.key_values().visit(&mut About(&mut line));
    serde_json::to_writer(&mut *to, &line)?;
    to.write_all(b"\n")
}

/// Collects what a line is about.
struct About<'a>(&'a mut Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for About<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let value = value.to_u64().map_or_else(|| value.to_string().into(), serde_json::Value::from);
        self.0.entry(key.as_str()).or_insert(value);
        Ok(())
    }
}
