//! How many workers, on which cores, and what they forward.

use std::str::FromStr;
use std::sync::Arc;
use std::thread::available_parallelism;

use crate::conference::placement::SPILL_AT;
use crate::media::codec::Codec;
use crate::media::ids::Kind;

/// Cores in one list at most: no machine has as many.
const MOST_CORES: usize = 1_024;

/// From how much on the next people of a room go to another worker, in percent, unless the operator says otherwise.
#[expect(clippy::cast_possible_truncation, reason = "a hundredth at most of what is no more than a thousand")]
pub(super) const DEFAULT_SPILL: u8 = (SPILL_AT.0 / 10) as u8;

/// A number of workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// So many.
    Exactly(u8),
    /// One for each core the process may use, or for each of `--pin`. None is left out for the control thread: it is
    /// idle beside media, and the kernel finds it a place.
    Auto,
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Count, String> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Count::Auto);
        }
        let number = text.parse().ok().filter(|number| *number > 0);
        number.map(Count::Exactly).ok_or_else(|| "neither a number from 1 to 255 nor auto".to_owned())
    }
}

/// The cores of `--pin`, in the order of the workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cores(Vec<usize>);

impl FromStr for Cores {
    type Err = String;

    fn from_str(text: &str) -> Result<Cores, String> {
        let number = |text: &str| core(text).map_err(|error| format!("{error}: write 2,3 or 0-3"));
        let mut cores = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(part)?, number(part)?),
            };
            if first > last {
                return Err(format!("{part} goes down: write the lower core first"));
            }
            for core in first..=last {
                if cores.contains(&core) {
                    return Err(format!("core {core} is named twice"));
                }
                cores.push(core);
            }
        }
        Ok(Cores(cores))
    }
}

/// Reads a core's number.
///
/// # Errors
/// What is wrong with it.
pub(super) fn core(text: &str) -> Result<usize, String> {
    let core = text.trim().parse().ok().filter(|core| *core < MOST_CORES);
    core.ok_or_else(|| format!("\"{text}\" is no core"))
}

/// Reads the list of `--codecs`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn codecs(text: &str) -> Result<Arc<[Codec]>, String> {
    let mut codecs = Vec::new();
    for name in text.split(',') {
        let codec: Codec = name.parse()?;
        if codec.kind() == Kind::Audio {
            return Err(format!("{codec} is for sound, and always in use"));
        }
        if codecs.contains(&codec) {
            return Err(format!("{codec} is named twice"));
        }
        codecs.push(codec);
    }
    Ok(codecs.into())
}

/// How many workers there are, and the core of each.
///
/// # Errors
/// One line on what does not fit together.
pub(super) fn settle(
    count: Option<Count>,
    pin: Option<&Cores>,
    control: Option<usize>,
    port: u16,
) -> Result<(u8, Vec<usize>), String> {
    let cores = pin.map(|cores| cores.0.clone()).unwrap_or_default();
    check_cores("--pin", &cores)?;
    check_cores("--pin-control", control.as_slice())?;
    let pinned = (!cores.is_empty()).then_some(cores.len());
    let workers = match (count, pinned) {
        (None, None) => Ok(1),
        (Some(Count::Exactly(workers)), Some(pinned)) if pinned != usize::from(workers) => {
            let many = |number, of: &str| format!("{number} {of}{}", if number == 1 { "" } else { "s" });
            let (pinned, workers) = (many(pinned, "core"), many(usize::from(workers), "worker"));
            return Err(format!("--pin names {pinned} for {workers}: one each"));
        }
        (None | Some(Count::Auto), Some(pinned)) => u8::try_from(pinned),
        (Some(Count::Auto), None) => u8::try_from(available_parallelism().map_or(1, usize::from)),
        (Some(Count::Exactly(workers)), _) => Ok(workers),
    };
    let workers = workers.map_err(|_| "more than 255 workers: name fewer cores, or a number".to_owned())?;
    if port.checked_add(u16::from(workers) - 1).is_none() {
        return Err(format!("{workers} workers from --udp-port {port} on go beyond port 65535"));
    }
    Ok((workers, cores))
}

/// Cores that are not there, or not for this process.
fn check_cores(flag: &str, cores: &[usize]) -> Result<(), String> {
    if cores.is_empty() {
        return Ok(());
    }
    let own: Vec<usize> =
        core_affinity::get_core_ids().unwrap_or_default().into_iter().map(|core| core.id).collect();
    match cores.iter().find(|core| !own.contains(core)) {
        None => Ok(()),
        Some(core) => {
            let own: Vec<String> = own.iter().map(ToString::to_string).collect();
            Err(format!("{flag}: core {core} is none this process may use; there are {}", own.join(",")))
        }
    }
}
