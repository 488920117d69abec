//! What an operator asks for by a signal.

use std::sync::atomic::Ordering;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};

use super::Turn;
use super::certificate::Tls;
use crate::journal;

/// The signals that mean something to the server.
pub(super) const TAKEN: [i32; 5] = [SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2];

impl Turn<'_> {
    pub(super) fn take_signals(&mut self) {
        let Some(signals) = &mut self.control.signals else { return };
        let came: Vec<i32> = signals.pending().collect();
        let has = |wanted: &[i32]| came.iter().any(|signal| wanted.contains(signal));
        if has(&[SIGUSR1]) {
            journal::log_more();
        }
        if has(&[SIGUSR2]) {
            journal::log_from(self.control.level);
        }
        if has(&[SIGHUP]) {
            self.control.service.reloads();
            self.reload_certificate();
            self.reload_keys();
            self.control.service.is_ready(self.now.instant);
        }
        if has(&[SIGINT, SIGTERM]) {
            // Whoever asks a second time does not want to wait.
            for by in [&mut self.control.stop_by, &mut self.control.drain_by].into_iter().flatten() {
                *by = self.now.instant;
            }
            self.control.stop_wanted.store(true, Ordering::Release);
        }
    }

    /// Small files, and rarely: it is done here, between two turns.
    fn reload_certificate(&mut self) {
        match self.control.tls.as_mut().map(Tls::reload) {
            None => log::info!("there is no certificate to read again: TLS ends elsewhere"),
            Some(Ok(path)) => {
                log::info!("read the certificate again for new connections: {}", path.display());
            }
            Some(Err(error)) => log::error!("the certificate in use stays: {error}"),
        }
    }

    /// The same of the keys of access tokens. Who came in with one that is gone stays; it lets nobody else in.
    fn reload_keys(&mut self) {
        let Some(keyring) = &self.control.keyring else { return };
        match keyring.load() {
            Ok(keys) => {
                let before = self.conference.pass_keys();
                let told = |names: Vec<&str>| match names.join(", ") {
                    names if names.is_empty() => "none".to_owned(),
                    names => names,
                };
                let (new, gone) = (keys.beside(before).collect(), before.beside(&keys).collect());
                let (new, gone, all) = (told(new), told(gone), told(keys.names().collect()));
                if keyring.directory.is_some() {
                    log::info!("read the keys of access tokens again: {all} (new: {new}; revoked: {gone})");
                }
                self.conference.use_pass_keys(keys);
            }
            Err(error) => log::error!("the keys of access tokens in use stay: {error}"),
        }
    }
}
