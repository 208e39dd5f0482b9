use serde_json::Value;

use super::{Run, maskarad, mini};

/// Prompts and Hugging Face's greedy continuations in f32 with a repetition penalty of 1.2, from the checkpoint's golden file.
const GOLDEN: [(&str, &[u32], &[u32]); 3] = [
    (
        "@@ПЕРВЫЙ@@ Доктор, что со мной? @@ВТОРОЙ@@",
        &[8190, 1101, 16, 333, 759, 1112, 35, 225, 8191],
        &[494, 16, 612, 325, 310, 822, 971, 16, 333, 358, 421, 2560, 18, 2],
    ),
    (
        "@@ПЕРВЫЙ@@ Ты кто такой? @@ВТОРОЙ@@",
        &[8190, 515, 657, 852, 35, 225, 8191],
        &[409, 382, 325, 382, 280, 1128, 2806, 18, 2],
    ),
    (
        "@@ПЕРВЫЙ@@ Привет, как дела? @@ВТОРОЙ@@",
        &[8190, 2028, 16, 376, 1361, 35, 225, 8191],
        &[494, 528, 18, 225, 8190],
    ),
];

fn generate(arguments: &[&str]) -> Run {
    let model = mini();
    let mut all = vec!["generate", "--model", &model];
    all.extend(arguments);
    maskarad(&all, &[], "")
}

fn json(arguments: &[&str]) -> Value {
    let run = generate(&[&["--json", "--greedy", "--repetition-penalty", "1.2"], arguments].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), 1);
    serde_json::from_str(&run.stdout).unwrap()
}

fn ids(output: &Value) -> Vec<u32> {
    serde_json::from_value(output["ids"].clone()).unwrap()
}

fn list(ids: &[u32]) -> String {
    ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

#[test]
fn greedy_is_hugging_faces_from_text_and_from_ids() {
    for (text, prompt, expected) in GOLDEN {
        let length = expected.len().to_string();
        let of_text = json(&["--max-new-tokens", &length, text]);
        assert_eq!(ids(&of_text), expected, "{text}");
        let of_ids = json(&["--max-new-tokens", &length, "--ids", &list(prompt)]);
        assert_eq!(ids(&of_ids), expected, "{text}");
        assert_eq!(of_text["text"], of_ids["text"]);
    }
}

#[test]
fn the_json_has_its_keys_and_no_others() {
    let (text, ..) = GOLDEN[0];
    let keys = |output: &Value| output.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let output = json(&[text]);
    assert_eq!(keys(&output), ["ids", "stop_reason", "text", "timings"]);
    assert_eq!(
        (&output["stop_reason"], &output["text"]),
        (&"eos".into(), &" Да, но я не могу сказать, что вы мне сказали.".into())
    );
    let output = json(&["--logits", "--ignore-eos", "--max-new-tokens", "20", text]);
    assert_eq!(keys(&output), ["ids", "logits", "stop_reason", "text", "timings"]);
    assert_eq!(output["logits"].as_array().unwrap().len(), 8192);
    assert_eq!((ids(&output).len(), &output["stop_reason"]), (20, &"length".into()));
    assert_eq!(json(&["--stop", "могу", text])["stop_reason"], "stop_string");
}

#[test]
fn without_json_the_text_is_printed() {
    let (text, ..) = GOLDEN[0];
    let run = generate(&["--greedy", "--repetition-penalty", "1.2", text]);
    assert_eq!(run.stdout, " Да, но я не могу сказать, что вы мне сказали.\n");
    assert_eq!(run.stderr, "");
}

#[test]
fn a_text_may_come_from_standard_input() {
    let (text, _, expected) = GOLDEN[0];
    let arguments = ["generate", "--model", &mini(), "--json", "--greedy", "--repetition-penalty", "1.2"];
    let run = maskarad(&arguments, &[], &format!("{text}\n"));
    assert_eq!(ids(&serde_json::from_str(&run.stdout).unwrap()), expected);
}

#[test]
fn a_seed_repeats_itself() {
    let with = |seed: &str| generate(&["--seed", seed, "--max-new-tokens", "16", "Привет"]).stdout;
    assert_eq!(with("7"), with("7"));
    assert_ne!(with("7"), with("8"));
}

#[test]
fn int8_loads_and_speaks() {
    let run = generate(&["--precision", "int8", "--max-new-tokens", "8", "--greedy", "Привет"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!run.stdout.trim().is_empty());
}

#[test]
fn without_a_tokenizer_there_are_ids_only() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(format!("{}/{file}", mini()), folder.path().join(file)).unwrap();
    }
    let model = folder.path().to_str().unwrap();
    let base = ["generate", "--model", model, "--greedy", "--max-new-tokens", "3"];
    let run = maskarad(&[&base[..], &["--json", "--ids", "5,17,23"]].concat(), &[], "");
    let output: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((ids(&output).len(), &output["text"]), (3, &Value::Null));
    let run = maskarad(&[&base[..], &["--ids", "5,17,23"]].concat(), &[], "");
    assert_eq!(run.stdout.trim(), list(&ids(&output)));
    let run = maskarad(&[&base[..], &["Привет"]].concat(), &[], "");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("has no tokenizer; give --ids"), "{}", run.stderr);
}

#[test]
fn what_cant_be_done_is_refused_in_one_sentence() {
    let long = list(&vec![5; 485]);
    let cases: [(&[&str], &str); 7] = [
        (
            &["--ids", &long, "--max-new-tokens", "28"],
            "the prompt has 485 tokens, but of the model's 512 positions only 484",
        ),
        (&["--ids", "9000"], "9000 in the prompt is out of range"),
        (&["--max-new-tokens", "0", "а"], "max_new_tokens"),
        (&["--max-new-tokens", "129", "а"], "max_new_tokens"),
        (&["--temperature", "0", "а"], "temperature"),
        (&["--top-p", "1.5", "а"], "top_p"),
        (&[""], "no tokens"),
    ];
    for (arguments, expected) in cases {
        let run = generate(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(run.stderr.starts_with("maskarad: ") && run.stderr.contains(expected), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    let run = maskarad(&["generate", "--model", "/nowhere", "а"], &[], "");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("/nowhere"), "{}", run.stderr);
}
