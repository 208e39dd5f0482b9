//! An adapter's folder as PEFT writes it, from its files to an [`Adapter`] for one base. Knows the names of its tensors;
//! what they mean is said in `adapter/config.rs`.

mod config;

use std::path::Path;

use self::config::LoraConfig;
use super::error::{LoadError, TensorProblem, read};
use super::files::AdapterFolder;
use super::loader::Loader;
use super::source::complaint;
use super::tensors::Tensors;
use crate::config::ModelConfig;
use crate::model::adapter::{Adapter, Pair, Site};
use crate::model::loaded::LoadedModel;

/// How often an adapter is read that is overwritten meanwhile.
const ATTEMPTS: u32 = 2;

/// What PEFT puts before the names of a model's tensors.
const PREFIX: &str = "base_model.model.";

impl Loader {
    /// Which content an adapter's folder has: SHA-256 over its configuration and its weights. A tokenizer beside them
    /// must be this base's.
    pub(crate) fn identify_adapter(&self, folder: &Path, base: &LoadedModel) -> Result<[u8; 32], LoadError> {
        self.check_tokenizer(folder, base)?;
        AdapterFolder::open(folder)?.hash()
    }

    /// Reads the adapter in a folder, for this base. It holds exactly the content that names it: files that were
    /// overwritten on the way are read once more.
    pub(crate) fn adapter(&self, folder: &Path, base: &LoadedModel) -> Result<Adapter, LoadError> {
        for _ in 0..ATTEMPTS {
            let files = AdapterFolder::open(folder)?;
            let id = files.hash()?;
            let blocks = blocks(&files, base.config());
            if self.identify_adapter(folder, base)? == id {
                return Ok(Adapter::new(id, blocks?));
            }
        }
        Err(LoadError::Changing { folder: folder.to_owned() })
    }

    /// Trainers often save the tokenizer beside the adapter. It is the base's that counts; one with more tokens would
    /// have been trained with more rows, which an adapter doesn't hold.
    fn check_tokenizer(&self, folder: &Path, base: &LoadedModel) -> Result<(), LoadError> {
        let Some(tokenizer) = self.tokenizer(folder, base.config())? else { return Ok(()) };
        let (rows, base) = (tokenizer.rows(), base.tokenizer().map_or(0, |tokenizer| tokenizer.rows()));
        if rows == base {
            return Ok(());
        }
        Err(LoadError::AdapterTokenizer { folder: folder.to_owned(), rows, base })
    }
}

/// Reads the pairs of all blocks, and checks that nothing is left over.
fn blocks(files: &AdapterFolder, base: &ModelConfig) -> Result<Vec<[Option<Pair>; 4]>, LoadError> {
    let config = LoraConfig::parse(&files.config, &read(&files.config)?)?;
    config.check_targets(&files.config, base.n_layer)?;
    let mut tensors = Tensors::open_under(PREFIX, std::slice::from_ref(&files.weights)).map_err(of_adapter)?;
    let mut blocks = Vec::new();
    for layer in 0..base.n_layer {
        let mut block = [None, None, None, None];
        for (pair, site) in block.iter_mut().zip(Site::ALL) {
            *pair = pair_at(&config, files, &mut tensors, (layer, site, base))?;
        }
        blocks.push(block);
    }
    tensors.finish().map_err(of_adapter)?;
    Ok(blocks)
}

fn pair_at(
    config: &LoraConfig,
    files: &AdapterFolder,
    tensors: &mut Tensors,
    (layer, site, base): (usize, Site, &ModelConfig),
) -> Result<Option<Pair>, LoadError> {
    let Some(lora) = config.at(&files.config, layer, site)? else { return Ok(None) };
    let (inputs, outputs) = shape(base, site);
    let name = |factor: &str| format!("h.{layer}.{}.lora_{factor}.weight", site.name());
    let mut values = |factor: &str, shape: [usize; 2]| {
        tensors.claim(&name(factor), &shape).and_then(|source| source.all()).map_err(of_adapter)
    };
    let a = values("A", [lora.rank, inputs])?; // (R, in)
    let mut b = values("B", [outputs, lora.rank])?; // (out, R)
    b.iter_mut().for_each(|value| *value *= lora.scale);
    if b.iter().any(|value| !value.is_finite()) {
        return Err(complaint(files.weights.path(), &name("B"), TensorProblem::TooLarge));
    }
    Ok(Some(Pair::new(&a, &b, lora.rank)))
}

/// Inputs and outputs of a linear layer.
fn shape(base: &ModelConfig, site: Site) -> (usize, usize) {
    let (width, inner) = (base.n_embd, base.n_inner);
    match site {
        Site::CAttn => (width, 3 * width),
        Site::AttnCProj => (width, width),
        Site::CFc => (width, inner),
        Site::MlpCProj => (inner, width),
    }
}

/// What is said of a checkpoint's tensor, in an adapter's words.
fn of_adapter(error: LoadError) -> LoadError {
    let LoadError::Tensor { path, tensor, problem } = error else { return error };
    let problem = match problem {
        TensorProblem::Missing => TensorProblem::MissingInAdapter,
        TensorProblem::Unexpected => TensorProblem::UnexpectedInAdapter,
        TensorProblem::Shape { found, expected } => TensorProblem::ShapeInAdapter { found, expected },
        other => other,
    };
    LoadError::Tensor { path, tensor, problem }
}
