//! What was measured on machines of this kind, and by which command. Nothing here is assumed; that is in `assumed.rs`.

/// A figure that a command found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// What it is.
    pub(crate) name: &'static str,
    /// How much.
    pub(crate) value: f64,
    /// Of what.
    pub(crate) unit: &'static str,
    /// What found it, in this repository.
    pub(crate) command: &'static str,
    /// When, and on which processor.
    pub(crate) when: &'static str,
}

/// A machine that a figure was found on.
const INTEL: &str = "2026-11-22, 2 cores of Intel Xeon (amx_int8)";
/// Four tenths of its cores went to other programs' builds: what was found here is less than it can do alone.
const EPYC: &str = "2026-11-27, 2 cores of AMD EPYC (avx512_vnni), busy with other builds";
const PEERS: &str = "`make bench`, docs/BENCHMARKS.md";

const SCALING: &str = "`make scaling-measure`";

/// Messages a second that are stored, routed and remembered by one daemon, 64 chats at once.
pub(crate) const OVERHEARD: Measured = store("messages overheard by a daemon, PostgreSQL", 305.0);

/// The same of messages that are answered, too.
pub(crate) const ANSWERED: Measured = store("messages answered by a daemon, PostgreSQL", 126.0);

/// Messages a second that four daemons remember in one PostgreSQL.
pub(crate) const CROWD_OVERHEARD: Measured = store("messages overheard by four daemons, PostgreSQL", 285.0);

/// The same of messages that are answered, too.
pub(crate) const CROWD_ANSWERED: Measured = store("messages answered by four daemons, PostgreSQL", 125.0);

/// Messages a second through two quorum queues of one RabbitMQ, 64 of each unconfirmed at once.
pub(crate) const QUEUED: Measured = Measured {
    name: "messages through two quorum queues, RabbitMQ",
    value: 7826.0,
    unit: "a second",
    command: SCALING,
    when: EPYC,
};

/// Replies a second for each core that the daemon's own process used, with a worker that answers at once in the same process:
/// 273 replies a second on 0.47 cores, with 64 chats. The database and the broker beside it are counted by themselves.
pub(crate) const DISPATCH: Option<Measured> = Some(Measured {
    name: "replies handed out for each core of the daemon's own",
    value: 580.0,
    unit: "a second",
    command: "`make worker-bench`",
    when: "2026-11-27, 2 cores of AMD EPYC, quiet",
});

/// Tokens a second of a worker, by replies at once: ruGPT3Small's shape, int8, prompts of 64 tokens.
pub(crate) const DECODING: [(usize, Measured); 3] = [
    (1, decoding("tokens of 1 reply at a time", 332.0)),
    (8, decoding("tokens of 8 replies at once", 1253.0)),
    (16, decoding("tokens of 16 replies at once", 1424.0)),
];

/// Tokens a second of a prompt of 512.
pub(crate) const PREFILL: Measured =
    Measured { name: "tokens of a prompt", value: 4864.0, unit: "a second", command: PEERS, when: INTEL };

const fn decoding(name: &'static str, value: f64) -> Measured {
    Measured { name, value, unit: "a second", command: PEERS, when: INTEL }
}

const fn store(name: &'static str, value: f64) -> Measured {
    Measured { name, value, unit: "a second", command: SCALING, when: EPYC }
}
