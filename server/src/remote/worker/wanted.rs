//! Which weights the daemons ask for. Reads no clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use maskarad_engine::ModelKey;
use tokio::time::Instant;

/// How long a daemon that falls silent is still believed: it may only be restarting.
const BELIEVED: Duration = Duration::from_secs(60);

/// What each daemon said last.
#[derive(Default)]
pub(super) struct Wanted(HashMap<String, (Vec<ModelKey>, Instant)>);

/// Bases, and the adapters on each.
pub(super) type Bases = BTreeMap<String, (ModelKey, BTreeSet<[u8; 32]>)>;

impl Wanted {
    /// A daemon told its catalogue. Returns whether that is news.
    pub(super) fn told(&mut self, daemon: String, mut models: Vec<ModelKey>, now: Instant) -> bool {
        models.sort_by_key(ToString::to_string);
        let before = self.0.len();
        self.0.retain(|_, (_, told)| now.saturating_duration_since(*told) < BELIEVED);
        let gone = self.0.len() != before;
        let former = self.0.insert(daemon, (models.clone(), now));
        gone || former.is_none_or(|(former, _)| former != models)
    }

    /// All that is wanted by anybody.
    pub(super) fn bases(&self) -> Bases {
        let mut bases = Bases::new();
        for key in self.0.values().flat_map(|(models, _)| models) {
            let (_, adapters) = bases.entry(key.base().to_string()).or_insert_with(|| (key.base(), BTreeSet::new()));
            adapters.extend(key.adapter());
        }
        bases
    }
}

#[cfg(test)]
mod tests {
    use maskarad_engine::Precision;

    use super::*;

    fn key(byte: u8) -> ModelKey {
        ModelKey::new([byte; 32], Precision::Int8)
    }

    #[test]
    fn what_any_daemon_wants_is_wanted_until_it_says_otherwise_or_is_gone() {
        let (mut wanted, begin) = (Wanted::default(), Instant::now());
        assert!(wanted.told("a".to_owned(), vec![key(1), key(1).with_adapter([5; 32])], begin));
        assert!(
            !wanted.told("a".to_owned(), vec![key(1).with_adapter([5; 32]), key(1)], begin),
            "the order is no news"
        );
        assert!(wanted.told("b".to_owned(), vec![key(2)], begin));
        assert_eq!(wanted.bases().len(), 2);
        assert_eq!(wanted.bases()[&key(1).to_string()].1, BTreeSet::from([[5; 32]]));
        assert!(wanted.told("b".to_owned(), vec![key(3)], begin));
        assert!(!wanted.bases().contains_key(&key(2).to_string()), "a new version takes the old one's place");
        assert!(wanted.told("b".to_owned(), vec![key(3)], begin + BELIEVED), "the other is gone");
        assert_eq!(wanted.bases().len(), 1);
    }
}
