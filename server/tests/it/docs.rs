//! What the documentation says of the program is so: messages that it quotes are said, and its links lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The pages, from the project's folder.
fn pages() -> Vec<String> {
    let mut pages = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "personas/README.md"].map(str::to_owned).to_vec();
    for entry in fs::read_dir(project().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    pages
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(project().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every source file of the program without its tests, with literals that go over several lines made whole.
fn sources() -> Vec<String> {
    let continued = Regex::new(r"\\\n\s*").unwrap();
    let mut sources = Vec::new();
    let mut folders = ["server", "engine", "dialog"].map(|name| project().join(name).join("src")).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(path).unwrap();
                // What only tests and comments say isn't said.
                let program = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                let lines = program.lines().filter(|line| !line.trim_start().starts_with("//"));
                let program = lines.collect::<Vec<_>>().join("\n");
                sources.push(continued.replace_all(&program, "").into_owned());
            }
        }
    }
    sources
}

/// Whether one source holds all pieces of a quotation, between which stand names and numbers.
fn is_said(quotation: &str, sources: &[String]) -> bool {
    let quotation = quotation.replace('"', "\\\"");
    let pieces: Vec<&str> = quotation.split('…').map(str::trim).filter(|piece| !piece.is_empty()).collect();
    !pieces.is_empty() && sources.iter().any(|source| pieces.iter().all(|piece| source.contains(piece)))
}

#[test]
fn every_message_that_troubleshooting_quotes_is_said() {
    let (page, sources) = (page("docs/TROUBLESHOOTING.md"), sources());
    let quotations = Regex::new("«([^»]+)»").unwrap();
    let quotations: Vec<&str> = quotations.captures_iter(&page).map(|found| found.extract::<1>().1[0]).collect();
    assert!(quotations.len() > 40, "{}", quotations.len());
    let unsaid: Vec<_> = quotations.into_iter().filter(|words| *words != "…" && !is_said(words, &sources)).collect();
    assert!(unsaid.is_empty(), "the program says none of {unsaid:#?}");
    assert!(!is_said("the token was refused … by the moon", &sources), "the search finds what isn't there");
}

#[test]
fn every_link_leads_somewhere() {
    let links = Regex::new(r#"\]\(([^)\s]+)\)|src="([^"]+)""#).unwrap();
    let mut broken = Vec::new();
    for name in &pages() {
        let folder = project().join(name).parent().unwrap().to_owned();
        for link in links.captures_iter(&page(name)).filter_map(|found| found.get(1).or(found.get(2))) {
            let link = link.as_str();
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { project().join(name) } else { folder.join(path) };
            let leads = target.exists() && (anchor.is_empty() || anchors(&target).iter().any(|there| there == anchor));
            if !leads {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let slug = |heading: &str| {
        let kept = heading.to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .collect::<String>()
            .replace(' ', "-")
    };
    headings.map(slug).collect()
}
