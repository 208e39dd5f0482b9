//! Generation on other machines: what travels over RabbitMQ, the daemon's end of it ([`Remote`]) and the worker's
//! ([`worker`]). Knows no chat and no persona: a job is token ids in and tokens out.

mod broker;
mod client;
mod crew;
pub mod protocol;
mod survey;
pub mod topology;
pub mod worker;

use std::time::Duration;

pub use self::broker::{BrokerConfig, BrokerError, Link, connect};
pub use self::client::{Catalogue, Heard, Remote, Run};
pub use self::crew::Standing;
pub use self::survey::survey;

/// How often daemons and workers tell of themselves.
pub const TELL: Duration = Duration::from_secs(2);
/// How long nobody hears of a worker before it counts as gone.
const GONE_AFTER: Duration = Duration::from_secs(7);

/// The longest wait between two attempts to reach the broker.
const RECONNECT_WITHIN: Duration = Duration::from_secs(5);

/// What is known of generation elsewhere, for people.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Elsewhere {
    /// Why the broker isn't there, where it isn't.
    pub broker_trouble: Option<String>,
    /// The workers that were heard lately.
    pub workers: Vec<Standing>,
    /// Jobs that are elsewhere at the moment.
    pub under_way: usize,
    /// Replies that were made here because nobody elsewhere could.
    pub fell_back: u64,
    /// The last that a worker, or the broker, would not do; and why.
    pub last_trouble: Option<String>,
}
