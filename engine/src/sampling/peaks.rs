//! Where the great logits are: one pass over the vocabulary notes the greatest of each small group, and whoever wants
//! the greatest of all, or those above a floor, then looks into few groups. Knows no probabilities.

/// Neighbours that one step of the pass takes, each in a group of its own, so that it needs no comparison across lanes.
const LANES: usize = 16;
/// Logits of a group, [`LANES`] apart.
const MEMBERS: usize = 32;
/// Part of the groups from which on it is quicker to look at all logits in their order than to sort what is found.
const FEW: usize = 8;
const BLOCK: usize = LANES * MEMBERS;

/// A token with its logit or, later, its share.
pub(super) type Candidate = (u32, f32);

/// The greatest logit of each group.
#[derive(Default)]
pub(super) struct Peaks {
    greatest: Vec<f32>,
    /// For selections, which spoil what they select from.
    spare: Vec<f32>,
}

impl Peaks {
    /// Looks at all logits. `false` if one of them is not finite.
    pub(super) fn scan(&mut self, logits: &[f32]) -> bool {
        self.greatest.clear();
        let mut flaws = [0; LANES];
        for block in logits.chunks(BLOCK) {
            let mut tops = [f32::NEG_INFINITY; LANES];
            let (rows, rest) = block.as_chunks::<LANES>();
            for row in rows {
                for lane in 0..LANES {
                    tops[lane] = greater(row[lane], tops[lane]);
                    flaws[lane] |= flaw(row[lane]);
                }
            }
            for (lane, logit) in rest.iter().enumerate() {
                tops[lane] = greater(*logit, tops[lane]);
                flaws[lane] |= flaw(*logit);
            }
            self.greatest.extend_from_slice(&tops);
        }
        flaws == [0; LANES]
    }

    /// Replaces one of the logits that were scanned.
    pub(super) fn replace(&mut self, logits: &mut [f32], id: u32, logit: f32) {
        let id = id as usize;
        let group = id / BLOCK * LANES + id % LANES;
        let old = std::mem::replace(&mut logits[id], logit);
        if logit >= self.greatest[group] {
            self.greatest[group] = logit;
        } else if old == self.greatest[group] {
            self.greatest[group] =
                members(logits, group).fold(f32::NEG_INFINITY, |top, (_, logit)| greater(logit, top));
        }
    }

    /// The greatest logit; −∞ if there is none.
    pub(super) fn top(&self) -> f32 {
        self.greatest.iter().fold(f32::NEG_INFINITY, |top, logit| greater(*logit, top))
    }

    /// The lowest id among those with the greatest logit; 0 if there is none above −∞.
    pub(super) fn likeliest(&self, logits: &[f32]) -> u32 {
        let top = self.top();
        if top == f32::NEG_INFINITY {
            return 0;
        }
        let groups = (0..self.greatest.len()).filter(|group| self.greatest[*group] == top);
        let ids = groups.flat_map(|group| members(logits, group)).filter(|(_, logit)| *logit == top);
        ids.map(|(id, _)| id).min().unwrap_or(0)
    }

    /// What at least `count` logits, and often not many more, are not below; −∞ if there may be fewer.
    pub(super) fn floor(&mut self, count: usize) -> f32 {
        if count == 0 || count > self.greatest.len() {
            return f32::NEG_INFINITY;
        }
        self.spare.clone_from(&self.greatest);
        *self.spare.select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a)).1
    }

    /// The logits that are not below `floor`, without those of −∞, by id.
    pub(super) fn gather(&self, logits: &[f32], floor: f32, found: &mut Vec<Candidate>) {
        found.clear();
        let is_high = |group: &usize| self.greatest[*group] >= floor;
        let groups = (0..self.greatest.len()).filter(is_high);
        if groups.clone().count() > self.greatest.len() / FEW {
            return gather_many(logits, floor, found);
        }
        found.extend(groups.flat_map(|group| members(logits, group)).filter(|(_, logit)| *logit >= floor));
        found.sort_unstable_by_key(|(id, _)| *id);
    }

    /// The `count` greatest logits and all that equal the least of them, without those of −∞, by id.
    pub(super) fn greatest(&mut self, logits: &[f32], count: usize, found: &mut Vec<Candidate>) {
        let floor = self.floor(count);
        self.gather(logits, floor, found);
        if count == 0 || count >= found.len() {
            return;
        }
        self.spare.clear();
        self.spare.extend(found.iter().map(|(_, logit)| *logit));
        let least = *self.spare.select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a)).1;
        found.retain(|(_, logit)| *logit >= least);
    }
}

