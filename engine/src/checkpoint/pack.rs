//! A checkpoint's tensors become packed weights, some rows at a time and on a few threads: the floats of a whole model
//! are never in memory at once.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::error::LoadError;
use super::parts::{HEAD, Role, TABLE, parts};
use super::source::Source;
use super::tensors::Tensors;
use crate::config::ModelConfig;
use crate::kernels::tiles::{self, GROUP, TILE};
use crate::key::Precision;
use crate::packed::{Kind, Layout, Packed, padded, tile_bytes};
use crate::region::Region;

/// Values of a matrix that are read at once.
const SLICE: usize = 1 << 18;

/// Each thread holds a slice in f32; more of them would gain little.
const MOST_THREADS: usize = 4;

/// Packs all tensors, and checks that none is left over. Before anything is reserved, all are known to be there.
pub(super) fn pack(config: &ModelConfig, mut tensors: Tensors, precision: Precision) -> Result<Packed, LoadError> {
    let (mut layout, mut end, mut sections) = (Layout::default(), 0, Vec::new());
    for part in parts(config) {
        let source = tensors.claim(&part.name, &part.shape)?;
        let kind = part.kind(precision);
        // Many tied checkpoints carry the table a second time. Were it another one, transformers would not tie either.
        let has_twin = part.name == TABLE && config.tie_word_embeddings && tensors.has(HEAD);
        let twin = has_twin.then(|| tensors.claim(HEAD, &part.shape)).transpose()?;
        let twin = twin.filter(|twin| !twin.is_same(&source));
        let range = layout.add(part.name, kind, end);
        end = range.end;
        sections.push(Section { source, twin, role: part.role, kind, range });
    }
    tensors.finish()?;
    let region = Region::owned(end, |memory| run(jobs(&sections, memory), |job| job.run(&tensors)))?;
    Ok(Packed::new(region, layout))
}

/// Whether packed weights have every section that this model needs.
pub(super) fn is_whole(packed: &Packed, config: &ModelConfig, precision: Precision) -> bool {
    parts(config).all(|part| packed.has(&part.name, part.kind(precision)))
}

/// A tensor and where it goes.
struct Section {
    source: Source,
    /// What must equal it.
    twin: Option<Source>,
    role: Role,
    kind: Kind,
    range: Range<usize>,
}

impl Section {
    /// Whether some rows can be read without all others.
    fn is_row_major(&self) -> bool {
        self.source.is_row_major() && self.twin.as_ref().is_none_or(Source::is_row_major)
    }
}

/// Some outputs of a matrix, or a whole tensor.
struct Job<'a> {
    section: &'a Section,
    outputs: Range<usize>,
    memory: &'a mut [u8],
}

/// The jobs that fill `memory`, in the order of the sections.
fn jobs<'a>(sections: &'a [Section], mut memory: &'a mut [u8]) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    let mut begin = 0;
    for section in sections {
        let (_, rest) = memory.split_at_mut(section.range.start - begin);
        let (own, rest) = rest.split_at_mut(section.range.len());
        (memory, begin) = (rest, section.range.end);
        match (section.kind, section.role) {
            (Kind::Matrix { precision, outputs, inputs }, Role::Table) if section.is_row_major() => {
                let tiles = (SLICE / inputs / TILE).max(1);
                for (index, memory) in own.chunks_mut(tiles * tile_bytes(precision, inputs)).enumerate() {
                    let first = index * tiles * TILE;
                    jobs.push(Job { section, outputs: first..outputs.min(first + tiles * TILE), memory });
                }
            }
            (Kind::Matrix { outputs, .. }, _) => jobs.push(Job { section, outputs: 0..outputs, memory: own }),
            (Kind::Vectors { rows, .. }, _) => jobs.push(Job { section, outputs: 0..rows, memory: own }),
        }
    }
    jobs
}

