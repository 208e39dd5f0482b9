//! axe-core, which looks for what keeps people with disabilities out. A tool of the tests alone; it is fetched and never shipped.

use std::path::Path;

use serde_json::Value;

use super::browser::{Browser, missing};

/// What is looked for: WCAG 2.2 AA, and what axe calls good practice.
const RUN: &str = "axe.run({ resultTypes: ['violations'] }).then((found) => done(found.violations.map(\
    ({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')}`)))";

/// Its script. `None` where nobody has fetched it.
pub(super) fn script() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/axe-core/package/axe.min.js");
    let script = std::fs::read_to_string(path).ok();
    if script.is_none() {
        missing("axe-core");
    }
    script
}

/// What it finds wrong with the page that is open.
pub(super) async fn violations(browser: &Browser, script: &str) -> Vec<String> {
    browser.js(script).await;
    let found = browser.later(RUN).await;
    found.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
