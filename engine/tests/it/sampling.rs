//! The sampler finds in few looks what the plain one finds by sorting the vocabulary.

use maskarad_engine::GenerationConfig;
use maskarad_engine::sampling::{Sampler, probabilities};
use proptest::prelude::*;

use crate::plain_sampling::{PlainSampler, penalise, shares};

/// Logits with equals among them, and a history of their ids.
fn a_case() -> impl Strategy<Value = (Vec<f32>, Vec<u32>)> {
    let logit = prop_oneof![3 => -12.0f32..4.0, 1 => (-20i32..8).prop_map(|value| value as f32 / 2.0), 1 => Just(-0.0)];
    proptest::collection::vec(logit, 1..2500).prop_flat_map(|logits| {
        // A short range of ids lets n-grams repeat.
        let ids = 0..(logits.len() as u32).min(12);
        let anywhere = 0..logits.len() as u32;
        (Just(logits), proptest::collection::vec(prop_oneof![ids, anywhere], 0..60))
    })
}

fn a_config() -> impl Strategy<Value = GenerationConfig> {
    let top_k = prop_oneof![Just(0usize), 1usize..80, 80usize..3000];
    let top_p = prop_oneof![Just(1.0f32), 0.0f32..1.0, 0.9f32..1.0];
    let penalty = prop_oneof![Just(1.0f32), 0.7f32..2.0];
    (any::<bool>(), top_k, top_p, 0.1f32..3.0, penalty, 0usize..5, any::<u64>()).prop_map(
        |(do_sample, top_k, top_p, temperature, repetition_penalty, no_repeat_ngram_size, seed)| GenerationConfig {
            do_sample,
            top_k,
            top_p,
            temperature,
            repetition_penalty,
            no_repeat_ngram_size,
            seed,
            ..GenerationConfig::default()
        },
    )
}

/// Whether top-p's cut falls so near the end of a token's share that the rounding of the total decides on it.
fn is_on_the_edge(logits: &[f32], config: &GenerationConfig) -> bool {
    let at = |top_p: f32| shares(logits, &GenerationConfig { top_p, ..config.clone() }).len();
    config.top_p < 1.0 && at(config.top_p * (1.0 - 1e-5)) != at((config.top_p * (1.0 + 1e-5)).min(1.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn probabilities_equal_the_plain_ones((logits, history) in a_case(), config in a_config()) {
        let mut penalised = logits.clone();
        penalise(&mut penalised, &history, &config);
        prop_assume!(!is_on_the_edge(&penalised, &config));
        prop_assert_eq!(probabilities(logits, &history, &config).unwrap(), shares(&penalised, &config));
    }

    #[test]
    fn choices_equal_the_plain_ones((logits, history) in a_case(), config in a_config()) {
        let (mut sampler, mut plain) = (Sampler::new(&config), PlainSampler::new(&config));
        for length in [0, history.len() / 2, history.len()] {
            let mut penalised = logits.clone();
            penalise(&mut penalised, &history[..length], &config);
            let chosen = sampler.choose(&mut logits.clone(), &history[..length]).unwrap();
            let expected = plain.choose(logits.clone(), &history[..length]);
            prop_assert!(chosen == expected || is_on_the_edge(&penalised, &config), "{chosen} {expected}");
        }
    }
}
