//! `maskarad schema`: what manifests and workshop files may hold, for editors and for people. docs/ keeps a copy.

use std::io::Write;

use clap::{Args, ValueEnum};

use crate::config::manifest;
use crate::config::workshop;

/// What `schema` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The kind of file.
    file: File,
    /// As what it is told.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    /// A persona's manifest.
    Persona,
    /// A workshop file: how a persona is made.
    Workshop,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// JSON Schema, for editors.
    #[default]
    Json,
    /// A reference for people.
    Markdown,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let text = text(arguments.file, arguments.format);
    Ok(super::output::Output::open().write_all(text.as_bytes())?)
}

fn text(file: File, format: Format) -> String {
    let (schema, head) = match file {
        File::Persona => (manifest::schema(), include_str!("schema/persona.md")),
        File::Workshop => (workshop::schema(), include_str!("schema/workshop.md")),
    };
    match format {
        Format::Json => format!("{:#}\n", schema.json()),
        Format::Markdown => format!("{head}\n{}", schema.reference()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{File, Format, text};

    #[test]
    fn the_copies_in_docs_are_what_the_code_says() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        for (name, format) in [("persona.schema.json", Format::Json), ("MANIFESTS.md", Format::Markdown)] {
            let committed = std::fs::read_to_string(docs.join(name)).unwrap_or_default();
            assert!(
                committed == text(File::Persona, format),
                "docs/{name} is out of date; make it anew with: make docs"
            );
        }
    }

    #[test]
    fn every_kind_has_both() {
        for file in [File::Persona, File::Workshop] {
            assert!(text(file, Format::Json).contains("https://json-schema.org/draft/2020-12/schema"));
            assert!(text(file, Format::Markdown).starts_with("# "));
        }
    }
}
