//! The secret that Telegram repeats in each request to a webhook, by which we know that it is Telegram.

use std::fmt;

use rand::Rng;
use rand::SeedableRng;
use rand::distr::Alphanumeric;
use rand::rngs::StdRng;
use subtle::ConstantTimeEq;

/// Letters and digits in a secret: about 285 bits. Telegram takes 1 to 256 of `A-Z`, `a-z`, `0-9`, `_` and `-`.
const LENGTH: usize = 48;

/// A webhook's secret. Prints nothing of itself.
#[derive(Clone)]
pub(super) struct WebhookSecret(String);

impl WebhookSecret {
    /// A new one, from the system's randomness and not from the daemon's dice, which tests foretell.
    pub(super) fn fresh() -> Self {
        Self(StdRng::from_os_rng().sample_iter(Alphanumeric).take(LENGTH).map(char::from).collect())
    }

    /// What Telegram is told.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether somebody knows it; takes as long for a secret that is nearly right as for one that is all wrong.
    pub(super) fn is(&self, told: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(told).into()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_is_another_and_telegram_takes_it() {
        let secrets: HashSet<String> = (0..100).map(|_| WebhookSecret::fresh().0).collect();
        assert_eq!(secrets.len(), 100);
        for secret in secrets {
            assert!(secret.len() == LENGTH && secret.chars().all(|c| c.is_ascii_alphanumeric()), "{secret}");
        }
    }

    #[test]
    fn only_the_whole_secret_is_it() {
        let secret = WebhookSecret::fresh();
        let told = secret.expose().as_bytes();
        assert!(secret.is(told));
        for wrong in [&told[..LENGTH - 1], &told[1..], &[told, b"a"].concat(), b"", &[0xff; LENGTH]] {
            assert!(!secret.is(wrong));
        }
        assert_eq!(format!("{secret:?}"), "[secret]");
    }
}
