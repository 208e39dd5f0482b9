//! What a permitted command changes and what is answered.

use time::{Duration, OffsetDateTime};

use super::{BadArgument, Command, Percent, Toggle};
use crate::chat::{ChatKind, Language, Me, UserId};
use crate::config::persona::Persona;
use crate::settings::EffectiveSettings;
use crate::store::ChatSettings;
use crate::texts::{self, Overview, Texts};

/// Whether the persona hears what isn't addressed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Every message of the chat.
    Everything,
    /// Commands, mentions and replies only: privacy mode is on, and the persona is no administrator.
    AddressedOnly,
}

impl Hearing {
    /// What a bot hears; administrators hear everything whatever their privacy mode.
    pub fn of(me: &Me, is_administrator: bool) -> Self {
        if me.can_read_all_group_messages || is_administrator { Self::Everything } else { Self::AddressedOnly }
    }
}

/// The circumstances in which a command is given.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Whose host is asked.
    pub persona: &'a Persona,
    /// In what kind of chat.
    pub kind: ChatKind,
    /// What the chat has set so far.
    pub own: Option<&'a ChatSettings>,
    /// What the persona hears there.
    pub hearing: Hearing,
    /// When.
    pub now: OffsetDateTime,
    /// Language of the answer.
    pub language: Language,
}

/// What comes of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Executed {
    /// What has to be written.
    pub change: Option<Change>,
    /// What has to be said.
    pub answer: String,
}

/// What a command changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The chat's settings are these now.
    Settings(ChatSettings),
    /// This conversation is forgotten.
    Reset,
    /// The persona no longer answers this person.
    Block(UserId),
    /// It does again.
    Unblock(UserId),
}

/// Executes a command of somebody who may give it.
pub fn execute(command: &Command, scene: &Scene<'_>) -> Executed {
    let texts = scene.texts();
    match command {
        Command::Start => says(texts.start(scene.persona, scene.kind)),
        Command::Help => says(texts.help(scene.persona, scene.kind)),
        Command::Settings => says(texts.settings(&scene.overview())),
        Command::Bad(argument) => says(texts.bad_argument(*argument)),
        Command::Reset => changes(Change::Reset, texts.reset()),
        Command::Block(user) => block(*user, scene),
        Command::Unblock(user) => changes(Change::Unblock(*user), texts.unblocked(*user)),
        Command::Context(length) => context(*length, scene),
        Command::Language(language) => speak(*language, scene),
        Command::Insanity(_) if scene.kind == ChatKind::Private => says(texts.insanity_in_private()),
        Command::Chance(_) | Command::Quiet(_) if scene.kind == ChatKind::Private => says(texts.only_in_groups()),
        Command::Insanity(toggle) => insanity(*toggle, scene),
        Command::Chance(percent) => chance(*percent, scene),
        Command::Quiet(hours) => quiet(*hours, scene),
    }
}

impl Scene<'_> {
    fn texts(&self) -> &'static dyn Texts {
        texts::in_language(self.language)
    }

    fn effective(&self) -> EffectiveSettings {
        EffectiveSettings::of(self.persona, self.kind, self.own)
    }

    fn overview(&self) -> Overview {
        let settings = self.effective();
        Overview {
            kind: self.kind,
            insanity: settings.insanity.into(),
            chance: Percent::of_chance(settings.chance),
            context_length: settings.context_length,
            quiet_for: settings.quiet_until.map(|until| until - self.now).filter(|left| left.is_positive()),
            language: settings.language,
        }
    }

    /// The chat's settings with one change.
    fn with(&self, change: impl FnOnce(&mut ChatSettings)) -> Change {
        let mut settings = self.own.cloned().unwrap_or_default();
        change(&mut settings);
        Change::Settings(settings)
    }

    /// The answer, and the mend where the persona couldn't hear what it is to answer.
    fn heard(&self, answer: String) -> String {
        match self.hearing {
            Hearing::Everything => answer,
            Hearing::AddressedOnly => format!("{answer}\n\n{}", self.texts().privacy_mode()),
        }
    }
}

fn says(answer: String) -> Executed {
    Executed { change: None, answer }
}

fn changes(change: Change, answer: String) -> Executed {
    Executed { change: Some(change), answer }
}

fn insanity(toggle: Option<Toggle>, scene: &Scene<'_>) -> Executed {
    let texts = scene.texts();
    let now = toggle.unwrap_or_else(|| scene.effective().insanity.into());
    let said = if toggle.is_some() { texts.insanity_set(now) } else { texts.insanity_state(now) };
    let answer = if now.is_on() { scene.heard(said) } else { said };
    let change = toggle.map(|toggle| scene.with(|settings| settings.insanity = Some(toggle.is_on())));
    Executed { change, answer }
}

fn chance(percent: Option<Percent>, scene: &Scene<'_>) -> Executed {
    let now = percent.unwrap_or_else(|| Percent::of_chance(scene.effective().chance));
    let said = scene.texts().chance(now);
    let answer = if now.value() > 0 { scene.heard(said) } else { said };
    let change = percent.map(|percent| scene.with(|settings| settings.chance = Some(percent.chance())));
    Executed { change, answer }
}

fn context(length: Option<u8>, scene: &Scene<'_>) -> Executed {
    let answer = scene.texts().context(length.unwrap_or_else(|| scene.effective().context_length));
    let change = length.map(|length| scene.with(|settings| settings.context_length = Some(length)));
    Executed { change, answer }
}

fn quiet(hours: u8, scene: &Scene<'_>) -> Executed {
    let length = Duration::hours(i64::from(hours));
    if length.is_zero() {
        return changes(scene.with(|settings| settings.quiet_until = None), scene.texts().quiet_ended());
    }
    let change = scene.with(|settings| settings.quiet_until = Some(scene.now + length));
    changes(change, scene.texts().quiet(length))
}

/// The answer to a change comes in the new language already.
fn speak(language: Option<Language>, scene: &Scene<'_>) -> Executed {
    let Some(chosen) = language else { return says(scene.texts().language()) };
    let change = scene.with(|settings| settings.language = Some(chosen));
    changes(change, texts::in_language(chosen).language())
}

/// An owner who is blocked could still unblock themselves, but it is never what was meant.
fn block(user: UserId, scene: &Scene<'_>) -> Executed {
    if scene.persona.owner == Some(user) {
        return says(scene.texts().bad_argument(BadArgument::Person));
    }
    changes(Change::Block(user), scene.texts().blocked(user))
}
