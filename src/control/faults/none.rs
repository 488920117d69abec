//! In a release there is no `/api/faults`.

use super::http::{Reply, Request};
use super::site::Site;

impl Site<'_> {
    /// Answers nothing.
    #[expect(clippy::unused_self, reason = "tests have something in there")]
    pub(super) fn faults(&mut self, _: &Request) -> Option<Reply> {
        None
    }
}
