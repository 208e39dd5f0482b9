//! How long things are kept, and what pruning took.

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Age of messages since they were stored, in days (default 30).
    pub message_days: u32,
    /// Messages kept in one chat (default 500).
    pub messages_per_chat: u32,
    /// Age of updates since they were routed, in hours (default 48: update ids may restart).
    pub inbox_hours: u32,
    /// Age of jobs since they ended, in days (default 30).
    pub job_days: u32,
    /// Finished jobs kept of one chat (default 1000), besides those of the last hour, which the hourly caps count.
    pub jobs_per_chat: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { message_days: 30, messages_per_chat: 500, inbox_hours: 48, job_days: 30, jobs_per_chat: 1000 }
    }
}

/// What pruning removed, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Messages.
    pub messages: u64,
    /// Routed updates.
    pub updates: u64,
    /// Finished jobs.
    pub jobs: u64,
}
