//! The estimator as a whole: in a closed loop with a link, and told anything.

mod lies;
mod loops;
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "the numbers of a model are small"
)]
mod world;
