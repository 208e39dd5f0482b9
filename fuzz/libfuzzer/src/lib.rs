//! Binds the targets of maskarad-fuzz to libFuzzer.

pub use libfuzzer_sys;
pub use maskarad_fuzz::Target;

/// The whole of a binary: feeds the target of this name.
#[macro_export]
macro_rules! fuzzed {
    ($name:literal) => {
        static TARGET: std::sync::LazyLock<$crate::Target> =
            std::sync::LazyLock::new(|| $crate::Target::named($name).expect("the target exists"));

        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| (TARGET.run)(data));
    };
}
