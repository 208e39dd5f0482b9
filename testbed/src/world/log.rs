//! Every call that bots made, for tests to assert on.

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::{
    fault::Fault,
    ids::{MessageId, UserId},
};

/// A call and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRecord {
    /// Rises over all bots, in the order of arrival.
    pub sequence: u64,
    /// Whose token it carried.
    pub bot: UserId,
    /// In the documentation's spelling where the method is known, else as called.
    pub method: String,
    /// Query, form and body in one.
    pub params: Map<String, Value>,
    /// What was answered.
    pub outcome: Outcome,
    /// The scripted fault that befell it.
    pub fault: Option<Fault>,
    /// The message that it sent, even if the caller never heard so.
    pub message: Option<MessageId>,
    /// When it came.
    pub at: SystemTime,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is being worked on, or the caller hung up meanwhile.
    Open,
    /// An answer with this HTTP status went out.
    Answered(u16),
    /// A scripted fault cut the connection before anything was done.
    Dropped,
    /// A scripted fault cut the connection after the call was carried out; the status that would have been.
    AnswerLost(u16),
}

/// All calls.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    records: Vec<RequestRecord>,
}

impl RequestLog {
    /// The number under which the call's outcome is to be noted.
    pub(crate) fn open(&mut self, bot: UserId, method: &str, params: &Map<String, Value>) -> u64 {
        let sequence = self.records.len() as u64;
        self.records.push(RequestRecord {
            sequence,
            bot,
            method: method.to_owned(),
            params: params.clone(),
            outcome: Outcome::Open,
            fault: None,
            message: None,
            at: SystemTime::now(),
        });
        sequence
    }

    pub(crate) fn close(&mut self, sequence: u64, outcome: Outcome) {
        self.note(sequence, |record| record.outcome = outcome);
    }

    pub(crate) fn befallen(&mut self, sequence: u64, fault: Option<Fault>) {
        self.note(sequence, |record| record.fault = fault);
    }

    pub(crate) fn sent(&mut self, sequence: u64, message: MessageId) {
        self.note(sequence, |record| record.message = Some(message));
    }

    fn note(&mut self, sequence: u64, what: impl FnOnce(&mut RequestRecord)) {
        let index = usize::try_from(sequence).unwrap_or(usize::MAX);
        if let Some(record) = self.records.get_mut(index) {
            what(record);
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.records.len() as u64
    }

    pub(crate) fn since(&self, sequence: u64) -> &[RequestRecord] {
        let index = usize::try_from(sequence).unwrap_or(usize::MAX);
        self.records.get(index..).unwrap_or_default()
    }

    pub(crate) fn of(&self, bot: UserId) -> Vec<RequestRecord> {
        self.records.iter().filter(|record| record.bot == bot).cloned().collect()
    }
}
