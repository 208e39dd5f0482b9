//! A checkpoint of ruGPT3Small's size with random weights, whose replies can be read and are always of full length.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::Context;
use maskarad_engine::Tokenizer;
use maskarad_engine::synthetic::{Shape, write_checkpoint};
use serde_json::Value;

use crate::host::demo_checkpoint;

const SHAPE: Shape = Shape::RUGPT3_SMALL;
const EMBEDDING: &str = "transformer.wte.weight";
/// The rows of what must not be said become so small that their logits are never among the likeliest.
const HUSHED: f32 = 0.01;

/// Writes it, with the demo checkpoint's tokenizer. The end-of-text token, the template's markers and whatever the tokenizer
/// has no text for are never said.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    write_checkpoint(folder, SHAPE, 1)?;
    for file in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] {
        std::fs::copy(demo_checkpoint().join(file), folder.join(file))?;
    }
    let tokenizer = Tokenizer::from_folder(folder)?.context("the demo checkpoint has a tokenizer")?;
    let special: Vec<usize> = tokenizer.added_tokens().into_iter().map(|(_, id)| id as usize).collect();
    let unsaid = (0..SHAPE.vocab_size).filter(|id| special.contains(id) || *id >= tokenizer.rows());
    hush(&folder.join("model.safetensors"), unsaid)
}

/// Makes these rows of the token table small, in the file.
fn hush(path: &Path, rows: impl Iterator<Item = usize>) -> anyhow::Result<()> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let begin = embedding(&mut file)?;
    let mut row = vec![0; SHAPE.n_embd * size_of::<f32>()];
    for id in rows {
        let place = SeekFrom::Start(begin + (id * row.len()) as u64);
        file.seek(place)?;
        file.read_exact(&mut row)?;
        for bytes in row.as_chunks_mut::<4>().0 {
            *bytes = (f32::from_le_bytes(*bytes) * HUSHED).to_le_bytes();
        }
        file.seek(place)?;
        file.write_all(&row)?;
    }
    Ok(())
}

/// Where the token table begins in a safetensors file: its header tells, behind the header's own length.
fn embedding(file: &mut File) -> anyhow::Result<u64> {
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut header = vec![0; usize::try_from(length)?];
    file.read_exact(&mut header)?;
    let header: Value = serde_json::from_slice(&header)?;
    let offset = header[EMBEDDING]["data_offsets"][0].as_u64().context("the checkpoint has a token table")?;
    Ok(8 + length + offset)
}
