//! The steps, in their order.

use std::fmt;

/// A step of the road. Later ones build on earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Foreign files become one corpus.
    Import,
    /// What shouldn't be learned is masked or left out.
    Clean,
    /// A classifier chooses.
    Filter,
    /// The model learns.
    Train,
    /// It is measured against its base.
    Eval,
}

impl Step {
    /// All of them, first to last.
    pub const ALL: [Self; 5] = [Self::Import, Self::Clean, Self::Filter, Self::Train, Self::Eval];

    /// As the command line and the folders call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Clean => "clean",
            Self::Filter => "filter",
            Self::Train => "train",
            Self::Eval => "eval",
        }
    }

    /// The step of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Raised whenever the step does something else with the same inputs and options: then it is done again.
    pub(super) fn version(self) -> u32 {
        match self {
            Self::Import | Self::Clean | Self::Filter | Self::Train | Self::Eval => 1,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
