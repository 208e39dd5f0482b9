use serde_json::json;

use super::*;

/// A configuration with some fields changed.
fn with(changes: &Value) -> Result<LoraConfig, String> {
    let mut fields = json!({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "bias": "none",
        "target_modules": ["c_attn", "attn.c_proj"], "fan_in_fan_out": true, "init_lora_weights": true,
    });
    for (field, value) in changes.as_object().unwrap() {
        fields[field] = value.clone();
    }
    let path = Path::new("a/adapter_config.json");
    let config = LoraConfig::parse(path, fields.to_string().as_bytes());
    let checked = config.and_then(|config| config.check_targets(path, 12).map(|()| config));
    checked.map_err(|error| error.to_string())
}

fn at(changes: &Value, layer: usize, site: Site) -> Option<Lora> {
    with(changes).unwrap().at(Path::new("a"), layer, site).unwrap()
}

#[test]
fn targets_are_endings_of_names() {
    let plain = json!({});
    assert_eq!(at(&plain, 3, Site::CAttn), Some(Lora { rank: 4, scale: 2.0 }));
    assert!(at(&plain, 3, Site::AttnCProj).is_some());
    assert_eq!((at(&plain, 3, Site::CFc), at(&plain, 3, Site::MlpCProj)), (None, None));
    let both = json!({ "target_modules": ["c_proj"] });
    assert!(at(&both, 0, Site::AttnCProj).is_some() && at(&both, 0, Site::MlpCProj).is_some());
    let one = json!({ "target_modules": ["h.1.mlp.c_fc"] });
    assert!(at(&one, 1, Site::CFc).is_some() && at(&one, 11, Site::CFc).is_none());
    let all = json!({ "target_modules": "all-linear" });
    assert!(Site::ALL.iter().all(|site| at(&all, 0, *site).is_some()));
}

#[test]
fn ranks_scales_and_layers_are_chosen_by_name() {
    let rooted = json!({ "use_rslora": true });
    assert_eq!(at(&rooted, 0, Site::CAttn), Some(Lora { rank: 4, scale: 4.0 }));
    let patterns = json!({ "rank_pattern": { "c_attn": 16 }, "alpha_pattern": { "h.1.attn.c_attn": 64.0 } });
    assert_eq!(at(&patterns, 0, Site::CAttn), Some(Lora { rank: 16, scale: 0.5 }));
    assert_eq!(at(&patterns, 1, Site::CAttn), Some(Lora { rank: 16, scale: 4.0 }));
    assert_eq!(at(&patterns, 1, Site::AttnCProj), Some(Lora { rank: 4, scale: 2.0 }));
    let some = json!({ "layers_to_transform": [1, 3], "layers_pattern": "h" });
    assert!(at(&some, 1, Site::CAttn).is_some() && at(&some, 2, Site::CAttn).is_none());
    assert!(at(&json!({ "layers_to_transform": 2 }), 2, Site::CAttn).is_some());
    let twice = with(&json!({ "rank_pattern": { "c_attn": 2, "attn.c_attn": 3 } })).unwrap();
    assert!(twice.at(Path::new("a"), 0, Site::CAttn).unwrap_err().to_string().contains("two values"));
}

#[test]
fn what_is_not_honoured_is_refused_by_its_name() {
    let cases = [
        ("peft_type", json!("ADALORA")),
        ("peft_type", json!(null)),
        ("task_type", json!("SEQ_CLS")),
        ("bias", json!("all")),
        ("use_dora", json!(true)),
        ("lora_bias", json!(true)),
        ("modules_to_save", json!(["wte"])),
        ("layer_replication", json!([[0, 2]])),
        ("trainable_token_indices", json!([5])),
        ("something_new", json!(1)),
        ("init_lora_weights", json!("pissa_niter_16")),
        ("exclude_modules", json!(["c_attn"])),
        ("r", json!(0)),
        ("r", json!(u64::MAX)),
        ("r", json!("4")),
        ("lora_alpha", json!("8")),
        ("use_rslora", json!(1)),
        ("target_modules", json!([])),
        ("target_modules", json!(null)),
        ("target_modules", json!(["c_attn", "lm_head"])),
        ("target_modules", json!(["wte"])),
        ("target_modules", json!([1])),
        ("target_modules", json!(".*c_attn")),
        ("layers_to_transform", json!([12])),
        ("layers_to_transform", json!(-1)),
        ("layers_pattern", json!("layers")),
        ("rank_pattern", json!({ "c_a.*": 3 })),
        ("rank_pattern", json!({ "c_attn": 0 })),
        ("alpha_pattern", json!([])),
    ];
    for (field, value) in cases {
        let refused = with(&json!({ field: value })).unwrap_err();
        assert!(refused.starts_with(&format!("a/adapter_config.json: {field}: ")), "{refused}");
    }
    for text in ["", "[]", "{\"peft_type\":"] {
        assert!(LoraConfig::parse(Path::new("a"), text.as_bytes()).is_err());
    }
}

#[test]
fn what_only_training_needed_is_not_minded() {
    let changes = json!({
        "loftq_config": {}, "use_dora": false, "megatron_core": "megatron.core", "lora_dropout": 0.1, "revision": "main",
        "init_lora_weights": "gaussian", "eva_config": { "rho": 2.0 }, "fan_in_fan_out": false, "task_type": null,
    });
    assert!(with(&changes).is_ok());
}
