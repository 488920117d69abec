//! The people: sessions, rooms, presence, resume. Sans-IO: no socket, no clock, no thread; `now` is an argument.

pub mod protocol;
