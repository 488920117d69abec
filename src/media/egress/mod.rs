//! What leaves: RTP to subscribers, written from what publications keep.
//!
//! A packet that came is kept once ([`ring`]), whoever gets it; what is of one subscriber is only what differs.

pub mod ring;
