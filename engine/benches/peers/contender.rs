//! Who takes part, in which precision, and under which settings.

/// An engine in one precision.
#[derive(Debug, Clone)]
pub(crate) struct Contender {
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// What the table calls its precision.
    pub(crate) precision: &'static str,
    /// Which program runs it.
    pub(crate) program: Program,
    /// What that program calls the precision.
    pub(crate) argument: &'static str,
    /// What is put into its environment.
    pub(crate) environment: &'static [(&'static str, &'static str)],
    /// Which of the tables it is for.
    pub(crate) league: League,
}

/// A child's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// This binary, with our engine.
    Ours,
    /// This binary, with candle as it comes.
    Candle,
    /// `python/worker.py` with the engine of this name.
    Python(&'static str),
}

/// Contenders are compared within their league.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum League {
    /// All that the processor can do.
    Open,
    /// AVX2 and no more: what an older server has.
    Avx2,
}

impl Contender {
    /// The name and the precision.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.name, self.precision)
    }

    /// Whether it is one of ours.
    pub(crate) fn is_ours(&self) -> bool {
        self.program == Program::Ours
    }
}

const fn open(
    name: &'static str,
    precision: &'static str,
    program: Program,
    argument: &'static str,
    environment: &'static [(&'static str, &'static str)],
) -> Contender {
    Contender { name, precision, program, argument, environment, league: League::Open }
}

const fn avx2(
    name: &'static str,
    precision: &'static str,
    program: Program,
    argument: &'static str,
    environment: &'static [(&'static str, &'static str)],
) -> Contender {
    Contender { name, precision, program, argument, environment, league: League::Avx2 }
}

/// CTranslate2 takes AVX-512 only where it is told to.
#[cfg(target_arch = "x86_64")]
fn best_ctranslate2() -> &'static [(&'static str, &'static str)] {
    if is_x86_feature_detected!("avx512bw") { &[("CT2_FORCE_CPU_ISA", "AVX512")] } else { &[] }
}

#[cfg(not(target_arch = "x86_64"))]
fn best_ctranslate2() -> &'static [(&'static str, &'static str)] {
    &[]
}

/// Everybody, ours first.
pub(crate) fn all() -> Vec<Contender> {
    use Program::{Candle, Ours, Python};
    const TORCH: &str = "PyTorch + transformers";
    const ONEDNN_AVX2: &[(&str, &str)] = &[("ONEDNN_MAX_CPU_ISA", "AVX2"), ("ATEN_CPU_CAPABILITY", "avx2")];
    vec![
        open("**Maskarad**", "int8", Ours, "int8", &[]),
        open("**Maskarad**", "f32", Ours, "f32", &[]),
        open("llama.cpp", "Q8_0", Python("llama.cpp"), "Q8_0", &[]),
        open("llama.cpp", "BF16", Python("llama.cpp"), "BF16", &[]),
        open("ONNX Runtime", "int8 dynamic", Python("onnxruntime"), "int8", &[]),
        open("CTranslate2", "int8", Python("ctranslate2"), "int8", best_ctranslate2()),
        open("CTranslate2", "f32", Python("ctranslate2"), "float32", best_ctranslate2()),
        open(TORCH, "int8 dynamic", Python("torch"), "int8", &[]),
        open(TORCH, "bf16", Python("torch"), "bf16", &[]),
        open(TORCH, "f32", Python("torch"), "f32", &[]),
        open("candle, stock", "Q8_0", Candle, "Q8_0", &[]),
        open("candle, stock", "f32", Candle, "f32", &[]),
        avx2("**Maskarad**", "int8", Ours, "int8/avx2", &[]),
        avx2("CTranslate2", "int8", Python("ctranslate2"), "int8", &[("CT2_FORCE_CPU_ISA", "AVX2")]),
        avx2(TORCH, "int8 dynamic", Python("torch"), "int8-onednn", ONEDNN_AVX2),
    ]
}
