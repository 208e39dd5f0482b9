//! Carries out a pickle's instructions: a stack, a memo, and the values they make. Calls nothing.

use std::collections::HashMap;

use super::input::{Input, Step};
use super::{Value, ValueId};

/// An entry of the stack.
#[derive(Clone, Copy)]
enum Slot {
    Value(ValueId),
    Mark,
}

/// Reads instructions and makes values of them.
pub(super) struct Machine<'a> {
    input: Input<'a>,
    values: Vec<Value>,
    stack: Vec<Slot>,
    memo: HashMap<u32, ValueId>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { input: Input::new(text), values: Vec::new(), stack: Vec::new(), memo: HashMap::new() }
    }

    /// All values of the pickle, and which one it is about. The error says what is wrong and at which byte.
    pub(super) fn run(mut self) -> Result<(Vec<Value>, ValueId), String> {
        match self.instructions() {
            Ok(root) => Ok((self.values, root)),
            Err(problem) => Err(format!("{problem} at byte {}", self.input.at())),
        }
    }
}

impl Machine<'_> {
    fn instructions(&mut self) -> Step<ValueId> {
        loop {
            match self.input.byte()? {
                b'.' => return self.pop(),
                code => self.step(code)?,
            }
        }
    }

    /// Carries out one instruction. The letters are those of Python's `pickletools`.
    fn step(&mut self, code: u8) -> Step<()> {
        match code {
            0x80 => self.input.skip(1)?,                   // PROTO
            0x95 => self.input.skip(8)?,                   // FRAME
            b'(' => self.stack.push(Slot::Mark),           // MARK
            b'0' => drop(self.pop()?),                     // POP
            b'N' | 0x88 | 0x89 => self.push(Value::Other), // NONE, NEWTRUE, NEWFALSE
            b'G' => {
                self.input.skip(8)?; // BINFLOAT
                self.push(Value::Other);
            }
            b'K' | b'M' | b'J' | 0x8a => self.integer(code)?,
            b'X' | 0x8c => self.text(code)?,
            b'c' | 0x93 => self.global(code)?,
            b')' | b't' | 0x85..=0x87 => self.tuple(code)?,
            b']' => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            b'a' | b'e' => self.append(code)?,
            b's' | b'u' => self.set_items(code)?,
            b'q' | b'r' | 0x94 => self.remember(code)?,
            b'h' | b'j' => self.recall(code)?,
            b'Q' => {
                let id = self.pop()?; // BINPERSID
                self.push(Value::Persistent(id));
            }
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?); // REDUCE, NEWOBJ
                self.call(function, arguments);
            }
            // BUILD sets attributes such as `_metadata`, which are nothing to us.
            b'b' => drop(self.pop()?),
            other => {
                return Err(format!("instruction {other:#04x} is none of a state dict's"));
            }
        }
        Ok(())
    }

    fn integer(&mut self, code: u8) -> Step<()> {
        let value = match code {
            b'K' => i64::from(self.input.byte()?),
            b'M' => i64::from(u16::from_le_bytes(self.input.array()?)),
            b'J' => i64::from(i32::from_le_bytes(self.input.array()?)),
            _ => self.long()?,
        };
        self.push(Value::Int(value));
        Ok(())
    }

    /// LONG1: a length, then that many bytes in two's complement, lowest first.
    fn long(&mut self) -> Step<i64> {
        let count = usize::from(self.input.byte()?);
        let bytes = self.input.bytes(count)?;
        if count > 8 {
            return Err("a number exceeds 64 bits".to_owned());
        }
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut value = [if negative { 0xff } else { 0 }; 8];
        value[..count].copy_from_slice(bytes);
        Ok(i64::from_le_bytes(value))
    }

    fn text(&mut self, code: u8) -> Step<()> {
        let length = if code == b'X' {
            u32::from_le_bytes(self.input.array()?) as usize
        } else {
            usize::from(self.input.byte()?)
        };
        let text = std::str::from_utf8(self.input.bytes(length)?).map_err(|error| error.to_string())?.to_owned();
        self.push(Value::Text(text));
        Ok(())
    }

    fn global(&mut self, code: u8) -> Step<()> {
        let (module, name) =
            if code == b'c' { (self.input.line()?, self.input.line()?) } else { self.stacked_names()? };
        self.push(Value::Global(format!("{module} {name}")));
        Ok(())
    }

    fn stacked_names(&mut self) -> Step<(String, String)> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (&self.values[module.0], &self.values[name.0]) {
            (Value::Text(module), Value::Text(name)) => Ok((module.clone(), name.clone())),
            _ => Err("a global has no name".to_owned()),
        }
    }

    fn tuple(&mut self, code: u8) -> Step<()> {
        let items = match code {
            b')' => Vec::new(),
            b't' => self.pop_to_mark()?,
            _ => {
                let count = usize::from(code - 0x84);
                let mut items = (0..count).map(|_| self.pop()).collect::<Step<Vec<_>>>()?;
                items.reverse();
                items
            }
        };
        self.push(Value::Tuple(items));
        Ok(())
    }

    fn append(&mut self, code: u8) -> Step<()> {
        let items = if code == b'a' { vec![self.pop()?] } else { self.pop_to_mark()? };
        match self.top()? {
            Value::List(list) => list.extend(items),
            _ => return Err("something is appended to what is no list".to_owned()),
        }
        Ok(())
    }

    fn set_items(&mut self, code: u8) -> Step<()> {
        let items = if code == b's' {
            let (value, key) = (self.pop()?, self.pop()?);
            vec![key, value]
        } else {
            self.pop_to_mark()?
        };
        let (pairs, rest) = items.as_chunks::<2>();
        match self.top()? {
            Value::Dict(dict) if rest.is_empty() => {
                dict.extend(pairs.iter().map(|[key, value]| (*key, *value)));
            }
            _ => return Err("items are set in what is no dict, or a key has no value".to_owned()),
        }
        Ok(())
    }

    fn remember(&mut self, code: u8) -> Step<()> {
        let key = match code {
            b'q' => u32::from(self.input.byte()?),
            b'r' => u32::from_le_bytes(self.input.array()?),
            _ => self.memo.len() as u32,
        };
        let Some(Slot::Value(id)) = self.stack.last() else {
            return Err("there is nothing to remember".to_owned());
        };
        self.memo.insert(key, *id);
        Ok(())
    }

    fn recall(&mut self, code: u8) -> Step<()> {
        let key = if code == b'h' { u32::from(self.input.byte()?) } else { u32::from_le_bytes(self.input.array()?) };
        let id = self.memo.get(&key).ok_or_else(|| format!("nothing is remembered as {key}"))?;
        self.stack.push(Slot::Value(*id));
        Ok(())
    }

    /// A call is noted, not made; but an `OrderedDict` is a dict.
    fn call(&mut self, function: ValueId, arguments: ValueId) {
        let value = match &self.values[function.0] {
            Value::Global(name) if name == "collections OrderedDict" => Value::Dict(Vec::new()),
            _ => Value::Call(function, arguments),
        };
        self.push(value);
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Slot::Value(ValueId(self.values.len())));
        self.values.push(value);
    }

    fn pop(&mut self) -> Step<ValueId> {
        match self.stack.pop() {
            Some(Slot::Value(id)) => Ok(id),
            Some(Slot::Mark) | None => Err("a value is missing".to_owned()),
        }
    }

    fn pop_to_mark(&mut self) -> Step<Vec<ValueId>> {
        let mut items = Vec::new();
        loop {
            match self.stack.pop() {
                Some(Slot::Value(id)) => items.push(id),
                Some(Slot::Mark) => break,
                None => return Err("a mark is missing".to_owned()),
            }
        }
        items.reverse();
        Ok(items)
    }

    fn top(&mut self) -> Step<&mut Value> {
        match self.stack.last() {
            Some(Slot::Value(id)) => Ok(&mut self.values[id.0]),
            Some(Slot::Mark) | None => Err("a container is missing".to_owned()),
        }
    }
}
