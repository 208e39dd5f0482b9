//! The systemd journal by its native protocol: each line is a datagram, and its fields are fields.
//!
//! MESSAGE says all that the human format would, for `journalctl` shows nothing else by default: without persona and error a
//! line would be of little use there. That is why this isn't the crate `tracing-journald`, which puts the bare message there.
//! It also knows one socket only, so nothing of it could be tested without a journal.

use std::fmt::{Debug, Write as _};
use std::io::{self, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Where the journal listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";
/// In front of the names of our fields, so that none of them is taken for one of systemd's.
const PREFIX: &str = "MASKARAD_";
/// The longest name of a field that the journal takes.
const LONGEST_NAME: usize = 64;
/// More of a value isn't told; it must all fit into one datagram.
const LONGEST_VALUE: usize = 16 << 10;

/// Writes lines into the journal.
pub(super) struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journal {
    /// The journal that listens there.
    ///
    /// # Errors
    /// Nobody does.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        // The journal makes no entry of nothing.
        socket.send_to(&[], path)?;
        Ok(Self { socket, path: path.to_owned() })
    }

    fn send(&self, entry: &Entry) {
        if self.socket.send_to(&entry.fields, &self.path).is_err() {
            // The journal is gone for the moment. Where this can't be written either, there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{}", entry.line);
        }
    }
}

/// What a span or an event says: for people, and as the journal's fields.
#[derive(Default)]
struct Entry {
    line: String,
    fields: Vec<u8>,
}

impl Entry {
    fn take(&mut self, said: impl RecordFields) {
        if !self.line.is_empty() {
            self.line.push(' ');
        }
        said.record(&mut Encoder(&mut self.fields));
        // It fails where a value can't be written down, and then the rest of the line is still worth having.
        let _ = DefaultFields::new().format_fields(Writer::new(&mut self.line), said);
    }

    /// Takes what the line is about over from a span.
    fn within(&mut self, span: &Self) {
        if !span.line.is_empty() {
            let _ = write!(self.line, " {}", span.line);
        }
        self.fields.extend_from_slice(&span.fields);
    }

    fn finish(&mut self, about: &Metadata<'_>) {
        put(&mut self.fields, "MESSAGE", &self.line);
        put(&mut self.fields, "PRIORITY", priority(*about.level()));
        put(&mut self.fields, "SYSLOG_IDENTIFIER", "maskarad");
        put(&mut self.fields, "MASKARAD_MODULE", about.target());
        if let (Some(file), Some(line)) = (about.file(), about.line()) {
            put(&mut self.fields, "CODE_FILE", file);
            put(&mut self.fields, "CODE_LINE", &line.to_string());
        }
    }
}

/// As syslog counts. What `tracing` calls info is its informational, and there is nothing below debug.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        _ => "7",
    }
}

/// A field whose value may have any bytes: name, length, value.
fn put(fields: &mut Vec<u8>, name: &str, value: &str) {
    let value = &value[..value.floor_char_boundary(LONGEST_VALUE)];
    fields.extend_from_slice(name.as_bytes());
    fields.push(b'\n');
    fields.extend_from_slice(&(value.len() as u64).to_le_bytes());
    fields.extend_from_slice(value.as_bytes());
    fields.push(b'\n');
}

/// The name of a field of ours, in the letters that the journal takes.
fn name_of(field: &str) -> String {
    let known = field.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let upper = known.map(|c| if c == '.' { '_' } else { c.to_ascii_uppercase() });
    PREFIX.chars().chain(upper).take(LONGEST_NAME).collect()
}

struct Encoder<'a>(&'a mut Vec<u8>);

impl Visit for Encoder<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        put(self.0, &name_of(field.name()), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        put(self.0, &name_of(field.name()), &format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Journal {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut entry = Entry::default();
        entry.take(attributes);
        span.extensions_mut().insert(entry);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(entry) = span.extensions_mut().get_mut::<Entry>() {
            entry.take(values);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut entry = Entry::default();
        entry.take(event);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Entry>() {
                entry.within(outer);
            }
        }
        entry.finish(event.metadata());
        self.send(&entry);
    }
}

#[cfg(test)]
mod tests;
