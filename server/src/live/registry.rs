//! What is up, by name. Nothing here waits.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Things that come and go, by what they are called. Clones share them.
pub struct Registry<K, V>(Arc<RwLock<BTreeMap<K, Arc<V>>>>);

impl<K, V> Clone for Registry<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Registry<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Ord + Clone, V> Registry<K, V> {
    /// Adds one, in place of whatever was called so.
    pub fn add(&self, key: K, value: Arc<V>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }

    /// Takes one out.
    pub fn remove(&self, key: &K) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// One of them.
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// All of them, in their order.
    pub fn all(&self) -> Vec<Arc<V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// What they are called, in their order.
    pub fn keys(&self) -> Vec<K> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}
