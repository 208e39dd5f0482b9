//! `config.json` of a checkpoint: any bytes are read or refused, and no shape that was accepted overflows.

use std::path::Path;

use maskarad_engine::ModelConfig;

use super::Target;

pub(super) const TARGET: Target = Target {
    name: "config_json",
    run,
    words: &[
        "\"model_type\":\"gpt2\"",
        "\"n_embd\":",
        "\"n_head\":",
        "\"n_layer\":",
        "\"n_inner\":",
        "\"n_positions\":",
        "\"vocab_size\":",
        "\"hidden_size\":",
        "\"num_attention_heads\":",
        "\"eos_token_id\":[",
        "\"bos_token_id\":",
        "\"activation_function\":\"gelu_new\"",
        "\"layer_norm_epsilon\":",
        "\"scale_attn_by_inverse_layer_idx\":true",
        "\"tie_word_embeddings\":false",
        "\"pruned_heads\":{",
        "16777216",
        "1e-5",
        "-1",
        "null",
        "4294967296",
        "\\u0000",
    ],
};

fn run(data: &[u8]) {
    match ModelConfig::parse(Path::new("config.json"), data) {
        Ok(config) => {
            assert_eq!(config.head_dim() * config.n_head, config.n_embd);
            assert!(config.layer_norm_epsilon.is_finite());
            for layer in [0, config.n_layer - 1] {
                let scale = config.attention_scale(layer);
                assert!(scale.is_finite() && scale > 0.0);
            }
            let past = [config.n_layer, config.n_embd, config.n_positions, 4 * size_of::<f32>()];
            past.into_iter().try_fold(1usize, usize::checked_mul).expect("sizes are bounded");
            for shape in [[config.vocab_size, config.n_embd], [config.n_embd, config.n_inner], [config.n_embd, 3]] {
                let values = shape[0].checked_mul(shape[1]).and_then(|values| values.checked_mul(size_of::<f32>()));
                assert!(values.is_some());
            }
        }
        Err(error) => assert!(error.to_string().starts_with("config.json: ")),
    }
}
