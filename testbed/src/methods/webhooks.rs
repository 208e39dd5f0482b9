//! `setWebhook`, `deleteWebhook`, `getWebhookInfo`. Delivering is `webhook`'s business.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, updates};
use crate::{
    error::ApiError,
    ids::UserId,
    params::{Flag, Params},
    shared::Shared,
    webhook::{self, Webhook},
    world::{World, people::EndedBy},
};

const LONGEST_SECRET: usize = 256;

pub(super) fn set_webhook(shared: &Arc<Shared>, bot: UserId, params: &Params) -> Answer {
    let Some(url) = params.text("url") else {
        return Ok(shared.change(|world| delete_webhook(world, bot, params)));
    };
    let target = parse(url, params)?;
    let allowed = allowed_updates(params)?;
    let generation = shared.change(|world| {
        updates::end_open_poll(world, bot, EndedBy::SetWebhook);
        drop_pending(world, bot, params);
        let state = world.bot_mut(bot);
        state.updates.allow(allowed);
        state.webhook = Some(target);
        state.webhook_generation += 1;
        state.webhook_generation
    });
    tokio::spawn(webhook::deliver(Arc::clone(shared), bot, generation));
    Ok(Value::Bool(true))
}

fn parse(url: &str, params: &Params) -> Result<Webhook, ApiError> {
    let url: reqwest::Url = url.parse().map_err(|_| ApiError::bad("invalid webhook URL specified"))?;
    let secret = params.text("secret_token").map(str::to_owned);
    if let Some(secret) = &secret {
        if secret.len() > LONGEST_SECRET {
            return Err(ApiError::bad("secret token is too long"));
        }
        if !secret.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-') {
            return Err(ApiError::bad("secret token contains unallowed characters"));
        }
    }
    let connections = params.integer("max_connections").unwrap_or(40).clamp(1, 100);
    Ok(Webhook::new(url, secret, usize::try_from(connections).unwrap_or(40)))
}

pub(super) fn delete_webhook(world: &mut World, bot: UserId, params: &Params) -> Value {
    drop_pending(world, bot, params);
    let state = world.bot_mut(bot);
    state.webhook = None;
    state.webhook_generation += 1;
    Value::Bool(true)
}

fn drop_pending(world: &mut World, bot: UserId, params: &Params) {
    if params.flag("drop_pending_updates") == Flag::On {
        world.bot_mut(bot).updates.clear();
    }
}

pub(super) fn get_webhook_info(world: &World, bot: UserId) -> Value {
    let state = world.bot(bot);
    let mut info = json!({
        "url": "", "has_custom_certificate": false, "pending_update_count": state.updates.waiting().len(),
    });
    if let Some(webhook) = &state.webhook {
        info["url"] = webhook.url.as_str().into();
        info["max_connections"] = webhook.max_connections.into();
        if let Some(error) = &webhook.last_error {
            info["last_error_date"] = error.date.into();
            info["last_error_message"] = error.message.clone().into();
        }
    }
    if let Some(allowed) = state.updates.allowed() {
        info["allowed_updates"] = json!(allowed);
    }
    info
}

/// The types that a call wants from now on, if it says so.
pub(super) fn allowed_updates(params: &Params) -> Result<Option<Vec<String>>, ApiError> {
    let Some(list) = params.structure("allowed_updates")? else {
        return Ok(None);
    };
    serde_json::from_value(list)
        .map(Some)
        .map_err(|_| ApiError::bad("can't parse allowed_updates: expected an Array of String"))
}
