//! What receivers measure, by what packets say of themselves and when they come. Sans-IO: time is an argument.

mod delays;
mod frames;
mod sequence;
mod stream;

pub(super) use delays::Delays;
pub(super) use frames::FREEZE;
pub(super) use stream::{Came, Receiver, Stream};
