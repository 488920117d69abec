//! Plenary: a WebRTC conference server. One binary serves a browser client, does signaling and forwards media.

#![forbid(unsafe_code)]

pub mod conference;
pub mod config;
pub mod control;
pub mod doctor;
pub mod faults;
#[cfg(feature = "faults")]
pub mod fuzz;
pub mod greeting;
pub mod journal;
mod json;
pub mod keyring;
pub mod ledger;
pub mod limits;
mod listener;
pub mod load;
pub mod media;
pub mod metrics;
pub mod passes;
pub mod pin;
pub mod qr;
pub mod queue;
pub mod refusals;
pub mod selfcall;
pub mod standstill;
pub mod state;
pub mod store;
pub mod trust;
pub mod webhooks;
pub mod worker;
