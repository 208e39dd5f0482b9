//! Which messages a prompt holds, and in which order. Knows nothing of templates and tokens.

use maskarad_dialog::{Side, Turn};

use crate::chat::MessageId;
use crate::store::{Author, HistoryMessage};

/// What a reply is to be made from.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The conversation's last messages in the order they were stored, oldest first: more than `context_length`, for the
    /// messages stored after the lead don't count.
    pub history: &'a [HistoryMessage],
    /// The message to answer.
    pub lead: MessageId,
    /// Its text without the mention or name that called the persona; `None` takes it from the history.
    pub lead_text: Option<&'a str>,
    /// Other messages the same reply answers, oldest first.
    pub shared: &'a [MessageId],
    /// The message that the lead replies to, wherever it stands.
    pub replied_to: Option<&'a HistoryMessage>,
    /// How many earlier messages to hold, besides the lead and those that share its reply.
    pub context_length: usize,
}

/// Orders a scene's messages: context, messages that share the reply, the replied-to message, the lead.
///
/// What others wrote after the lead is left out, it has (or will have) its own reply; the persona's own replies stay.
/// Messages without text are skipped, and so is a lead that was nothing but a call, where something else is left to answer:
/// what stands last is then what is asked.
pub fn arrange(scene: &Scene<'_>) -> Vec<Turn> {
    let mut turns = scene.context();
    turns.extend(scene.shared.iter().filter_map(|id| scene.find(*id)).map(|message| Turn::asked(&message.text)));
    turns.extend(scene.replied_to.filter(|replied| !scene.is_answered(replied.id)).map(turn));
    turns.retain(|turn| !turn.text.trim().is_empty());
    match scene.lead_turn(turns.last()) {
        Some(lead) => turns.push(lead),
        None => turns.last_mut().into_iter().for_each(|last| last.asked = true),
    }
    turns
}

impl Scene<'_> {
    /// The last `context_length` messages before the lead, without those that get a place of their own.
    fn context(&self) -> Vec<Turn> {
        let replied_to = self.replied_to.map(|message| message.id);
        let earlier: Vec<_> = self.earlier().filter(|message| !self.is_answered(message.id)).collect();
        let window = &earlier[earlier.len().saturating_sub(self.context_length)..];
        window.iter().filter(|message| Some(message.id) != replied_to).map(|message| turn(message)).collect()
    }

    /// Everything with text but what others wrote after the lead. A lead that isn't in the history is older than all of it.
    fn earlier(&self) -> impl Iterator<Item = &HistoryMessage> {
        let lead = self.history.iter().position(|message| message.id == self.lead).unwrap_or(0);
        let counts = move |(index, message): &(usize, &HistoryMessage)| {
            let stands = *index < lead || message.author == Author::Persona;
            stands && !message.text.trim().is_empty()
        };
        self.history.iter().enumerate().filter(counts).map(|(_, message)| message)
    }

    fn is_answered(&self, id: MessageId) -> bool {
        id == self.lead || self.shared.contains(&id)
    }

    fn find(&self, id: MessageId) -> Option<&HistoryMessage> {
        self.history.iter().find(|message| message.id == id)
    }

    /// The lead, after `last`.
    fn lead_turn(&self, last: Option<&Turn>) -> Option<Turn> {
        let stored = self.find(self.lead).map(|message| message.text.as_str());
        let text = self.lead_text.or(stored).unwrap_or_default();
        if !text.trim().is_empty() {
            return Some(Turn::asked(text));
        }
        let something_to_answer = last.is_some_and(|turn| turn.side == Side::Others);
        (!something_to_answer).then(|| Turn::asked(stored.unwrap_or_default()))
    }
}

fn turn(message: &HistoryMessage) -> Turn {
    let side = match message.author {
        Author::Persona => Side::Persona,
        Author::Other { .. } => Side::Others,
    };
    Turn::earlier(side, &message.text)
}
