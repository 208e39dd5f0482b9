//! How fast a persona may write: Telegram's guides, kept before it has to say so. Pure: the clock is a parameter.
//!
//! The guides are in <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>; the law is
//! `retry_after`, and `delivery` obeys that. Nothing waits here, and nothing is slower than the guides ask for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::chat::{ChatKey, ChatKind, Seat, TransportKind};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// Chats that are remembered before those that have been quiet for long are forgotten.
const CROWD: usize = 1024;

/// How fast one bot may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guides {
    /// Between two messages in one chat.
    pub chat_interval: Duration,
    /// Messages in one group within a minute; 0 sets no bound.
    pub group_per_minute: usize,
    /// Messages of the bot within a second, over all chats, evenly spread; 0 sets no bound.
    pub bot_per_second: usize,
}

impl Guides {
    /// No bounds at all.
    pub const NONE: Self = Self { chat_interval: Duration::ZERO, group_per_minute: 0, bot_per_second: 0 };
}

impl Default for Guides {
    fn default() -> Self {
        Self { chat_interval: SECOND, group_per_minute: 20, bot_per_second: 30 }
    }
}

/// What was sent lately, by all bots.
#[derive(Debug)]
pub struct Pacer {
    guides: Guides,
    lately: Mutex<Lately>,
}

#[derive(Debug, Default)]
struct Lately {
    /// When messages of the last minute arrived in each chat.
    chats: HashMap<ChatKey, VecDeque<Instant>>,
    /// When each bot may begin to send its next one.
    bots: HashMap<Seat, Instant>,
}

impl Pacer {
    /// Nothing was sent yet.
    pub fn new(guides: Guides) -> Self {
        Self { guides, lately: Mutex::default() }
    }

    /// How long a chat must wait for its next message; zero when it need not.
    pub fn wait(&self, key: &ChatKey, kind: ChatKind, now: Instant) -> Duration {
        if is_free(key.transport) {
            return Duration::ZERO;
        }
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.chats.get(key).map_or(Duration::ZERO, |arrived| self.chat_wait(arrived, kind, now))
    }

    /// Gives a message the bot's next turn; returns when that is. Turns are evenly spread: it costs nobody more than a second,
    /// and a crash catches one message on its way rather than all of them.
    pub fn turn(&self, seat: &Seat, now: Instant) -> Instant {
        let most = if is_free(seat.transport) { 0 } else { self.guides.bot_per_second };
        let Some(interval) = u32::try_from(most).ok().and_then(|most| SECOND.checked_div(most)) else { return now };
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let next = lately.bots.entry(seat.clone()).or_insert(now);
        let turn = (*next).max(now);
        *next = turn + interval;
        turn
    }

    /// Counts a message that was taken by its chat. Telegram counts from when it got it, which was before its answer came.
    pub fn arrived(&self, key: &ChatKey, now: Instant) {
        let unbounded = self.guides.chat_interval.is_zero() && self.guides.group_per_minute == 0;
        if unbounded || is_free(key.transport) {
            return;
        }
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.chats.len() >= CROWD {
            lately.chats.retain(|_, arrived| arrived.back().is_some_and(|last| now < *last + MINUTE));
        }
        let arrived = lately.chats.entry(key.clone()).or_default();
        forget(arrived, now, MINUTE);
        arrived.push_back(now);
    }

    fn chat_wait(&self, arrived: &VecDeque<Instant>, kind: ChatKind, now: Instant) -> Duration {
        let left = |since: &Instant, span: Duration| (*since + span).saturating_duration_since(now);
        let interval = arrived.back().map_or(Duration::ZERO, |last| left(last, self.guides.chat_interval));
        let most = self.guides.group_per_minute;
        if kind == ChatKind::Private || most == 0 || arrived.len() < most {
            return interval;
        }
        // The message that must be a minute old before there is room for one more.
        let oldest = &arrived[arrived.len() - most];
        interval.max(left(oldest, MINUTE))
    }
}

/// The guides are Telegram's. In a room of our own nobody minds.
fn is_free(transport: TransportKind) -> bool {
    transport == TransportKind::Web
}

