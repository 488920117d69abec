//! The whole conference with a clock and sockets of paper.

mod chat;
mod codecs;
mod files;
mod floods;
mod floor;
mod grants;
mod harness;
mod hostile;
mod joining;
mod ledger;
mod links;
mod lobby;
mod moderation;
mod names;
mod offers;
mod presence;
mod refusals;
mod resume;
mod rooms;
mod screens;
mod storm;
mod topology;
mod trace;
mod turn;
mod wishes;
mod workers;
