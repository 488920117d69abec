//! The whole conference with a clock and sockets of paper.

mod harness;
mod hostile;
mod joining;
mod offers;
mod presence;
mod resume;
mod storm;
mod wishes;