fn forget(times: &mut VecDeque<Instant>, now: Instant, span: Duration) {
    while times.front().is_some_and(|first| now >= *first + span) {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::{ChatId, PersonaName};

    fn chat(id: i64) -> ChatKey {
        let persona = PersonaName::parse("avtobus").unwrap();
        ChatKey { persona, transport: TransportKind::Telegram, chat: ChatId(id) }
    }

    /// Sends as soon as the pacer lets it; returns when, from the start.
    fn send_all(pacer: &Pacer, kind: ChatKind, count: usize) -> Vec<Duration> {
        let start = Instant::now();
        let mut now = start;
        (0..count)
            .map(|_| {
                now += pacer.wait(&chat(1), kind, now);
                assert_eq!(pacer.wait(&chat(1), kind, now), Duration::ZERO);
                pacer.arrived(&chat(1), now);
                now - start
            })
            .collect()
    }

    #[test]
    fn one_a_second_in_a_chat() {
        let sent = send_all(&Pacer::new(Guides::default()), ChatKind::Private, 50);
        assert!(sent.windows(2).all(|pair| pair[1] - pair[0] == SECOND), "{sent:?}");
    }

    #[test]
    fn twenty_a_minute_in_a_group_and_no_slower() {
        let sent = send_all(&Pacer::new(Guides::default()), ChatKind::Group, 60);
        assert_eq!(sent[19], SECOND * 19);
        assert_eq!(sent[20], MINUTE);
        assert_eq!(sent[40], MINUTE * 2);
    }

    #[test]
    fn thirty_a_second_over_all_chats() {
        let pacer = Pacer::new(Guides::default());
        let now = Instant::now();
        let seat = chat(1).persona.at(TransportKind::Telegram);
        let turns: Vec<_> = (0..100).map(|_| pacer.turn(&seat, now)).collect();
        assert_eq!(turns[0], now, "nobody waits for nothing");
        assert!(turns.windows(31).all(|window| window[30] - window[0] >= SECOND * 999 / 1000), "{turns:?}");
        assert!(turns[99] - now < SECOND * 4, "and no slower");
        assert_eq!(pacer.turn(&seat, now + SECOND * 9), now + SECOND * 9, "what wasn't used isn't saved up");
        assert_eq!(
            pacer.turn(&PersonaName::parse("polkson").unwrap().at(TransportKind::Telegram), now),
            now,
            "each bot for itself"
        );
    }

    #[test]
    fn telegrams_guides_say_nothing_of_rooms() {
        let pacer = Pacer::new(Guides::default());
        let (key, now) = (ChatKey { transport: TransportKind::Web, ..chat(1) }, Instant::now());
        for _ in 0..100 {
            assert_eq!(pacer.wait(&key, ChatKind::Group, now), Duration::ZERO);
            assert_eq!(pacer.turn(&key.persona.at(TransportKind::Web), now), now);
            pacer.arrived(&key, now);
        }
    }

    #[test]
    fn no_guides_no_waiting_and_nothing_kept() {
        let pacer = Pacer::new(Guides::NONE);
        assert_eq!(send_all(&pacer, ChatKind::Group, 500).last(), Some(&Duration::ZERO));
        let now = Instant::now();
        assert!((0..500).all(|_| pacer.turn(&chat(1).persona.at(TransportKind::Telegram), now) == now));
        assert!(pacer.lately.lock().unwrap().chats.is_empty());
    }

    #[test]
    fn chats_that_are_quiet_are_forgotten() {
        let pacer = Pacer::new(Guides::default());
        let start = Instant::now();
        for id in 0..5000 {
            pacer.arrived(&chat(id), start + SECOND * u32::try_from(id).unwrap());
        }
        assert!(pacer.lately.lock().unwrap().chats.len() <= CROWD);
    }

    proptest! {
        #[test]
        fn no_minute_and_no_second_holds_too_many(pauses in prop::collection::vec(0_u64..5000, 1..200)) {
            let pacer = Pacer::new(Guides::default());
            let start = Instant::now();
            let (mut now, mut sent) = (start, Vec::new());
            for pause in pauses {
                now += Duration::from_millis(pause);
                if pacer.wait(&chat(1), ChatKind::Group, now).is_zero() {
                    pacer.arrived(&chat(1), now);
                    sent.push(now);
                }
            }
            prop_assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= SECOND));
            prop_assert!(sent.windows(21).all(|window| window[20] - window[0] >= MINUTE));
        }
    }
}