/// Does the jobs in their order on a few threads. Of several that fail, the first one's error is told.
fn run<'a>(jobs: Vec<Job<'a>>, job: impl Fn(Job<'a>) -> Result<(), LoadError> + Sync) -> Result<(), LoadError> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(jobs.len());
    let queue = Mutex::new(jobs.into_iter().enumerate());
    let failed = Mutex::new(None::<(usize, LoadError)>);
    let work = || {
        while let Some((index, next)) = take(&queue, &failed) {
            if let Err(error) = job(next) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                if failed.as_ref().is_none_or(|(first, _)| index < *first) {
                    *failed = Some((index, error));
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where the system refuses a thread, those that there are do its work.
            let _ = thread::Builder::new().name("pack".to_owned()).spawn_scoped(scope, work);
        }
        work();
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

/// The next job, if none has failed.
fn take<T>(queue: &Mutex<impl Iterator<Item = T>>, failed: &Mutex<Option<(usize, LoadError)>>) -> Option<T> {
    if failed.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
        return None;
    }
    queue.lock().unwrap_or_else(PoisonError::into_inner).next()
}

impl Job<'_> {
    /// Reads and packs.
    fn run(self, tensors: &Tensors) -> Result<(), LoadError> {
        let Section { source, twin, .. } = self.section;
        match (self.section.kind, self.section.role) {
            (Kind::Vectors { width, .. }, _) => pack_vectors(&source.all()?, width, self.memory),
            (Kind::Matrix { precision, inputs, .. }, Role::Table) => {
                let weights = source.rows(self.outputs.clone())?;
                if let Some(twin) = twin
                    && twin.rows(self.outputs)? != weights
                {
                    return Err(tensors.not_tied(HEAD));
                }
                pack_rows(&weights, inputs, precision, self.memory);
            }
            (Kind::Matrix { precision, outputs, inputs }, _) => {
                pack_columns(source, (inputs, outputs), precision, self.memory)?;
            }
        }
        Ok(())
    }
}

fn pack_vectors(values: &[f32], width: usize, memory: &mut [u8]) {
    let rows = memory.chunks_exact_mut(padded(width) * size_of::<f32>());
    for (row, values) in rows.zip(values.chunks_exact(width)) {
        for (bytes, value) in row.as_chunks_mut::<4>().0.iter_mut().zip(values) {
            *bytes = value.to_ne_bytes();
        }
    }
}

/// Packs `weights` (outputs, inputs).
fn pack_rows(weights: &[f32], inputs: usize, precision: Precision, memory: &mut [u8]) {
    let tiles = memory.chunks_exact_mut(tile_bytes(precision, inputs));
    for (tile, weights) in tiles.zip(weights.chunks(TILE * inputs)) {
        pack_tile(weights, 0..inputs, (inputs, precision), tile);
    }
}

/// Packs a matrix (inputs, outputs), some inputs at a time.
fn pack_columns(
    source: &Source,
    kind: (usize, usize),
    precision: Precision,
    memory: &mut [u8],
) -> Result<(), LoadError> {
    let (inputs, outputs) = kind;
    let step = if source.is_row_major() { (SLICE / outputs / GROUP).max(1) * GROUP } else { inputs };
    let mut transposed = Vec::new(); // (up to 16 outputs, some inputs)
    for first in (0..inputs).step_by(step) {
        let some = step.min(inputs - first);
        let weights = source.rows(first..first + some)?; // (some inputs, outputs)
        for (tile, begin) in memory.chunks_exact_mut(tile_bytes(precision, inputs)).zip((0..outputs).step_by(TILE)) {
            let lanes = TILE.min(outputs - begin);
            transposed.resize(lanes * some, 0.0);
            for (input, row) in weights.chunks_exact(outputs).enumerate() {
                for (lane, weight) in row[begin..begin + lanes].iter().enumerate() {
                    transposed[lane * some + input] = *weight;
                }
            }
            pack_tile(&transposed, first..first + some, (inputs, precision), tile);
        }
    }
    Ok(())
}

/// Packs `some` of a tile's `inputs`.
fn pack_tile(weights: &[f32], some: Range<usize>, (inputs, precision): (usize, Precision), tile: &mut [u8]) {
    match precision {
        Precision::Int8 => tiles::pack_int8(weights, some, inputs, tile),
        // Regions begin at pages, sections at cache lines, and a tile of floats is a whole number of those.
        Precision::F32 => tiles::pack_f32(weights, some, bytemuck::cast_slice_mut(tile)),
    }
}

#[cfg(test)]
mod tests;
