use super::maskarad;

#[test]
fn editors_and_people_are_told_what_files_may_hold() {
    for kind in ["persona", "workshop"] {
        let json = maskarad(&["schema", kind], &[], "");
        assert_eq!((json.code, json.stderr.as_str()), (Some(0), ""));
        let schema: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        let reference = maskarad(&["schema", kind, "--format", "markdown"], &[], "");
        assert!(
            schema["properties"]
                .as_object()
                .unwrap()
                .keys()
                .all(|key| reference.stdout.contains(&format!("## `{key}`")))
        );
    }
    assert_eq!(maskarad(&["schema", "settings"], &[], "").code, Some(2));
}

#[test]
fn manual_and_completions_know_the_command() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(maskarad(&["manual", folder.path().to_str().unwrap()], &[], "").code, Some(0));
    let page = std::fs::read_to_string(folder.path().join("maskarad-schema.1")).unwrap();
    assert!(page.contains("markdown"), "{page}");
    assert!(maskarad(&["completions", "bash"], &[], "").stdout.contains("maskarad__subcmd__schema"));
}
