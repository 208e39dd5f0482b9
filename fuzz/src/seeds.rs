//! What fuzzing starts from: the committed corpus, the project's own files of each kind, and real updates where
//! `../shared` is there (they are copied for a run and never shipped).

use std::io;
use std::path::{Path, PathBuf};

use maskarad_engine::synthetic::{Shape, write_adapter, write_checkpoint};
use maskarad_testbed::export::{self, ExportSpec};

use crate::targets::Target;

/// The shape of [`crate::targets`]' small checkpoint.
const SMALL: Shape = Shape { n_positions: 8, vocab_size: 8, n_embd: 4, n_layer: 1, n_head: 2 };

/// The folder of the project.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The seeds of a target, in an order that doesn't change.
///
/// # Errors
/// A file of the project that can't be read.
pub fn of(target: Target) -> io::Result<Vec<Vec<u8>>> {
    let mut seeds = files(&corpus(target), "")?;
    seeds.extend(more(target)?);
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    Ok(seeds)
}

/// The folder of a target's committed inputs: our own samples, and every input that once broke a promise.
pub fn corpus(target: Target) -> PathBuf {
    repository().join("fuzz/corpus").join(target.name)
}

/// Real updates, where they are.
///
/// # Errors
/// A file that can't be read.
pub fn shared(target: Target) -> io::Result<Vec<Vec<u8>>> {
    let folder = repository().join("../shared/telegram/updates");
    if target.name == "update" && folder.is_dir() { files(&folder, "json") } else { Ok(Vec::new()) }
}

/// Files of the project that are such input.
fn more(target: Target) -> io::Result<Vec<Vec<u8>>> {
    let (data, personas) = (repository().join("engine/tests/data"), repository().join("personas"));
    let checkpoints = ["pickle_relu", "tied_odd_width", "untied_f16_gelu"];
    match target.name {
        "manifest" => files(&personas, "yaml"),
        "settings" => Ok(vec![std::fs::read(repository().join("maskarad.example.yaml"))?]),
        "config_json" => checkpoints.iter().map(|name| std::fs::read(data.join(name).join("config.json"))).collect(),
        "safetensors" => safetensors(),
        "adapter_config" => Ok(vec![adapter("adapter_config.json")?]),
        "adapter_weights" => adapter("adapter_model.safetensors").map(|file| whole_and_header(&file)),
        "torch" => pickles(&data.join("pickle_relu/pytorch_model.bin")),
        "board" => files(&repository().join("trainer/tests/data/board"), "json"),
        "telegram_json" => exports_as_json(),
        "telegram_html" => exports_as_html(),
        _ => Ok(Vec::new()),
    }
}

/// Small exports of Telegram Desktop: of a chat, and of an account.
fn exports_as_json() -> io::Result<Vec<Vec<u8>>> {
    let (mut chat, mut account) = (Vec::new(), Vec::new());
    export::write_chat(ExportSpec::new(1, 12), &mut chat)?;
    export::write_account(&[2, 3].map(|seed| ExportSpec::new(seed, 3)), &mut account)?;
    Ok(vec![chat, account])
}

fn exports_as_html() -> io::Result<Vec<Vec<u8>>> {
    let folder = tempfile::tempdir()?;
    export::write_pages(ExportSpec::new(1, 10), 10, folder.path())?;
    files(folder.path(), "html")
}

/// A sound file, whole and as its header.
fn safetensors() -> io::Result<Vec<Vec<u8>>> {
    let folder = tempfile::tempdir()?;
    write_checkpoint(folder.path(), SMALL, 1)?;
    Ok(whole_and_header(&std::fs::read(folder.path().join("model.safetensors"))?))
}

/// A file of a sound adapter.
fn adapter(name: &str) -> io::Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    write_adapter(folder.path(), SMALL, 2, 1)?;
    std::fs::read(folder.path().join(name))
}

fn whole_and_header(file: &[u8]) -> Vec<Vec<u8>> {
    let length = file.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    let header = usize::try_from(length).ok().and_then(|length| file.get(8..8 + length)).unwrap_or_default();
    vec![with_form(b'r', file), with_form(b'h', header), with_form(b'8', header)]
}

/// A pickle as PyTorch wrote it, and archives around it.
fn pickles(path: &Path) -> io::Result<Vec<Vec<u8>>> {
    use std::io::Read;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path)?)?;
    let name = archive
        .file_names()
        .find_map(|name| name.ok().filter(|name| name.ends_with("data.pkl")).map(|name| name.to_string()));
    let mut pickle = Vec::new();
    archive.by_name(&name.unwrap_or_default())?.read_to_end(&mut pickle)?;
    let whole = crate::targets::archive(&pickle);
    Ok(vec![with_form(b'p', &pickle), with_form(b'8', &pickle), with_form(b'r', &whole)])
}

fn with_form(form: u8, rest: &[u8]) -> Vec<u8> {
    [&[form], rest].concat()
}

/// The files of a folder with this ending, by name.
fn files(folder: &Path, ending: &str) -> io::Result<Vec<Vec<u8>>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.is_file() && (ending.is_empty() || path.extension().is_some_and(|found| found == ending)));
    paths.sort();
    paths.iter().map(std::fs::read).collect()
}
