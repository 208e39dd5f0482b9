//! Which tensors make a GPT-2, under which names and in which shapes, and what becomes of each when it is packed.
//! Knows no files.

use crate::config::ModelConfig;
use crate::key::Precision;
use crate::packed::Kind;

/// The token table, which is the output layer too where they are tied.
pub(super) const TABLE: &str = "wte.weight";

/// The output layer.
pub(super) const HEAD: &str = "lm_head.weight";

/// One tensor of a GPT-2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) role: Role,
}

/// What a tensor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A matrix (outputs, inputs).
    Table,
    /// A matrix (inputs, outputs), as Hugging Face's `Conv1D` stores it.
    Linear,
    /// One vector, or several as (rows, width).
    Vectors,
}

impl Part {
    /// The section that it is packed into.
    pub(super) fn kind(&self, precision: Precision) -> Kind {
        match (self.role, &self.shape[..]) {
            (Role::Table, &[outputs, inputs]) | (Role::Linear, &[inputs, outputs]) => {
                Kind::Matrix { precision, outputs, inputs }
            }
            (_, shape) => {
                let (width, rows) = shape.split_last().map_or((0, &[][..]), |(width, rows)| (*width, rows));
                Kind::Vectors { rows: rows.iter().product(), width }
            }
        }
    }
}

/// All tensors of a model, in the order in which a pass reads them. Lazily, for `n_layer` may be any number until the
/// layers were found in a file.
pub(super) fn parts(config: &ModelConfig) -> impl Iterator<Item = Part> {
    let (rows, places, width) = (config.vocab_size, config.n_positions, config.n_embd);
    let head = (!config.tie_word_embeddings).then(|| part(HEAD, &[rows, width], Role::Table));
    std::iter::once(part(TABLE, &[rows, width], Role::Table))
        .chain(head)
        .chain(std::iter::once(part("wpe.weight", &[places, width], Role::Vectors)))
        .chain((0..config.n_layer).flat_map(|layer| block(config, layer)))
        .chain(layer_norm("ln_f", width))
}

fn block(config: &ModelConfig, layer: usize) -> impl Iterator<Item = Part> + use<> {
    let (width, inner) = (config.n_embd, config.n_inner);
    let name = |part: &str| format!("h.{layer}.{part}");
    layer_norm(&name("ln_1"), width)
        .into_iter()
        .chain(linear(&name("attn.c_attn"), width, 3 * width))
        .chain(linear(&name("attn.c_proj"), width, width))
        .chain(layer_norm(&name("ln_2"), width))
        .chain(linear(&name("mlp.c_fc"), width, inner))
        .chain(linear(&name("mlp.c_proj"), inner, width))
}

fn layer_norm(name: &str, width: usize) -> [Part; 2] {
    ["weight", "bias"].map(|field| part(&format!("{name}.{field}"), &[width], Role::Vectors))
}

fn linear(name: &str, inputs: usize, outputs: usize) -> [Part; 2] {
    [
        part(&format!("{name}.weight"), &[inputs, outputs], Role::Linear),
        part(&format!("{name}.bias"), &[outputs], Role::Vectors),
    ]
}

fn part(name: &str, shape: &[usize], role: Role) -> Part {
    Part { name: name.to_owned(), shape: shape.to_vec(), role }
}
