//! From what was measured and what is assumed to how much of each part so many chats need. Plain arithmetic: what bursts do to
//! it, the simulation tells.

use maskarad::app;

use crate::simulation::workers::step_seconds;
use crate::simulation::{Deployment, Offered, Pace, Rates};
use crate::{assumed, measured};

/// Connections of the store to PostgreSQL.
const CONNECTIONS: usize = 6;
/// Messages through the broker for one reply: the job, the result.
const BROKERED: f64 = 2.0;
/// Replies that a daemon with workers has under way at once.
const WITH_WORKERS: usize = 512;

/// How much one of a part can do, against what is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// Which part, and what it does.
    pub(crate) name: &'static str,
    /// What one of it can do in a second; `None` where nobody has measured it.
    pub(crate) capacity: Option<f64>,
    /// Of what.
    pub(crate) unit: &'static str,
    /// What part of one is asked for.
    pub(crate) load: f64,
}

/// What each part takes; with workers or without.
pub(crate) fn rates(workers: bool) -> Rates {
    let connections = CONNECTIONS as f64;
    let routing = connections / measured::OVERHEARD.value;
    let limits = app::Limits::default();
    Rates {
        routing,
        answering: connections / measured::ANSWERED.value - routing,
        connections: CONNECTIONS,
        brokering: 1.0 / measured::QUEUED.value,
        dispatch: measured::DISPATCH.map(|measured| 1.0 / measured.value),
        replies_at_once: if workers { WITH_WORKERS } else { limits.replies_at_once },
        sends_at_once: limits.sends_at_once,
        pace: Pace {
            decoding: measured::DECODING.map(|(rows, measured)| (rows, measured.value)).to_vec(),
            prefill: measured::PREFILL.value,
        },
        prompt_tokens: assumed::PROMPT_TOKENS,
        reply_tokens: assumed::REPLY_TOKENS,
        round_trip: assumed::ROUND_TRIP,
        limits: assumed::LIMITS,
    }
}

/// Tokens of a reply, in the mean.
pub(crate) fn mean_tokens(rates: &Rates) -> f64 {
    f64::from(rates.reply_tokens.0 + rates.reply_tokens.1) / 2.0
}

/// What so many chats ask of each part, were there one of each.
pub(crate) fn demands(offered: Offered, rates: &Rates) -> Vec<Demand> {
    let (connections, trip) = (rates.connections as f64, rates.round_trip);
    let batch = rates.limits.updates as f64;
    let full = rates.pace.most();
    let (prompt, step) = (rates.prompt_tokens / rates.pace.prefill, step_seconds(&rates.pace, full));
    let making = mean_tokens(rates) * step + prompt;
    let of = |name, unit, wanted: f64, capacity: Option<f64>| Demand {
        name,
        unit,
        capacity,
        load: capacity.map_or(0.0, |capacity| wanted / capacity),
    };
    let answered = connections / (rates.routing + rates.answering);
    let store = (offered.messages * rates.routing + offered.replies * rates.answering) / connections;
    let (asked, wanted) = (offered.messages, offered.replies);
    vec![
        of("a bot's writing, Telegram's bound", "replies", wanted, Some(rates.limits.bot_per_second)),
        of("a bot's `getUpdates`", "messages", asked, Some(batch / (trip + batch * rates.routing / connections))),
        of("a daemon's dispatching", "replies", wanted, rates.dispatch.map(|seconds| 1.0 / seconds)),
        of("a daemon's replies at once", "replies", wanted, Some(rates.replies_at_once as f64 / making)),
        of("a daemon's sends at once", "replies", wanted, Some(rates.sends_at_once as f64 / trip)),
        Demand { name: "PostgreSQL", unit: "messages answered", capacity: Some(answered), load: store },
        of("RabbitMQ", "replies", wanted, Some(1.0 / (BROKERED * rates.brokering))),
        of("a worker", "replies", wanted, Some(full as f64 / (mean_tokens(rates) * step + full as f64 * prompt))),
    ]
}

/// One of each.
pub(crate) fn smallest(chats: usize) -> Deployment {
    Deployment { chats, bots: 1, daemons: 1, databases: 1, brokers: 1, workers: 1 }
}

/// As much of each as leaves room for bursts. What fits on one machine needs no broker: the daemon generates by itself.
pub(crate) fn roomy(chats: usize, demands: &[Demand]) -> Deployment {
    let count = |demands: &[Demand]| {
        let most = demands.iter().map(|demand| demand.load).fold(0.0, f64::max);
        ((most / assumed::TARGET).ceil() as usize).max(1)
    };
    let (bots, databases) = (count(&demands[..2]), count(&demands[5..6]));
    let (brokers, workers) = (count(&demands[6..7]), count(&demands[7..]));
    // A daemon has one database.
    let daemons = count(&demands[2..5]).max(databases);
    let one = demands[5].load + demands[7].load < assumed::TARGET;
    Deployment { chats, bots, daemons, databases, brokers: if one { 0 } else { brokers }, workers }
}

/// Machines of two cores. Workers have theirs to themselves; the rest share as far as they fit.
pub(crate) fn machines(size: &Deployment, demands: &[Demand]) -> usize {
    if size.brokers == 0 {
        return 1;
    }
    let shared = demands[2].load + demands[5].load + demands[6].load;
    size.workers + ((shared / assumed::TARGET).ceil() as usize).max(1)
}
