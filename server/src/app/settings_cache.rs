//! What chats have set, remembered for a while. Knows no store: whoever asks brings a way to read.

use std::time::Duration;

use moka::Entry;
use moka::future::Cache;
use moka::ops::compute::Op;

use crate::chat::ChatKey;
use crate::metrics;
use crate::store::{ChatSettings, Result};

/// How long settings are believed, should a change of theirs have been missed.
const MEMORY: Duration = Duration::from_secs(60);

/// Settings by chat; `None` where nothing was ever set.
pub(super) struct SettingsCache(Cache<ChatKey, Option<ChatSettings>>);

impl SettingsCache {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(MEMORY).build())
    }

    /// A chat's settings, read where they aren't remembered.
    pub(super) async fn get(
        &self,
        key: &ChatKey,
        read: impl AsyncFnOnce() -> Result<Option<ChatSettings>>,
    ) -> Result<Option<ChatSettings>> {
        let known = self.0.get(key).await;
        metrics::cache_asked(metrics::Cache::Settings, known.is_some());
        if let Some(settings) = known {
            return Ok(settings);
        }
        let put = async |known: Option<Entry<_, _>>| match known {
            Some(_) => Ok(Op::Nop),
            None => read().await.map(Op::Put),
        };
        let result = self.0.entry_by_ref(key).and_try_compute_with(put).await?;
        Ok(result.into_entry().and_then(Entry::into_value))
    }

    /// Forgets everything.
    pub(super) fn forget_all(&self) {
        self.0.invalidate_all();
    }

    /// Forgets a chat, whose settings have changed. Waits for whoever reads them just now: what was read before the
    /// change must not be remembered after it.
    pub(super) async fn forget(&self, key: &ChatKey) {
        self.0.entry_by_ref(key).and_compute_with(async |_| Op::Remove).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use super::*;
    use crate::chat::{ChatId, PersonaName, TransportKind};

    fn key() -> ChatKey {
        let persona = PersonaName::parse("avtobus").unwrap();
        ChatKey { persona, transport: TransportKind::Telegram, chat: ChatId(5) }
    }

    fn context(length: u8) -> Option<ChatSettings> {
        Some(ChatSettings { context_length: Some(length), ..ChatSettings::default() })
    }

    #[tokio::test]
    async fn settings_are_read_once_until_they_are_forgotten() {
        let cache = SettingsCache::new();
        assert_eq!(cache.get(&key(), async || Ok(None)).await.unwrap(), None);
        assert_eq!(cache.get(&key(), async || panic!("they are known")).await.unwrap(), None);
        cache.forget(&key()).await;
        assert_eq!(cache.get(&key(), async || Ok(context(2))).await.unwrap(), context(2));
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_believed_after_it() {
        let cache = Arc::new(SettingsCache::new());
        let (reading, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = tokio::spawn({
            let (cache, reading, go_on) = (Arc::clone(&cache), Arc::clone(&reading), Arc::clone(&go_on));
            async move {
                let read = async || {
                    reading.notify_one();
                    go_on.notified().await;
                    Ok(context(1))
                };
                cache.get(&key(), read).await
            }
        });
        reading.notified().await;
        let forgetting = tokio::spawn({
            let cache = Arc::clone(&cache);
            async move { cache.forget(&key()).await }
        });
        // However far forgetting gets meanwhile, it must not end before the reader.
        tokio::time::sleep(Duration::from_millis(20)).await;
        go_on.notify_one();
        assert_eq!(slow.await.unwrap().unwrap(), context(1));
        forgetting.await.unwrap();
        assert_eq!(cache.get(&key(), async || Ok(context(2))).await.unwrap(), context(2));
    }
}
