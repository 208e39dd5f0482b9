//! `maskarad check`: is everything ready to serve? Tells everything that is wrong at once.

use std::io::{IsTerminal, Write};

use clap::Args;
use maskarad_engine::Engine;

use super::output::Output;
use super::{model, runtime};
use crate::chat::Me;
use crate::config::daemon::{DaemonConfig, StoreTarget};
use crate::config::environment::Environment;
use crate::config::manifest;
use crate::config::persona::{ModelSpec, Persona, Template};
use crate::config::problem::Problem;
use crate::config::secret::Secret;
use crate::config::webhook;
use crate::telegram::client::TelegramClient;
use crate::telegram::connect;

/// What `check` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Also ask Telegram whether the tokens work.
    #[arg(long)]
    online: bool,
}

/// One line of the table.
struct Row {
    cells: [String; 6],
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let loaded = manifest::load(&config.personas, Environment::of_process());
    let engine = Engine::start(config.engine.clone())?;
    let mut problems = loaded.problems.0;
    problems.extend(webhook::problems(config, &loaded.personas));
    let mut rows = Vec::new();
    for persona in &loaded.personas {
        let memory = match model::load(&engine, persona) {
            Ok(voice) => Some((voice.model.memory(), voice.model.adapter_memory())),
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        let telegram = telegram(persona, config, arguments.online, &mut problems);
        rows.push(row(persona, memory, telegram));
    }
    let mut output = Output::open();
    if !rows.is_empty() {
        print_table(&rows, &mut output)?;
    }
    writeln!(output, "{}", summary(config, &engine))?;
    if problems.is_empty() {
        return Ok(());
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    anyhow::bail!("{} {} to mend", problems.len(), if problems.len() == 1 { "thing" } else { "things" })
}

/// What is known of the persona's bot.
fn telegram(persona: &Persona, config: &DaemonConfig, ask: bool, problems: &mut Vec<Problem>) -> String {
    let Some(token) = &persona.token else { return "no token".to_owned() };
    if !ask {
        return "token set".to_owned();
    }
    match runtime().and_then(|runtime| runtime.block_on(introduce(config, token))) {
        Ok(bot) if bot.can_read_all_group_messages => format!("@{}", bot.username),
        Ok(bot) => {
            format!("@{} (privacy mode: insanity and chance need it off, see @BotFather /setprivacy)", bot.username)
        }
        Err(error) => {
            problems.push(Problem::of_file(&persona.source, "token", super::sentence(&error)));
            "token fails".to_owned()
        }
    }
}

async fn introduce(config: &DaemonConfig, token: &Secret) -> anyhow::Result<Me> {
    let http = connect::http_client(config.telegram.proxy.as_ref())?;
    let client = TelegramClient::new(token, &config.telegram.api_url, http);
    Ok(connect::introduce(&client).await?)
}

fn row(persona: &Persona, memory: Option<(usize, usize)>, telegram: String) -> Row {
    let weights = match memory {
        Some((base, 0)) => format!("{} {} MiB", persona.model.precision, mebibytes(base)),
        Some((base, adapter)) => {
            format!("{} {} MiB, adapter {} MiB", persona.model.precision, mebibytes(base), mebibytes(adapter))
        }
        None => "can't be loaded".to_owned(),
    };
    Row {
        cells: [
            persona.name.to_string(),
            persona.display_name.clone(),
            template_name(&persona.template).to_owned(),
            checkpoint(&persona.model),
            weights,
            telegram,
        ],
    }
}

fn mebibytes(bytes: usize) -> usize {
    bytes.div_ceil(1 << 20)
}

fn checkpoint(model: &ModelSpec) -> String {
    match &model.adapter {
        None => model.path.display().to_string(),
        Some(adapter) => format!("{} + {}", model.path.display(), adapter.display()),
    }
}

fn template_name(template: &Template) -> &'static str {
    match template {
        Template::PromptReply => "prompt_reply",
        Template::Rudialogpt3 { .. } => "rudialogpt3",
        Template::Rudialogpt => "rudialogpt",
        Template::Continuation => "continuation",
        Template::Custom(_) => "custom",
    }
}

fn print_table(rows: &[Row], output: &mut Output) -> std::io::Result<()> {
    let head =
        Row { cells: ["PERSONA", "SHOWN AS", "TEMPLATE", "CHECKPOINT", "WEIGHTS", "TELEGRAM"].map(str::to_owned) };
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]).map(|row| row.cells[column].chars().count());
        cells.max().unwrap_or_default()
    };
    for row in [&head].into_iter().chain(rows) {
        let cells = row.cells.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        writeln!(output, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn summary(config: &DaemonConfig, engine: &Engine) -> String {
    let store = match &config.store.target {
        StoreTarget::Postgres(_) => "PostgreSQL".to_owned(),
        StoreTarget::Sqlite(path) => format!("SQLite in {}", path.display()),
    };
    let models = engine.loaded_bases();
    let copies = if models == 1 { "copy" } else { "copies" };
    let mark = if std::io::stdout().is_terminal() { "\n" } else { "" };
    format!("{mark}{models} {copies} of weights in memory; state: {store}; Bot API: {}", config.telegram.api_url)
}
