//! The lists of commands that a bot shows, per scope and language.

use serde_json::Value;

use super::Answer;
use crate::{
    error::ApiError,
    ids::UserId,
    params::Params,
    world::{World, people::CommandsKey},
};

const MOST_COMMANDS: usize = 100;
const LONGEST_NAME: usize = 32;
const LONGEST_DESCRIPTION: usize = 256;
const SCOPES: [&str; 7] = [
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
    "chat",
    "chat_administrators",
    "chat_member",
];

pub(super) fn set_my_commands(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let key = key(params)?;
    let commands = match params.structure("commands")? {
        Some(Value::Array(commands)) => commands,
        _ => {
            return Err(ApiError::bad("can't parse commands: expected an Array of BotCommand"));
        }
    };
    if commands.len() > MOST_COMMANDS {
        return Err(ApiError::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    commands.iter().try_for_each(check)?;
    world.bot_mut(bot).commands.insert(key, commands);
    Ok(Value::Bool(true))
}

pub(super) fn get_my_commands(world: &World, bot: UserId, params: &Params) -> Answer {
    let key = key(params)?;
    Ok(world.bot(bot).commands.get(&key).cloned().unwrap_or_default().into())
}

pub(super) fn delete_my_commands(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let key = key(params)?;
    world.bot_mut(bot).commands.remove(&key);
    Ok(Value::Bool(true))
}

fn check(command: &Value) -> Result<(), ApiError> {
    let name = command["command"].as_str().unwrap_or_default();
    let name = name.strip_prefix('/').unwrap_or(name);
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(allowed) {
        return Err(ApiError::bad("BOT_COMMAND_INVALID"));
    }
    let description = command["description"].as_str().unwrap_or_default().trim();
    if description.is_empty() || description.chars().count() > LONGEST_DESCRIPTION {
        return Err(ApiError::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
    }
    Ok(())
}

fn key(params: &Params) -> Result<CommandsKey, ApiError> {
    let scope = match params.structure("scope")? {
        Some(scope) => scope_name(&scope)?,
        None => "default".to_owned(),
    };
    Ok(CommandsKey { scope, language_code: params.text("language_code").unwrap_or_default().to_owned() })
}

fn scope_name(scope: &Value) -> Result<String, ApiError> {
    let kind = scope["type"].as_str().filter(|kind| SCOPES.contains(kind));
    let mut name =
        kind.ok_or_else(|| ApiError::bad("can't parse BotCommandScope: unsupported type specified"))?.to_owned();
    for part in ["chat_id", "user_id"] {
        if let Some(id) = scope.get(part) {
            name = format!("{name}:{}", id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        }
    }
    Ok(name)
}
