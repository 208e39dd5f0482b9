//! Every metric of the daemon: its name, its labels and what it tells. Dashboard, alerts and their tests go by this list.

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, by Prometheus' conventions.
    pub name: &'static str,
    /// What kind of numbers it holds.
    pub kind: Kind,
    /// The labels it may have; each has few values, and none tells of a chat or a person.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

/// What kind of numbers a metric holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// One that only rises.
    Counter,
    /// One that rises and falls.
    Gauge,
    /// How many were not above each of these bounds.
    Histogram(&'static [f64]),
}

/// From a message to its reply: a small model on one core takes a second or so, a long queue takes minutes.
const REPLY: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
/// To the first token: what is left of the above when nothing waits and nothing is sent.
const FIRST_TOKEN: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
/// Sequences in a step; `engine.max_batch` is 32 by default.
const BATCH: &[f64] = &[1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0, 128.0];
/// Calls of the database: a local one answers within a millisecond, and a silent one is given up after 15 seconds.
const DATABASE: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];

/// From a request's head to its answer's: a file takes less than a millisecond, a reply as long as its first words.
const ANSWER: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Builds the list and a constant for each of its metrics.
macro_rules! metrics {
    ($($constant:ident = $kind:expr, $name:literal, [$($label:literal),*], $help:literal;)*) => {
        $(
            #[doc = $help]
            pub(super) const $constant: Metric =
                Metric { name: $name, kind: $kind, labels: &[$($label),*], help: $help };
        )*
        /// All of them.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

metrics! {
    UPDATES_RECEIVED = Kind::Counter, "maskarad_updates_received_total", ["persona"],
        "Updates that were stored; those that came again don't count.";
    UPDATES_ROUTED = Kind::Counter, "maskarad_updates_routed_total", ["persona", "outcome"],
        "Updates by what became of them.";
    TRIGGERS = Kind::Counter, "maskarad_triggers_total", ["persona", "trigger"],
        "Messages that deserved an answer, by the reason; notice: what the daemon itself answers, to commands for example.";
    REPLIES = Kind::Counter, "maskarad_replies_total", ["persona", "outcome"],
        "Replies by how they ended; messages that were answered together count once, and answers to commands don't.";
    REPLY_SECONDS = Kind::Histogram(REPLY), "maskarad_reply_seconds", ["persona"],
        "Time from a message being received to its reply being sent; answers to commands don't count.";
    SENDS = Kind::Counter, "maskarad_sends_total", ["persona", "result"],
        "Attempts to send a message, by what came of them.";
    FLOODS = Kind::Counter, "maskarad_telegram_floods_total", ["persona", "call"],
        "Times that Telegram asked to wait (429).";
    JOBS = Kind::Gauge, "maskarad_jobs", ["state"],
        "Messages that deserve an answer, by how far the answer is: pending, running, ready, sending.";
    OLDEST = Kind::Gauge, "maskarad_oldest_pending_seconds", [],
        "How long the oldest pending message has waited; 0 where none waits.";
    UNROUTED = Kind::Gauge, "maskarad_unrouted_updates", [],
        "Stored updates that nobody has looked at.";
    GENERATED_TOKENS = Kind::Counter, "maskarad_generated_tokens_total", ["persona"],
        "Tokens that were generated.";
    PROMPT_TOKENS = Kind::Counter, "maskarad_prompt_tokens_total", ["persona"],
        "Tokens of prompts that were read.";
    FIRST_TOKEN_SECONDS = Kind::Histogram(FIRST_TOKEN), "maskarad_first_token_seconds", ["persona"],
        "Time from a request reaching the engine to its first token, waiting for a place included.";
    BATCH_SIZE = Kind::Histogram(BATCH), "maskarad_engine_batch_size", [],
        "Sequences in a step of the engine.";
    SEQUENCES = Kind::Gauge, "maskarad_engine_sequences", ["state"],
        "Requests of the engine, running and waiting for a place.";
    KV = Kind::Gauge, "maskarad_engine_kv_bytes", [],
        "Keys and values of the running sequences.";
    KV_LIMIT = Kind::Gauge, "maskarad_engine_kv_limit_bytes", [],
        "What keys and values may take (engine.kv_memory).";
    WEIGHTS = Kind::Gauge, "maskarad_engine_weights_bytes", [],
        "Weights of all loaded models, what personas share counted once.";
    PERSONA_WEIGHTS = Kind::Gauge, "maskarad_persona_weights_bytes", ["persona", "part"],
        "Weights that a persona speaks with: its base, which others may share, and its adapter.";
    PERSONA_KV = Kind::Gauge, "maskarad_persona_kv_bytes", ["persona"],
        "Keys and values of a persona's replies that have come to their first token.";
    PERSONA_SPEED = Kind::Gauge, "maskarad_persona_tokens_per_second", ["persona"],
        "How fast each of a persona's latest replies came, from its first token on; nothing before the first reply.";
    DATABASE_SECONDS = Kind::Histogram(DATABASE), "maskarad_database_seconds", ["operation"],
        "Time of calls of the database, waiting for a connection included.";
    DATABASE_ERRORS = Kind::Counter, "maskarad_database_errors_total", ["operation"],
        "Calls of the database that failed.";
    DATABASE_UP = Kind::Gauge, "maskarad_database_up", [],
        "Whether the database answers.";
    CACHE_REQUESTS = Kind::Counter, "maskarad_cache_requests_total", ["cache", "result"],
        "Questions to a cache, by whether it knew: hit, miss.";
    HTTP_REQUESTS = Kind::Counter, "maskarad_http_requests_total", ["route", "status"],
        "Requests to API and console, by route and by the class of the answer's status: 2xx, 4xx.";
    HTTP_SECONDS = Kind::Histogram(ANSWER), "maskarad_http_seconds", ["route"],
        "Time from a request to API or console to its answer's beginning; a streamed reply begins before its first token.";
    API_REPLIES = Kind::Gauge, "maskarad_api_replies", [],
        "Replies in the making for the API (at most http.api_replies).";
    GENERATIONS = Kind::Counter, "maskarad_generations_total", ["place"],
        "Replies that were made, by where, where a broker is set: here, elsewhere.";
    FALLBACKS = Kind::Counter, "maskarad_fallbacks_total", ["reason"],
        "Replies that were made here because nobody elsewhere did: not_taken by the broker, or lost once they were begun.";
    ELSEWHERE = Kind::Gauge, "maskarad_jobs_elsewhere", [],
        "Replies that workers make, or that wait for one.";
    BROKER_UP = Kind::Gauge, "maskarad_broker_up", [],
        "Whether the broker is there, where one is set.";
    WORKERS = Kind::Gauge, "maskarad_workers", ["state"],
        "Workers that were heard within five minutes, by whether they are given jobs: usable, unusable.";
    WORKER_SLOTS = Kind::Gauge, "maskarad_worker_slots", ["worker"],
        "Jobs that a worker makes at once.";
    WORKER_BUSY = Kind::Gauge, "maskarad_worker_busy", ["worker"],
        "Jobs that a worker has.";
    WORKER_SPEED = Kind::Gauge, "maskarad_worker_tokens_per_second", ["worker"],
        "Tokens that a worker generates a second.";
    PERSONAS = Kind::Gauge, "maskarad_personas", ["standing"],
        "Personas by how far they have come.";
    PERSONA_UP = Kind::Gauge, "maskarad_persona_up", ["persona"],
        "Whether this daemon serves the persona.";
    UPTIME = Kind::Gauge, "maskarad_uptime_seconds", [],
        "Time since the daemon came up.";
    MEMORY = Kind::Gauge, "maskarad_resident_memory_bytes", [],
        "Memory of the process.";
    BUILD = Kind::Gauge, "maskarad_build_info", ["version"],
        "Which release this is; always 1.";
}
