//! Who may log in to the console, and what sessions are signed with.

use std::fmt;

use time::OffsetDateTime;

use super::KeyHash;

/// A link that logs in once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginLink {
    /// By what its secret is known.
    pub hash: KeyHash,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it is good no more.
    pub expires_at: OffsetDateTime,
}

/// What sessions are signed with: whoever knows it is everybody.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret([u8; Self::LENGTH]);

impl SigningSecret {
    /// Bytes of a secret.
    pub const LENGTH: usize = 64;

    /// Of bytes that nobody can foretell.
    pub fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// As it is stored.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`SigningSecret::hex`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::LENGTH];
        if text.len() != 2 * Self::LENGTH || !text.is_ascii() {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_can_be_read_again_and_tells_nothing() {
        let secret = SigningSecret::new([0xab; 64]);
        assert_eq!(SigningSecret::parse(&secret.hex()), Some(secret.clone()));
        assert_eq!([SigningSecret::parse(""), SigningSecret::parse(&"g".repeat(128))], [None, None]);
        assert!(!format!("{secret:?}").contains("ab"));
    }
}
