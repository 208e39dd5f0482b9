//! From what was measured and what is assumed to how much of each part so many chats need. Plain arithmetic: what bursts do to
//! it, the simulation tells.

use maskarad::app;

use crate::simulation::workers::step_seconds;
use crate::simulation::{Deployment, Offered, Pace, Rates};
use crate::{assumed, measured};

/// Connections of a daemon to PostgreSQL.
const CONNECTIONS: usize = 6;
/// Messages through the broker for one reply: the job, the result.
const BROKERED: f64 = 2.0;
/// Replies that a daemon with workers has under way at once.
const WITH_WORKERS: usize = 512;

/// What there may be several of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Bot,
    Daemon,
    Database,
    Broker,
    Worker,
}

/// How much one of a part can do, against what is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// Of what there is to be more, where it is too much.
    pub(crate) part: Part,
    /// What bounds it.
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

/// The same for a deployment, in which several daemons may share a database.
pub(crate) fn rates_of(size: &Deployment) -> Rates {
    let rates = rates(size.brokers > 0);
    Rates { connections: rates.connections * size.daemons.div_ceil(size.databases), ..rates }
}

/// Tokens of a reply, in the mean.
pub(crate) fn mean_tokens(rates: &Rates) -> f64 {
    f64::from(rates.reply_tokens.0 + rates.reply_tokens.1) / 2.0
}

/// What so many messages ask of each part, were there one of each.
pub(crate) fn demands(offered: Offered, rates: &Rates) -> Vec<Demand> {
    let (messages, replies) = (offered.messages, offered.replies);
    let of = |part, name, capacity: Option<f64>| {
        let load = capacity.map_or(0.0, |capacity| replies / capacity);
        Demand { part, name, unit: "replies", capacity, load }
    };
    let (batch, connections) = (rates.limits.updates as f64, rates.connections as f64);
    let fetched = batch / (rates.round_trip + batch * rates.routing / connections);
    let full = rates.pace.most() as f64;
    let prompt = rates.prompt_tokens / rates.pace.prefill;
    let speaking = mean_tokens(rates) * step_seconds(&rates.pace, rates.pace.most());
    let making = rates.replies_at_once as f64 / (prompt + speaking);
    vec![
        of(Part::Bot, "a bot's writing, Telegram's bound", Some(rates.limits.bot_per_second)),
        Demand { load: messages / fetched, unit: "messages", ..of(Part::Bot, "a bot's `getUpdates`", Some(fetched)) },
        of(Part::Daemon, "a daemon's dispatching", rates.dispatch.map(|seconds| 1.0 / seconds)),
        of(Part::Daemon, "a daemon's replies at once", Some(making)),
        of(Part::Daemon, "a daemon's sends at once", Some(rates.sends_at_once as f64 / rates.round_trip)),
        stored(
            of(Part::Daemon, "a daemon's connections to PostgreSQL", Some(measured::ANSWERED.value)),
            offered,
            measured::OVERHEARD.value,
        ),
        stored(
            of(Part::Database, "PostgreSQL", Some(measured::CROWD_ANSWERED.value)),
            offered,
            measured::CROWD_OVERHEARD.value,
        ),
        of(Part::Broker, "RabbitMQ", Some(1.0 / (BROKERED * rates.brokering))),
        of(Part::Worker, "a worker", Some(full / (speaking + full * prompt))),
    ]
}

/// What is asked of the store by messages that are answered, and by those that are only overheard.
fn stored(answered: Demand, offered: Offered, overheard: f64) -> Demand {
    Demand { load: answered.load + (offered.messages - offered.replies) / overheard, ..answered }
}

/// What is asked for of a part, by whatever bounds it most.
fn load(demands: &[Demand], part: Part) -> f64 {
    demands.iter().filter(|demand| demand.part == part).map(|demand| demand.load).fold(0.0, f64::max)
}

/// One of each.
pub(crate) fn smallest(chats: usize) -> Deployment {
    Deployment { chats, bots: 1, daemons: 1, databases: 1, brokers: 1, workers: 1 }
}

/// As much of each as leaves room for bursts. What fits on one machine needs no broker: the daemon generates by itself.
pub(crate) fn roomy(chats: usize, demands: &[Demand]) -> Deployment {
    let count = |part| ((load(demands, part) / assumed::TARGET).ceil() as usize).max(1);
    let databases = count(Part::Database);
    let one = load(demands, Part::Database) + load(demands, Part::Worker) < assumed::TARGET;
    Deployment {
        chats,
        bots: count(Part::Bot),
        // A daemon has one database.
        daemons: count(Part::Daemon).max(databases),
        databases,
        brokers: if one { 0 } else { count(Part::Broker) },
        workers: count(Part::Worker),
    }
}

/// Machines of two cores. Workers have theirs to themselves; the rest share as far as they fit.
pub(crate) fn machines(size: &Deployment, demands: &[Demand]) -> usize {
    if size.brokers == 0 {
        return 1;
    }
    let dispatch =
        demands.iter().find(|demand| demand.name == "a daemon's dispatching").map_or(0.0, |demand| demand.load);
    let shared = dispatch + load(demands, Part::Database) + load(demands, Part::Broker);
    size.workers + ((shared / assumed::TARGET).ceil() as usize).max(1)
}
