//! How each persona of this daemon stands: what `/readyz` tells of it.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::chat::PersonaName;
use crate::store::DaemonName;

/// How far a persona has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It introduces itself, or tells Telegram its webhook.
    Starting,
    /// Another daemon speaks for it.
    Standby,
    /// It asks for updates.
    Polling,
    /// Updates come to it.
    Webhook,
    /// Its token was refused for good.
    Refused,
    /// It has no bot: it is asked by other programs, and sits in the rooms of the page.
    Web,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 6] = [Self::Starting, Self::Standby, Self::Polling, Self::Webhook, Self::Refused, Self::Web];

    /// The name that `/readyz` and the metrics tell.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Standby => "standby",
            Self::Polling => "polling",
            Self::Webhook => "webhook",
            Self::Refused => "refused",
            Self::Web => "web",
        }
    }

    /// Whether this daemon answers whoever writes to the persona.
    pub fn is_serving(self) -> bool {
        matches!(self, Self::Polling | Self::Webhook | Self::Web)
    }
}

/// A persona's standing, with what troubles it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How far it has come.
    pub state: Standing,
    /// What went wrong last, if it still does; never a token, never a text of a chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The daemon that speaks for it instead, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Report {
    /// Whether somebody answers whoever writes to the persona, as far as is known.
    pub fn is_served(&self) -> bool {
        self.state.is_serving() || self.by.is_some()
    }
}

/// The standings of all personas that are served.
#[derive(Debug, Default)]
pub struct Standings(RwLock<BTreeMap<PersonaName, Report>>);

impl Standings {
    /// A persona has come this far, and nothing troubles it.
    pub fn set(&self, persona: &PersonaName, state: Standing) {
        self.note(persona, Report { state, trouble: None, by: None });
    }

    /// Another daemon speaks for a persona; which, where that is known.
    pub fn stand_by(&self, persona: &PersonaName, by: Option<DaemonName>) {
        self.note(persona, Report { state: Standing::Standby, trouble: None, by: by.map(|by| by.to_string()) });
    }

    fn note(&self, persona: &PersonaName, report: Report) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(persona.clone(), report);
    }

    /// A persona isn't served any more.
    pub fn remove(&self, persona: &PersonaName) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(persona);
    }

    /// How far one has come.
    pub fn of(&self, persona: &PersonaName) -> Option<Standing> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(persona).map(|report| report.state)
    }

    /// Something troubles a persona where it stands.
    pub fn trouble(&self, persona: &PersonaName, trouble: String) {
        let mut standings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(report) = standings.get_mut(persona) {
            report.trouble = Some(trouble);
        }
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<PersonaName, Report> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
