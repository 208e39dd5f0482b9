//! The time a request takes. The only clock of the crate.

use std::time::Instant;

use crate::generation::{Event, Timings};

/// Notes the moments of one request.
pub(super) struct Stopwatch {
    accepted: Instant,
    admitted: Option<Instant>,
    first_token: Option<Instant>,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self { accepted: Instant::now(), admitted: None, first_token: None }
    }

    pub(super) fn admitted(&mut self) {
        self.admitted = Some(Instant::now());
    }

    pub(super) fn was_admitted(&self) -> bool {
        self.admitted.is_some()
    }

    /// Notes the first token, and writes the times into the end.
    pub(super) fn stamp(&mut self, event: Event) -> Event {
        match event {
            Event::Token { .. } => {
                self.first_token.get_or_insert_with(Instant::now);
                event
            }
            Event::Finished(mut finished) => {
                finished.timings = self.timings(finished.timings);
                Event::Finished(finished)
            }
            Event::Failed(_) => event,
        }
    }

    fn timings(&self, counts: Timings) -> Timings {
        let now = Instant::now();
        let admitted = self.admitted.unwrap_or(now);
        let first_token = self.first_token.unwrap_or(now);
        let milliseconds = |from: Instant, to: Instant| to.saturating_duration_since(from).as_secs_f64() * 1e3;
        Timings {
            queue_ms: milliseconds(self.accepted, admitted),
            prompt_ms: milliseconds(admitted, first_token),
            generate_ms: milliseconds(first_token, now),
            ..counts
        }
    }
}
