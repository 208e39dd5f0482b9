//! Who may call the HTTP API from elsewhere.

use std::fmt;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// What is kept of a key: enough to know it again, and not to make it. A key is 256 random bits, so that no slow hash is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Of a key as it is sent.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Reads what [`KeyHash::hex`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// As it is stored.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

/// A key of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// What people call it.
    pub name: String,
    /// By what it is known.
    pub hash: KeyHash,
    /// Requests a minute.
    pub per_minute: u32,
    /// Whether it may log in to the console, besides.
    pub console: bool,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Whether it is good no more.
    pub revoked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_can_be_read_again_and_tells_nothing() {
        let hash = KeyHash::of("mk_secret");
        assert_eq!(KeyHash::parse(&hash.hex()), Some(hash));
        assert_eq!(KeyHash::of("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!([KeyHash::parse(""), KeyHash::parse(&"ё".repeat(32)), KeyHash::parse(&"g".repeat(64))], [None; 3]);
        assert!(!format!("{hash:?}").contains(&hash.hex()[..8]));
    }
}
