//! What daemons and workers write to each other: JSON, with a version in whatever asks for something.
//!
//! Additions that an older reader may ignore keep the version: unknown fields and kinds are skipped. Whatever an older
//! worker would do wrongly raises it; the name of a job's queue holds it, so that such a worker never even sees the job.

use std::fmt;
use std::ops::RangeInclusive;

use maskarad_engine::{Finished, InstructionSet, ModelKey};
use serde::{Deserialize, Serialize};

use crate::generator::GenerateRequest;

/// The version of the jobs that this program sends.
pub const VERSION: u16 = 1;
/// The versions of jobs that this program's worker understands.
pub const UNDERSTANDS: RangeInclusive<u16> = 1..=VERSION;

/// A generation that a daemon wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The protocol's version.
    pub v: u16,
    /// The daemon that waits for it.
    pub daemon: String,
    /// Its number with that daemon.
    pub attempt: u64,
    /// What to generate.
    pub request: GenerateRequest,
}

/// What can be read of a job of any version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Envelope {
    /// The protocol's version.
    pub v: u16,
    /// The daemon that waits for it.
    pub daemon: String,
    /// Its number with that daemon.
    pub attempt: u64,
}

/// A generated token: its id, and the text that became certain with it.
pub type Token = (u32, String);

/// What a daemon is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToDaemon {
    /// A worker is there.
    Hello(Hello),
    /// Tokens of a job, as they come. May be lost: the result holds all of them.
    Progress {
        /// The job's number.
        attempt: u64,
        /// How many tokens came before these.
        from: usize,
        /// The tokens.
        tokens: Vec<Token>,
    },
    /// The whole result of a job.
    Done(Box<Done>),
    /// A job that could never be carried out.
    Failed {
        /// The job's number.
        attempt: u64,
        /// Why, in a sentence.
        reason: String,
    },
    /// A job that this worker can't carry out; another may.
    Refused {
        /// The job's number.
        attempt: u64,
        /// Why, in a sentence that names the mend.
        reason: String,
    },
    /// Something that a newer worker says.
    #[serde(other)]
    Unknown,
}

/// The result of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The job's number.
    pub attempt: u64,
    /// Who made it.
    pub worker: String,
    /// The very weights that made it.
    pub model: ModelKey,
    /// All tokens.
    pub tokens: Vec<Token>,
    /// The end.
    pub finished: Finished,
}

/// What a worker tells of itself. Every version understands every version's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// Its own number, another at each start.
    pub worker: String,
    /// What people call it.
    pub name: String,
    /// Its program's version.
    pub program: String,
    /// The first and the last version of jobs that it understands.
    pub understands: (u16, u16),
    /// What its arithmetic is compiled for.
    pub instruction_set: String,
    /// The bases that it takes jobs for.
    pub bases: Vec<ModelKey>,
    /// Jobs that it makes at once.
    pub slots: usize,
    /// Jobs in the making.
    pub busy: usize,
    /// Tokens generated a second, since it last told.
    pub tokens_per_second: f64,
    /// It takes no more jobs, and leaves.
    pub leaving: bool,
    /// What keeps it from being of more use.
    pub trouble: Option<String>,
}

impl Default for Hello {
    fn default() -> Self {
        Self {
            worker: String::new(),
            name: String::new(),
            program: String::new(),
            understands: (0, 0),
            instruction_set: InstructionSet::Scalar.to_string(),
            bases: Vec::new(),
            slots: 0,
            busy: 0,
            tokens_per_second: 0.0,
            leaving: false,
            trouble: None,
        }
    }
}

/// What workers are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToWorker {
    /// The models that a daemon may send jobs for.
    Catalogue {
        /// The daemon.
        daemon: String,
        /// Each base, and each base with each adapter on it.
        models: Vec<ModelKey>,
    },
    /// Nobody waits for a job any more.
    Cancel {
        /// The daemon.
        daemon: String,
        /// The job's number.
        attempt: u64,
    },
    /// Something that a newer daemon says.
    #[serde(other)]
    Unknown,
}

/// Why a job can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is none of ours; nobody can be told.
    Foreign,
    /// It is of a version that this program doesn't understand.
    Version(Envelope),
    /// It is of the right version, and broken at this place.
    Garbled(Envelope, usize),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("a message that is no job"),
            Self::Version(envelope) => write!(
                f,
                "the job is of version {} of the protocol, and this worker understands {} to {}; run the same version of \
                 maskarad on both machines",
                envelope.v,
                UNDERSTANDS.start(),
                UNDERSTANDS.end()
            ),
            Self::Garbled(_, column) => write!(f, "the job can't be read from its byte {column} on"),
        }
    }
}

impl Job {
    /// Reads a job. What is wrong is told without anything of its content: that is somebody's conversation.
    ///
    /// # Errors
    /// As [`Unreadable`] says.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(|_| Unreadable::Foreign)?;
        if !UNDERSTANDS.contains(&envelope.v) {
            return Err(Unreadable::Version(envelope));
        }
        serde_json::from_slice(bytes).map_err(|error| Unreadable::Garbled(envelope, error.column()))
    }
}

/// Any of these messages as it travels.
pub fn bytes(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("these types have no maps with keys that aren't texts")
}

#[cfg(test)]
mod tests;
