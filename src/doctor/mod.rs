//! `plenary doctor`: looks at the settings, the files and the machine as the server would, and says what is wrong and what to do
//! about it ([`doctor.md`](../../docs/doctor.md)).
//!
//! Each part observes something and judges it apart from that: what a finding says can be tested without the fault.

mod addresses;
mod certificate;
mod kept;
mod machine;
mod relay;
mod sockets;

use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use serde::Serialize;

use crate::config::Config;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Good,
    /// Worth knowing.
    Notice,
    /// It will trouble somebody.
    Warning,
    /// Calls will fail.
    Error,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is called in `docs/doctor.md`.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was seen, in a sentence.
    pub seen: String,
    /// What to do about it; empty if it is good.
    pub advice: String,
}

impl Finding {
    fn good(name: &'static str, seen: impl Into<String>) -> Finding {
        Finding { name, severity: Severity::Good, seen: seen.into(), advice: String::new() }
    }

    fn notice(name: &'static str, seen: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { name, severity: Severity::Notice, seen: seen.into(), advice: advice.into() }
    }

    fn warning(name: &'static str, seen: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { name, severity: Severity::Warning, seen: seen.into(), advice: advice.into() }
    }

    fn error(name: &'static str, seen: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { name, severity: Severity::Error, seen: seen.into(), advice: advice.into() }
    }
}

/// Every name a finding can have, as `docs/doctor.md` explains them.
pub const NAMES: [&str; 17] = [
    "settings",
    "certificate",
    "certificate-dates",
    "certificate-names",
    "certificate-chain",
    "port",
    "announced",
    "announced-container",
    "announced-reach",
    "buffers",
    "descriptors",
    "clock",
    "turn-reach",
    "turn-secret",
    "turn-inner",
    "store",
    "state",
];

/// All that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order of looking.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Of settings that cannot be used: nothing else can be looked at.
    #[must_use]
    pub fn of_bad_settings(why: &str) -> Report {
        let advice = "correct it: docs/settings.md has every setting, `plenary config show` what holds";
        Report { findings: vec![Finding::error("settings", why, advice)] }
    }

    /// 1 if calls will fail, else 0.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(self.findings.iter().any(|finding| finding.severity == Severity::Error))
    }
}

/// Looks at everything. It takes some seconds: what does not answer is waited for.
#[must_use]
pub fn examine(config: &Config) -> Report {
    let now = SystemTime::now();
    let mut findings = vec![Finding::good("settings", "they can be used")];
    findings.extend(machine::clock(now));
    findings.extend(certificate::look(config, now));
    let sockets = sockets::look(config);
    findings.extend(sockets.findings);
    findings.extend(addresses::look(config));
    findings.extend(sockets::reach(config, sockets.served));
    findings.extend(machine::buffers());
    findings.extend(machine::descriptors());
    if let Some(turn) = &config.turn {
        let ours: Vec<IpAddr> = config.announced.iter().map(|announced| announced.public).collect();
        findings.extend(turn.urls.iter().flat_map(|url| relay::look(url, turn, &ours, now)));
    }
    findings.extend(kept::look(config));
    Report { findings }
}

/// A line for each finding, what to do in the next, and a line that sums it up.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { name, severity, seen, advice } in &self.findings {
            let mark = match severity {
                Severity::Good => "good",
                Severity::Notice => "notice",
                Severity::Warning => "WARNING",
                Severity::Error => "ERROR",
            };
            writeln!(f, "{mark:<8} {name:<20} {seen}")?;
            if !advice.is_empty() {
                writeln!(f, "{:<29} -> {advice}", "")?;
            }
        }
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        match (errors, warnings) {
            (0, 0) => writeln!(f, "\nNothing is wrong that can be seen from here."),
            (0, _) => writeln!(f, "\n{warnings} to look at; calls can be made."),
            _ => writeln!(f, "\n{errors} to mend before calls can be made, {warnings} more to look at."),
        }
    }
}
