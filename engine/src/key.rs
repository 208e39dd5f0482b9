//! What tells one loaded model from another: the content of its files and the precision it is held in.
//! Knows nothing of folders; equal files in two places are one model.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the weights of the linears and of the token table are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats, the reference.
    #[default]
    F32,
    /// 8-bit integers, of which 64 neighbouring inputs of an output share a scale.
    Int8,
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
        })
    }
}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "f32" => Ok(Self::F32),
            "int8" => Ok(Self::Int8),
            other => Err(UnknownPrecision(other.to_owned())),
        }
    }
}

/// The text that named no [`Precision`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("precision is `{0}`, but only `f32` and `int8` exist")]
pub struct UnknownPrecision(pub String);

/// The identity of a loaded model: a SHA-256 over its configuration, weight and tokenizer files, the precision, and a
/// SHA-256 over the files of the adapter on it, where there is one.
///
/// Written as `<64 hex digits>-<precision>`, with an adapter followed by `+<64 hex digits>`; also by serde.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ModelKey {
    content: [u8; 32],
    precision: Precision,
    adapter: Option<[u8; 32]>,
}

impl ModelKey {
    /// The key of files whose combined SHA-256 is `content`.
    #[must_use]
    pub fn new(content: [u8; 32], precision: Precision) -> Self {
        Self { content, precision, adapter: None }
    }

    /// This base with the adapter whose files' combined SHA-256 is `adapter`.
    #[must_use]
    pub fn with_adapter(self, adapter: [u8; 32]) -> Self {
        Self { adapter: Some(adapter), ..self }
    }

    /// The key of the base alone.
    #[must_use]
    pub fn base(self) -> Self {
        Self { adapter: None, ..self }
    }

    /// The combined SHA-256 of the adapter's files.
    #[must_use]
    pub fn adapter(&self) -> Option<[u8; 32]> {
        self.adapter
    }

    /// The combined SHA-256 of the files.
    #[must_use]
    pub fn content(&self) -> [u8; 32] {
        self.content
    }

    /// The precision the weights are held in.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }
}

impl fmt::Display for ModelKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", hex(self.content), self.precision)?;
        self.adapter.map_or(Ok(()), |adapter| write!(formatter, "+{}", hex(adapter)))
    }
}

impl fmt::Debug for ModelKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ModelKey({self})")
    }
}

impl From<ModelKey> for String {
    fn from(key: ModelKey) -> Self {
        key.to_string()
    }
}

/// A text that is no [`ModelKey`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no model key: expected 64 hexadecimal digits, `-`, a precision, and for an adapter `+` and 64 more digits"
)]
pub struct InvalidModelKey(pub String);

impl TryFrom<String> for ModelKey {
    type Error = InvalidModelKey;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse(&text).ok_or(InvalidModelKey(text))
    }
}

impl FromStr for ModelKey {
    type Err = InvalidModelKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| InvalidModelKey(text.to_owned()))
    }
}

/// A SHA-256 as 64 hexadecimal digits.
#[must_use]
pub fn hex(hash: [u8; 32]) -> String {
    hash.map(|byte| format!("{byte:02x}")).concat()
}

fn parse(text: &str) -> Option<ModelKey> {
    let (digits, rest) = text.split_once('-')?;
    let (precision, adapter) = match rest.split_once('+') {
        None => (rest, None),
        Some((precision, adapter)) => (precision, Some(hash(adapter)?)),
    };
    Some(ModelKey { content: hash(digits)?, precision: precision.parse().ok()?, adapter })
}

fn hash(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = [0; 32];
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_text() {
        let key = ModelKey::new([0xa7; 32], Precision::Int8);
        assert_eq!(key.to_string().parse(), Ok(key));
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(json, format!("\"{}-int8\"", "a7".repeat(32)));
        assert_eq!(serde_json::from_str::<ModelKey>(&json).unwrap(), key);
    }

    #[test]
    fn an_adapter_makes_another_key_of_the_same_base() {
        let base = ModelKey::new([0xa7; 32], Precision::Int8);
        let key = base.with_adapter([0x1c; 32]);
        assert_eq!(key.to_string(), format!("{base}+{}", "1c".repeat(32)));
        assert_eq!(key.to_string().parse(), Ok(key));
        assert!(key != base && key.base() == base);
    }

    #[test]
    fn other_texts_are_no_keys() {
        let digits = "é".repeat(32);
        let adapter = format!("{}-f32+", "a7".repeat(32));
        for text in [
            "",
            "a7-f32",
            &adapter,
            &format!("{adapter}a7"),
            &format!("{digits}-f32"),
            &format!("{}-f16", "a7".repeat(32)),
        ] {
            assert!(text.parse::<ModelKey>().is_err(), "{text}");
        }
    }
}
