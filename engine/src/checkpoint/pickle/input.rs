//! The bytes of a pickle, read from the front. Never reads beyond them, and reserves nothing by their word.

/// The error says what is wrong.
pub(super) type Step<T> = Result<T, String>;

/// Where in a pickle the reader is.
pub(super) struct Input<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn bytes(&mut self, count: usize) -> Step<&'a [u8]> {
        let rest = &self.text[self.at..];
        let bytes = rest.get(..count).ok_or("the description ends too early")?;
        self.at += count;
        Ok(bytes)
    }

    pub(super) fn skip(&mut self, count: usize) -> Step<()> {
        self.bytes(count).map(drop)
    }

    pub(super) fn byte(&mut self) -> Step<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        Ok(self.bytes(N)?.try_into().expect("bytes returns as many as asked"))
    }

    /// Up to the next newline, which is skipped.
    pub(super) fn line(&mut self) -> Step<String> {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or("a line has no end")?;
        let line = String::from_utf8_lossy(self.bytes(length)?).into_owned();
        self.skip(1)?;
        Ok(line)
    }
}
