use super::{manifests, maskarad};

const TOKEN: &str = "123456789:AAExampleExampleExampleExample_-abc";

#[test]
fn broken_manifests_and_broken_checkpoints_are_told_together() {
    let folder = manifests(&[
        ("a.yaml", "name: a\ncolour: red\nmodel: { path: MINI }\ntemplate: rudialogpt"),
        ("b.yaml", "name: b\ntoken: { env: TOKEN }\nmodel: { path: nowhere }\ntemplate: rudialogpt"),
    ]);
    let run = maskarad(&["serve", "--personas", folder.path().to_str().unwrap()], &[("TOKEN", TOKEN)], "");
    assert_eq!(run.code, Some(1));
    for told in ["a.yaml:2:1: ", "b.yaml: model.path: there is no folder"] {
        assert!(run.stderr.contains(told), "{told}\n{}", run.stderr);
    }
}

#[test]
fn memory_too_small_for_any_prompt_is_told_before_anybody_writes() {
    let start = "начало ".repeat(60);
    let manifest = format!(
        "name: a\ntoken: {{ env: TOKEN }}\nmodel: {{ path: MINI }}\ntemplate: {{ custom: {{ start: '{start}' }} }}"
    );
    let folder = manifests(&[("a.yaml", &manifest)]);
    let run = |command: &str, memory: &str| {
        let variables = [("TOKEN", TOKEN), ("MASKARAD_ENGINE_KV_MEMORY", memory), ("MASKARAD_LOG", "warn")];
        maskarad(&[command, "--personas", folder.path().to_str().unwrap()], &variables, "")
    };
    for command in ["check", "serve"] {
        let run = run(command, "1MiB");
        assert_eq!(run.code, Some(1));
        let told = "a.yaml: engine.kv_memory: is too small for this model and template, which need 2 MiB";
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    assert_eq!(run("check", "2MiB").code, Some(0), "{}", run("check", "2MiB").stderr);
}