/// As [`Peaks::gather`]. Writes all and keeps those that count: without a branch, as none could be foretold.
fn gather_many(logits: &[f32], floor: f32, found: &mut Vec<Candidate>) {
    found.resize(logits.len(), (0, 0.0));
    let mut kept = 0;
    for (id, logit) in logits.iter().enumerate() {
        found[kept] = (id as u32, *logit);
        kept += usize::from(*logit >= floor && *logit > f32::NEG_INFINITY);
    }
    found.truncate(kept);
}

/// The logits of a group with their ids.
fn members(logits: &[f32], group: usize) -> impl Iterator<Item = Candidate> {
    let begin = group / LANES * BLOCK;
    let end = logits.len().min(begin + BLOCK);
    (begin + group % LANES..end).step_by(LANES).map(|id| (id as u32, logits[id]))
}

/// The instruction for a maximum, which `f32::max` is not, as it minds NaN.
fn greater(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Zero for finite numbers only.
fn flaw(logit: f32) -> u32 {
    (logit * 0.0).abs().to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Few values, so that many are equal.
    fn some_logits() -> impl Strategy<Value = Vec<f32>> {
        let logit = prop_oneof![(-30i32..30).prop_map(|value| value as f32 / 4.0), Just(-0.0), -9.0f32..9.0];
        proptest::collection::vec(logit, 0..1500)
    }

    proptest! {
        #[test]
        fn peaks_find_what_sorting_finds(
            mut logits in some_logits(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), -20.0f32..20.0, any::<bool>()), 0..40),
            count in 1usize..200,
        ) {
            let mut peaks = Peaks::default();
            prop_assert!(peaks.scan(&logits));
            for (index, logit, is_banned) in changes.iter().filter(|_| !logits.is_empty()).cloned().collect::<Vec<_>>() {
                let id = index.index(logits.len()) as u32;
                peaks.replace(&mut logits, id, if is_banned { f32::NEG_INFINITY } else { logit });
            }
            let mut sorted: Vec<Candidate> = (0..).zip(logits.iter().copied()).collect();
            sorted.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap().then(a.0.cmp(&b.0)));
            let top = sorted.first().map_or(f32::NEG_INFINITY, |first| first.1);
            prop_assert_eq!(peaks.top(), top);
            prop_assert_eq!(peaks.likeliest(&logits), sorted.first().map_or(0, |first| first.0));
            let least = sorted.get(count - 1).map_or(f32::NEG_INFINITY, |last| last.1);
            let mut expected: Vec<Candidate> =
                sorted.into_iter().filter(|(_, logit)| *logit >= least && *logit > f32::NEG_INFINITY).collect();
            expected.sort_by_key(|(id, _)| *id);
            let mut found = vec![(7, 7.0)];
            peaks.greatest(&logits, count, &mut found);
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_flaw_is_overlooked(length in 1usize..1500, at in any::<prop::sample::Index>(), kind in 0usize..3) {
            let mut logits = vec![1.0; length];
            let at = at.index(length);
            logits[at] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][kind];
            prop_assert!(!Peaks::default().scan(&logits));
            logits[at] = f32::MAX;
            prop_assert!(Peaks::default().scan(&logits));
        }
    }
}
