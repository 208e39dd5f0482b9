//! Just enough of Python's pickle to read the description of a state dict. Builds values and calls nothing.
//!
//! Values live in one list and refer to each other by index: a reference is never a copy, so no file can make the
//! reader use much more memory than the file has bytes, and nothing nests.

mod input;
mod machine;

use self::machine::Machine;

/// Index of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ValueId(usize);

/// A value of a pickle.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `None`, booleans, floats: whatever a state dict's description has no use for.
    Other,
    Int(i64),
    Text(String),
    /// `module name`
    Global(String),
    Tuple(Vec<ValueId>),
    List(Vec<ValueId>),
    Dict(Vec<(ValueId, ValueId)>),
    /// A call of the first with the second.
    Call(ValueId, ValueId),
    /// What a persistent id refers to.
    Persistent(ValueId),
}

/// All values of a pickle, and which one it is about.
pub(super) struct Pickle {
    values: Vec<Value>,
    root: ValueId,
}

impl Pickle {
    /// Reads a pickle. The error says what is wrong and at which byte.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let (values, root) = Machine::new(text).run()?;
        Ok(Self { values, root })
    }

    pub(super) fn root(&self) -> ValueId {
        self.root
    }

    pub(super) fn get(&self, id: ValueId) -> &Value {
        &self.values[id.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_dict_of_a_number() {
        let pickle = Pickle::parse(b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01M\x34\x12u.").unwrap();
        let Value::Dict(items) = pickle.get(pickle.root()) else { panic!("no dict") };
        assert_eq!(pickle.get(items[0].0), &Value::Text("a".to_owned()));
        assert_eq!(pickle.get(items[0].1), &Value::Int(0x1234));
    }

    #[test]
    fn long_numbers() {
        let number = |text: &[u8]| Pickle::parse(text).map(|pickle| pickle.get(pickle.root()).clone());
        assert_eq!(number(b"\x8a\x01\xff."), Ok(Value::Int(-1)));
        assert_eq!(number(b"\x8a\x05\x00\x00\x00\x00\x01."), Ok(Value::Int(1 << 32)));
        assert!(number(b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(text in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Pickle::parse(&text);
        }

        #[test]
        fn any_instructions_are_read_or_refused(
            text in proptest::collection::vec(proptest::sample::select(b"().]}aesutRQbKq\x01h\x85\x86\x87N0.".to_vec()), 0..60)
        ) {
            let _ = Pickle::parse(&text);
        }
    }
}
