//! Text files as streams: UTF-8 is checked on the way, and what isn't is told by its byte.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Result};
use std::path::Path;

use super::error::{ImportError, Place};
use crate::files::FileError;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// What some programs write at the beginning of a file.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// A byte that belongs to no text.
#[derive(Debug, thiserror::Error)]
#[error("byte {0} isn't UTF-8")]
struct NotText(u64);

/// A reader that fails at the first byte that isn't UTF-8.
#[derive(Debug)]
pub struct Text<R> {
    inner: R,
    /// Bytes that were handed over.
    position: u64,
    /// The beginning of a character whose rest wasn't read yet; handed over already.
    pending: Vec<u8>,
}

impl Text<BufReader<File>> {
    /// Opens a file; a byte order mark at its beginning is skipped.
    ///
    /// # Errors
    /// It can't be opened or read.
    pub fn open(path: &Path) -> std::result::Result<Self, ImportError> {
        let failed = FileError::at(path);
        Ok(File::open(path).and_then(|file| Self::new(BufReader::with_capacity(CHUNK, file))).map_err(failed)?)
    }
}

impl<R: BufRead> Text<R> {
    /// Reads from `inner`; a byte order mark at its beginning is skipped.
    ///
    /// # Errors
    /// It can't be read.
    pub fn new(mut inner: R) -> Result<Self> {
        let marked = inner.fill_buf()?.starts_with(MARK);
        let skipped = if marked { MARK.len() } else { 0 };
        inner.consume(skipped);
        Ok(Self { inner, position: skipped as u64, pending: Vec::new() })
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.inner.read(buffer)?;
        let complete = self.complete(&buffer[..read])?;
        if let Err(error) = std::str::from_utf8(&buffer[complete..read]) {
            let valid = complete + error.valid_up_to();
            if error.error_len().is_some() {
                return Err(self.not_text(valid));
            }
            self.pending.extend_from_slice(&buffer[valid..read]);
        }
        if read == 0 && !buffer.is_empty() && !self.pending.is_empty() {
            return Err(self.not_text(0));
        }
        self.position += read as u64;
        Ok(read)
    }
}

impl<R> Text<R> {
    /// Completes the pending character; tells how many bytes that took.
    fn complete(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut taken = 0;
        while !self.pending.is_empty() && taken < bytes.len() {
            self.pending.push(bytes[taken]);
            taken += 1;
            match std::str::from_utf8(&self.pending) {
                Ok(_) => self.pending.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    self.pending.truncate(self.pending.len() - taken);
                    return Err(self.not_text(0));
                }
            }
        }
        Ok(taken)
    }

    /// The character that begins so many bytes into what was read last, or that is pending.
    fn not_text(&self, offset: usize) -> std::io::Error {
        let byte = self.position + offset as u64 - self.pending.len() as u64;
        std::io::Error::new(ErrorKind::InvalidData, NotText(byte))
    }
}

/// What reading a [`Text`] failed with, told with its place.
pub fn told(path: &Path, error: std::io::Error) -> ImportError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<NotText>()) {
        Some(NotText(byte)) => {
            ImportError::malformed(path, Place::Byte(*byte), "isn't UTF-8", "convert the file or export it again")
        }
        None => FileError { path: path.to_owned(), source: error }.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands over a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            let read = self.1.min(buffer.len());
            self.0.read(&mut buffer[..read])
        }
    }

    fn read(bytes: &[u8], step: usize) -> std::result::Result<String, String> {
        let mut read = String::new();
        let mut text = Text::new(BufReader::with_capacity(4, Slow(bytes, step))).unwrap();
        match Read::read_to_string(&mut text, &mut read) {
            Ok(_) => Ok(read),
            Err(error) => Err(told(Path::new("x"), error).to_string()),
        }
    }

    #[test]
    fn text_passes_whatever_the_pieces_are() {
        for step in 1..5 {
            assert_eq!(read("я😀a\u{feff}б".as_bytes(), step).unwrap(), "я😀a\u{feff}б");
        }
        assert_eq!(read("\u{feff}я".as_bytes(), 4).unwrap(), "я");
    }

    #[test]
    fn what_is_no_text_is_told_by_its_first_byte() {
        for (bytes, at) in [
            (&b"ab\xff"[..], 2),
            (b"\xff", 0),
            ("яя".as_bytes().split_last().unwrap().1, 2),
            (b"a\xf0\x9f\x98", 1),
            (b"a\xf0\x9f\x98zz", 1),
            (b"a\xd1a", 1),
        ] {
            for step in 1..5 {
                let error = read(bytes, step).unwrap_err();
                assert_eq!(error, format!("x: byte {at}: isn't UTF-8; convert the file or export it again"), "{step}");
            }
        }
    }
}
