//! People who keep the daemon at work, so that everything there is to count happens.

use maskarad_testbed::{Fault, FaultSpec, Group, MessageRef};

use super::super::Stage;

/// What they say; no metric may repeat it.
const WORDS: &str = "тайное слово";

/// The people of a stage, and their group with both bots.
pub(super) struct Load<'a> {
    stage: &'a Stage,
    group: Group,
}

impl<'a> Load<'a> {
    pub(super) fn new(stage: &'a Stage) -> Self {
        let group = stage.tg.add_supergroup("Друзья");
        for user in &stage.people {
            group.join(user);
        }
        group.promote(&stage.people[0]);
        for bot in &stage.bots {
            group.add_bot(bot, &stage.people[0]);
        }
        Self { stage, group }
    }

    /// Telegram asks once to wait, for a moment.
    pub(super) fn flood(&self) {
        let fault = Fault::TooManyRequests { retry_after: 1 };
        self.stage.tg.fault(FaultSpec::new(fault).method("sendMessage").times(1));
    }

    /// Everybody writes to the first bot, and somebody to the second.
    pub(super) fn round(&self) -> Vec<MessageRef> {
        let mut messages = self.stage.everybody_writes(WORDS);
        messages.push(self.stage.people[1].writes_private(&self.stage.bots[1], WORDS));
        messages
    }

    /// An administrator commands the first bot in the group. Nobody gets many answers of this kind within an hour.
    pub(super) fn commands(&self) -> Vec<MessageRef> {
        let username = self.stage.bots[0].username();
        let commands = [("/context", "3"), ("/insanity", "off")];
        let commands = commands.map(|(name, argument)| format!("{name}@{username} {argument}"));
        commands.map(|text| self.stage.people[0].writes(&self.group, &text)).to_vec()
    }

    /// What no metric may tell: ids, tokens, words.
    pub(super) fn secrets(&self) -> Vec<String> {
        let people = self.stage.people.iter().map(|user| user.id().0.to_string());
        let bots = self.stage.bots.iter().flat_map(|bot| [bot.token(), bot.id().0.to_string(), bot.username()]);
        let group = self.group.id().0.unsigned_abs().to_string();
        people.chain(bots).chain([group, WORDS.to_owned(), "Человек".to_owned()]).collect()
    }
}
