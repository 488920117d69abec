//! Where numbers are told.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

/// What the operator says about numbers.
#[derive(Debug, Clone, Args)]
pub(super) struct MetricsArgs {
    /// Address where /metrics tells what is counted, for Prometheus: 127.0.0.1:9464. Not for strangers. Without it
    /// nothing is told
    #[arg(long, env = "PLENARY_METRICS", value_name = "ADDRESS:PORT", value_parser = address)]
    pub metrics: Option<SocketAddr>,

    /// Seconds from one self-call to the next: two synthetic people meet in the server at the start and then again and again, by UDP, TCP and each TURN
    /// server, at every announced address; 0 for none
    #[arg(long, env = "PLENARY_SELF_CALL", value_name = "SECONDS", default_value = "0")]
    pub self_call: SelfCall,
}

/// Seconds from one self-call to the next; 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SelfCall(u32);

/// Fewer seconds would have it call all the time where something is broken, more are no alert.
const SELF_CALL: std::ops::RangeInclusive<u32> = 1..=86_400;

impl FromStr for SelfCall {
    type Err = String;

    fn from_str(text: &str) -> Result<SelfCall, String> {
        let seconds = text.strip_suffix('s').unwrap_or(text).parse().ok();
        let seconds = seconds.filter(|seconds| *seconds == 0 || SELF_CALL.contains(seconds));
        let wrong = || format!("write seconds from {} to {}, or 0", SELF_CALL.start(), SELF_CALL.end());
        seconds.map(SelfCall).ok_or_else(wrong)
    }
}

impl SelfCall {
    /// How long it is, if there are any.
    pub(super) fn each(self) -> Option<Duration> {
        (self.0 > 0).then(|| Duration::from_secs(self.0.into()))
    }
}

/// Reads where numbers are told.
///
/// # Errors
/// What to write instead.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, such as 127.0.0.1:9464".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_call_is_each_so_many_seconds_or_never() {
        let each = |text: &str| text.parse().map(SelfCall::each);
        assert_eq!(each("0"), Ok(None));
        for text in ["60", "60s"] {
            assert_eq!(each(text), Ok(Some(Duration::from_secs(60))), "{text}");
        }
        for wrong in ["", "s", "1m", "-1", "86401", "1.5"] {
            assert!(each(wrong).unwrap_err().contains("seconds"), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_told_at_an_address_and_a_port() {
        assert_eq!(address("[::1]:9464").unwrap().port(), 9464);
        for wrong in ["9464", "localhost:9464", "127.0.0.1", "127.0.0.1:99999", ""] {
            assert!(address(wrong).unwrap_err().contains("such as 127.0.0.1:9464"), "{wrong}");
        }
    }
}
