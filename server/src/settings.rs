//! What holds in a chat: its own settings over the manifest's defaults. Refuses to know where either is kept.

use time::OffsetDateTime;

use crate::chat::{ChatKind, Language};
use crate::config::persona::Persona;
use crate::store::ChatSettings;

/// The most earlier messages that a prompt may hold.
pub const LONGEST_CONTEXT: u8 = 50;

/// The settings that hold in one chat.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveSettings {
    /// Answer every message of people. Never in private, where everything is answered anyway.
    pub insanity: bool,
    /// Probability of answering a message that nothing else triggers, 0 to 1.
    pub chance: f64,
    /// How many earlier messages the prompt holds.
    pub context_length: u8,
    /// Language of the daemon's own texts; `None` leaves it to the person's client.
    pub language: Option<Language>,
    /// Until when insanity and chance are silent.
    pub quiet_until: Option<OffsetDateTime>,
}

impl EffectiveSettings {
    /// What holds in a chat of this kind.
    pub fn of(persona: &Persona, kind: ChatKind, own: Option<&ChatSettings>) -> Self {
        let defaults = &persona.chat_defaults;
        let insanity = own.and_then(|own| own.insanity).unwrap_or(defaults.insanity);
        Self {
            insanity: insanity && kind == ChatKind::Group,
            chance: own.and_then(|own| own.chance).unwrap_or(defaults.chance),
            context_length: own.and_then(|own| own.context_length).unwrap_or(defaults.context_length),
            language: own.and_then(|own| own.language).or(defaults.language),
            quiet_until: own.and_then(|own| own.quiet_until),
        }
    }

    /// Whether the persona was asked to speak only when addressed.
    pub fn is_quiet(&self, now: OffsetDateTime) -> bool {
        self.quiet_until.is_some_and(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::testing::{NOW, persona};

    #[test]
    fn the_manifest_holds_until_the_chat_says_otherwise() {
        let mut persona = persona();
        persona.chat_defaults.insanity = true;
        persona.chat_defaults.chance = 0.25;
        let silent = EffectiveSettings::of(&persona, ChatKind::Group, None);
        assert!(silent.insanity);
        assert_eq!((silent.chance, silent.context_length, silent.language), (0.25, 4, None));

        let own = ChatSettings {
            insanity: Some(false),
            chance: Some(0.0),
            context_length: Some(0),
            language: Some(Language::En),
            ..ChatSettings::default()
        };
        let set = EffectiveSettings::of(&persona, ChatKind::Group, Some(&own));
        assert!(!set.insanity);
        assert_eq!((set.chance, set.context_length, set.language), (0.0, 0, Some(Language::En)));
    }

    #[test]
    fn insanity_is_for_groups() {
        let own = ChatSettings { insanity: Some(true), ..ChatSettings::default() };
        for (kind, insane) in [(ChatKind::Private, false), (ChatKind::Group, true), (ChatKind::Channel, false)] {
            assert_eq!(EffectiveSettings::of(&persona(), kind, Some(&own)).insanity, insane);
        }
    }

    #[test]
    fn quiet_ends() {
        let own = ChatSettings { quiet_until: Some(NOW), ..ChatSettings::default() };
        let settings = EffectiveSettings::of(&persona(), ChatKind::Group, Some(&own));
        assert!(settings.is_quiet(NOW - Duration::seconds(1)));
        assert!(!settings.is_quiet(NOW));
    }
}
