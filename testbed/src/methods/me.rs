//! `getMe`.

use serde_json::Value;

use crate::{ids::UserId, world::World};

pub(super) fn get_me(world: &World, bot: UserId) -> Value {
    world.bot(bot).me_json(bot)
}
