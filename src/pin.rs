//! Keeps a thread on one core.

use core_affinity::CoreId;

/// Binds this thread to `core`, and looks whether the kernel did so. Threads that it starts later begin there, too. A core that
/// was taken away while the server runs is no reason to serve nobody: then the log says that `who` goes where the kernel likes.
pub fn stay_on(core: usize, who: &str) {
    let wanted = CoreId { id: core };
    let is_set = core_affinity::set_for_current(wanted);
    if !is_set || core_affinity::get_core_ids() != Some(vec![wanted]) {
        log::error!("{who} cannot stay on core {core}: the kernel chooses where it runs");
    }
}
