//! Who takes part.

/// One way to train the model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contender {
    /// As the report has it.
    pub(crate) name: &'static str,
    /// Whose it is.
    pub(crate) program: Program,
    /// What the child is told to be.
    pub(crate) kind: &'static str,
}

/// Whose a contender is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// This binary.
    Ours,
    /// PyTorch with transformers, and PEFT.
    Torch,
}

/// What all others are measured by.
pub(crate) const REFERENCE: &str = "PyTorch full f32";

/// All contenders, in the order of their turns.
pub(crate) fn all() -> impl Iterator<Item = Contender> {
    [
        ("Maskarad full f32", Program::Ours, "full"),
        (REFERENCE, Program::Torch, "full"),
        ("Maskarad LoRA f32", Program::Ours, "lora"),
        ("PyTorch + PEFT LoRA f32", Program::Torch, "lora"),
        ("PyTorch full bf16 autocast", Program::Torch, "bf16"),
    ]
    .into_iter()
    .map(|(name, program, kind)| Contender { name, program, kind })
}
