//! A sign of life for what takes longer than a second, where somebody is watching.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use indicatif::ProgressBar;

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
