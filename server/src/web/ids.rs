//! Who is who in rooms. Nobody has an account there, so numbers are made of names; they are below all of Telegram's, so that no
//! number stands for two.

use sha2::{Digest, Sha256};

use crate::chat::{Me, PersonaName, UserId};
use crate::store::BotId;

/// The number of a person who calls themself so.
pub fn user_id(name: &str) -> UserId {
    UserId(number("person", name))
}

/// A persona's inbox for what is said in rooms.
pub fn bot_id(persona: &PersonaName) -> BotId {
    BotId(number("persona", persona.as_str()))
}

/// Who a persona is in rooms. Its name is its username there, and it hears everything.
pub fn me(persona: &PersonaName) -> Me {
    Me { id: UserId(bot_id(persona).0), username: persona.to_string(), can_read_all_group_messages: true }
}

fn number(kind: &str, name: &str) -> i64 {
    let hash = Sha256::digest(format!("{kind}/{name}"));
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash);
    // Between -2^62 and -2^61: Telegram's have 52 bits.
    let bits = u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 3;
    -(1 << 61) - bits.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_below_telegrams_and_last() {
        let avtobus = PersonaName::parse("avtobus").unwrap();
        for number in [user_id("Аня").0, user_id("").0, bot_id(&avtobus).0] {
            assert!((-(1 << 62)..-(1 << 52)).contains(&number), "{number}");
        }
        assert_ne!(user_id("avtobus").0, bot_id(&avtobus).0, "nobody can call themself a persona");
        assert_eq!(user_id("Аня"), UserId(-4_010_017_673_799_905_490), "it is kept in the store");
    }
}
