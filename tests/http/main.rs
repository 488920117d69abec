//! The control thread on real sockets: pages, rooms, signaling, limits and the end, as clients meet them.

#![cfg(test)]

mod api;
mod certificates;
mod client;
mod dashboards;
mod doctor;
mod ending;
mod forms;
#[allow(dead_code, reason = "the harness serves other tests too")]
mod harness;
mod hosts;
mod invites;
mod limits;
mod log;
mod metrics;
mod nginx;
mod openmetrics;
mod process;
mod requests;
mod rooms;
#[cfg(unix)]
mod scripts;
#[cfg(target_os = "linux")]
mod service;
mod settings;
mod state;
mod store;
mod stun;
mod tokens;
mod turn;
mod webhooks;
mod websockets;
mod whip;
mod workers;
