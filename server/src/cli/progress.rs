//! A sign of life for what takes longer than a second, where somebody is watching.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use maskarad_trainer::progress::Progress;

/// Patience before the sign is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `work`; a spinner with `message` shows when it takes longer than a second and standard error is a terminal.
pub(super) fn during<T>(message: &str, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, waiting) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let spinner = ProgressBar::new_spinner().with_message(message.to_owned());
                spinner.enable_steady_tick(Duration::from_millis(100));
                // Ends when the other side of the channel is dropped.
                let _ = waiting.recv();
                spinner.finish_and_clear();
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// A bar on standard error, where that is a terminal; elsewhere a line when a piece of work begins.
#[derive(Debug, Default)]
pub(super) struct Bar(Mutex<Option<ProgressBar>>);

impl Bar {
    fn with(&self, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            act(bar);
        }
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, total: Option<u64>) {
        self.end();
        if !std::io::stderr().is_terminal() {
            eprintln!("{what}");
            return;
        }
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), "{prefix} {wide_bar} {percent}% {msg} {eta}"),
            None => (ProgressBar::new_spinner(), "{prefix} {spinner} {human_pos} {msg}"),
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the templates are sound"));
        bar.set_prefix(what.to_owned());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn at(&self, position: u64) {
        self.with(|bar| bar.set_position(position));
    }

    fn note(&self, text: &str) {
        self.with(|bar| bar.set_message(text.to_owned()));
    }

    fn end(&self) {
        if let Some(bar) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
