//! What a persona would do in a chat of the past: its messages, when they came and what they would have triggered, go through
//! the queue's own plan and the pacer on a simulated clock. Generation is so many seconds, nothing waits, and the real clock is
//! read for an arbitrary origin alone.
//!
//! Hourly caps of the manifest are not simulated, nor replies to the persona's own, which the chat never saw.

mod forecast;

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

pub use self::forecast::Forecast;
use self::forecast::Observer;
use crate::chat::{ChatId, ChatKind, ChatRef, Conversation, MessageId, PersonaName, TransportKind, UserId};
use crate::pacing::{Guides, Pacer};
use crate::queue::AHEAD;
use crate::queue::plan::plan;
use crate::store::{Claim, Job, JobId, MOST_AMBIENT};
use crate::trigger::Trigger;

/// A message that would be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it came.
    pub at: OffsetDateTime,
    /// Who wrote it.
    pub sender: UserId,
    /// Why it would be answered.
    pub trigger: Trigger,
}

/// How fast replies are made, and how fast they may leave.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// For one reply.
    pub reply: Duration,
    /// As the settings say.
    pub guides: Guides,
}

/// Replays a group's calls, in their order. `span` is from its first message to its last.
pub fn replay(persona: &PersonaName, calls: &[Call], span: time::Duration, speed: Speed) -> Forecast {
    let mut observer = Observer::new(speed.guides.group_per_minute);
    let Some(first) = calls.first() else { return observer.forecast(span, speed.reply) };
    let mut stage = Stage::new(persona, first.at, speed);
    for (number, call) in (1..).zip(calls) {
        observer.called(call.at);
        stage.work_until(Some(call.at), &mut observer);
        stage.hear(JobId(number), call, &mut observer);
    }
    stage.work_until(None, &mut observer);
    observer.forecast(span, speed.reply)
}

/// One conversation, and whoever answers it.
struct Stage {
    conversation: Conversation,
    pacer: Pacer,
    speed: Speed,
    pending: Vec<Job>,
    /// When the reply under way is delivered.
    free_at: OffsetDateTime,
    /// The same moment on either clock: the pacer knows only one that never jumps.
    origin: (OffsetDateTime, Instant),
}

impl Stage {
    fn new(persona: &PersonaName, begin: OffsetDateTime, speed: Speed) -> Self {
        // Which chat it is doesn't matter to anybody here.
        let chat = ChatRef { transport: TransportKind::Telegram, id: ChatId(-1), thread: None };
        Self {
            conversation: Conversation { persona: persona.clone(), chat },
            pacer: Pacer::new(speed.guides),
            speed,
            pending: Vec::new(),
            free_at: begin,
            origin: (begin, Instant::now()),
        }
    }

    fn hear(&mut self, id: JobId, call: &Call, observer: &mut Observer) {
        let ambient = |job: &Job| !job.trigger.is_directed();
        self.pending.push(Job {
            id,
            conversation: self.conversation.clone(),
            chat_kind: ChatKind::Group,
            message: MessageId(id.0),
            sender: call.sender,
            trigger: call.trigger,
            seed: 0,
            reply: None,
            request: None,
            created_at: call.at,
        });
        // Beyond so many the oldest go, as the store sees to.
        if self.pending.iter().filter(|job| ambient(job)).count() > MOST_AMBIENT as usize
            && let Some(oldest) = self.pending.iter().position(ambient)
        {
            self.pending.remove(oldest);
            observer.passed_over(1);
        }
        observer.waiting(self.pending.len());
    }

    /// Answers whatever begins to be answered before then.
    fn work_until(&mut self, end: Option<OffsetDateTime>, observer: &mut Observer) {
        while let Some(earliest) = self.pending.first().map(|job| job.created_at) {
            let begin = self.begin(earliest.max(self.free_at));
            if end.is_some_and(|end| begin >= end) {
                return;
            }
            let Some(claim) = plan(&self.pending) else { return };
            self.answer(&claim, begin, observer);
        }
    }

    /// When a reply is made that could be from then on: not before it could leave.
    fn begin(&self, possible: OffsetDateTime) -> OffsetDateTime {
        possible + self.wait(possible).saturating_sub(AHEAD)
    }

    fn wait(&self, at: OffsetDateTime) -> Duration {
        self.pacer.wait(&self.conversation.key(), ChatKind::Group, self.instant(at))
    }

    fn instant(&self, at: OffsetDateTime) -> Instant {
        self.origin.1 + (at - self.origin.0).unsigned_abs()
    }

    fn answer(&mut self, claim: &Claim, begin: OffsetDateTime, observer: &mut Observer) {
        let made = begin + self.speed.reply;
        let sent = made + self.wait(made);
        self.pacer.arrived(&self.conversation.key(), self.instant(sent));
        self.free_at = sent;
        if let Some(lead) = self.pending.iter().find(|job| job.id == claim.lead) {
            observer.answered(lead.created_at, sent);
        }
        observer.passed_over(claim.coalesced.len());
        let gone = |id: JobId| id == claim.lead || claim.shared.contains(&id) || claim.coalesced.contains(&id);
        self.pending.retain(|job| !gone(job.id));
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const BEGIN: OffsetDateTime = datetime!(2026-09-01 12:00 UTC);

    fn calls(count: i64, every: time::Duration, trigger: Trigger) -> Vec<Call> {
        let call = |number: i64| Call {
            at: BEGIN + every * i32::try_from(number).unwrap(),
            sender: UserId(number % 7),
            trigger,
        };
        (0..count).map(call).collect()
    }

    fn forecast(calls: &[Call], seconds: u64) -> Forecast {
        let persona = PersonaName::parse("avtobus").unwrap();
        let speed = Speed { reply: Duration::from_secs(seconds), guides: Guides::default() };
        replay(&persona, calls, time::Duration::hours(2), speed)
    }

    #[test]
    fn a_quiet_chat_is_answered_at_once() {
        let told = forecast(&calls(60, time::Duration::minutes(1), Trigger::Insanity), 2);
        assert_eq!((told.replies, told.passed_over, told.peak_queue), (60, 0, 1));
        assert_eq!((told.busiest_hour, told.longest_wait_seconds, told.peak_sent_in_a_minute), (60, 2, 1));
        assert!((told.replies_per_hour - 30.0).abs() < 1e-9 && (told.cpu_share - 120.0 / 7200.0).abs() < 1e-9);
        assert!(!told.floods);
    }

    #[test]
    fn a_flood_is_paced_and_the_newest_counts() {
        let told = forecast(&calls(600, time::Duration::seconds(1), Trigger::Insanity), 1);
        assert!(told.floods && told.peak_called_in_a_minute == 60, "{told:?}");
        assert!(told.peak_sent_in_a_minute <= 20, "{told:?}");
        assert!(told.replies + told.passed_over == 600 && told.replies < 250, "{told:?}");
    }

    #[test]
    fn a_slow_machine_lets_those_wait_who_called_it() {
        let told = forecast(&calls(30, time::Duration::seconds(1), Trigger::Mention), 30);
        assert!(told.peak_queue > 20 && told.longest_wait_seconds > 60 && told.passed_over == 0, "{told:?}");
        assert!(told.cpu_share_busiest_hour > 0.05, "{told:?}");
    }

    #[test]
    fn nothing_that_calls_is_nothing_to_do() {
        let told = forecast(&[], 1);
        assert_eq!((told.replies, told.busiest_hour, told.floods), (0, 0, false));
    }
}
