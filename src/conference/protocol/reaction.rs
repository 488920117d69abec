//! What people show each other without a word.

use serde::{Deserialize, Serialize};

/// One of the few there are: what is said in passing is chosen, not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    /// It is good so.
    ThumbsUp,
    /// Applause.
    Clap,
    /// It is dear to them.
    Heart,
    /// It is funny.
    Laugh,
    /// They did not expect it.
    Surprise,
    /// There is something to celebrate.
    Celebrate,
}
