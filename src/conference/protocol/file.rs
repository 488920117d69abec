//! What is said of files that go through the server.

use serde::{Deserialize, Serialize};

/// A frame of somebody's, for somebody else in the same room. Numbers are those of the sender of the file, for each other person alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FileFrame {
    /// From the sender: may I send this?
    Offer {
        /// Its number.
        id: u32,
        /// As the sender calls it; whoever shows it cleans it.
        name: String,
        /// In bytes.
        size: u64,
    },
    /// From the receiver: send it.
    Accept {
        /// Its number.
        id: u32,
    },
    /// From the sender, to the server alone: the bytes are to come.
    Start {
        /// Its number.
        id: u32,
    },
    /// From the server, to the sender: there is no place for the bytes now.
    Wait {
        /// Its number.
        id: u32,
    },
    /// From the receiver: not, or not any more.
    Refuse {
        /// Its number.
        id: u32,
        /// Why.
        reason: String,
    },
    /// From the sender: it will not come, or no more of it.
    Cancel {
        /// Its number.
        id: u32,
        /// Why.
        reason: String,
    },
    /// From the sender: that was all of it.
    Done {
        /// Its number.
        id: u32,
        /// What the bytes have to come to.
        digest: String,
    },
    /// From the receiver: all of it is there.
    Received {
        /// Its number.
        id: u32,
    },
}
