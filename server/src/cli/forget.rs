//! `maskarad forget`: deletes everything that is kept of a chat or a person. A daemon may run meanwhile.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Context;
use clap::Args;
use time::OffsetDateTime;

use super::output::Output;
use super::{location, runtime};
use crate::chat::{ChatId, PersonaName, UserId};
use crate::config::daemon::DaemonConfig;
use crate::store::{self, Forget, Forgotten, Location, Subject};
use crate::telegram::update;

/// What `forget` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    whom: Whom,
    /// Let only this persona forget [default: all of them].
    #[arg(long = "persona", value_name = "NAME", value_parser = persona_name)]
    persona: Option<PersonaName>,
    /// Don't ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// A chat: its history, settings, jobs, and stored updates.
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    chat: Option<i64>,
    /// A person: what they wrote anywhere, the replies to it, their private chat, their jobs, blocks, and stored updates.
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    user: Option<i64>,
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let location = location(config)?;
    if let Location::Sqlite(path) = &location {
        anyhow::ensure!(path.is_file(), "{}: there is no such database, so nothing is kept", path.display());
    }
    let forget = Forget { subject: arguments.subject()?, persona: arguments.persona.clone(), transport: None };
    anyhow::ensure!(arguments.yes || asked(&forget)?, "nothing was deleted");
    let forgotten = runtime()?.block_on(async {
        let store = store::open(&location).await?;
        let forgotten = store.forget(&forget, &update::trace, OffsetDateTime::now_utc()).await;
        store.close().await;
        forgotten
    })?;
    print(&forgotten)
}

impl Arguments {
    fn subject(&self) -> anyhow::Result<Subject> {
        let chat = self.whom.chat.map(|id| Subject::Chat(ChatId(id)));
        let user = self.whom.user.map(|id| Subject::User(UserId(id)));
        chat.or(user).context("--chat or --user tells whom to forget")
    }
}

fn persona_name(text: &str) -> Result<PersonaName, String> {
    PersonaName::parse(text).ok_or_else(|| "no persona can have that name".to_owned())
}

/// Asks whoever sits at the terminal.
fn asked(forget: &Forget) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    anyhow::ensure!(stdin.is_terminal(), "nobody can be asked here; say --yes to delete without a question");
    let mut terminal = std::io::stderr();
    write!(terminal, "{} Type yes to go on: ", question(forget))?;
    terminal.flush()?;
    agreed(&mut stdin.lock())
}

fn question(forget: &Forget) -> String {
    let who = match &forget.persona {
        Some(persona) => persona.to_string(),
        None => "every persona".to_owned(),
    };
    match forget.subject {
        Subject::Chat(chat) => format!("Everything that {who} keeps of chat {chat} will be deleted for good."),
        Subject::User(user) => {
            format!(
                "Everything that {who} keeps of user {user} will be deleted for good; if they are blocked, they no longer will be."
            )
        }
    }
}

fn agreed(input: &mut impl BufRead) -> anyhow::Result<bool> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "yes" | "да"))
}

fn print(forgotten: &Forgotten) -> anyhow::Result<()> {
    let mut output = Output::open();
    for (table, rows) in forgotten.by_table() {
        writeln!(output, "{table:<9}{rows:>8}")?;
    }
    if forgotten.settings > 0 {
        writeln!(
            output,
            "A daemon that runs goes by the former settings for a minute more, and does not write them back."
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_agrees() {
        for (answer, agrees) in [
            ("yes\n", true),
            ("ДА\n", true),
            (" yes ", true),
            ("y\n", false),
            ("\n", false),
            ("", false),
            ("no\nyes\n", false),
        ] {
            assert_eq!(agreed(&mut answer.as_bytes()).unwrap(), agrees, "{answer:?}");
        }
    }

    #[test]
    fn the_question_names_whom_and_who() {
        let persona = PersonaName::parse("avtobus");
        let told = question(&Forget { subject: Subject::Chat(ChatId(-5)), persona, transport: None });
        assert!(told.contains("avtobus") && told.contains("chat -5"), "{told}");
        let told = question(&Forget { subject: Subject::User(UserId(7)), persona: None, transport: None });
        assert!(told.contains("every persona") && told.contains("user 7"), "{told}");
    }
}
