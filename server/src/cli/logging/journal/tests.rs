//! Entries as the journal gets them, by a reader of its protocol that is written from its specification
//! (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>). A real journal reads them in `server/tests/it/process/journal.rs`.

use std::time::Duration;

use tempfile::TempDir;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::chat::{PersonaName, TransportKind};
use crate::request::RequestId;

struct Reader {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Reader {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("socket")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Self { socket, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// The next entry's fields.
    fn next(&self) -> Vec<(String, String)> {
        let mut buffer = vec![0; 1 << 20];
        let length = self.socket.recv(&mut buffer).unwrap();
        let (mut rest, mut fields) = (&buffer[..length], Vec::new());
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
            let name = String::from_utf8(rest[..end].to_vec()).unwrap();
            let (length, after) = rest[end + 1..].split_first_chunk::<8>().unwrap();
            let (value, after) = after.split_at(usize::try_from(u64::from_le_bytes(*length)).unwrap());
            assert_eq!(after[0], b'\n');
            fields.push((name, String::from_utf8(value.to_vec()).unwrap()));
            rest = &after[1..];
        }
        fields
    }

    /// What is written meanwhile.
    fn hears(&self, write: impl FnOnce()) -> Vec<(String, String)> {
        let journal = Journal::open(&self.path()).unwrap();
        assert_eq!(self.next(), [], "the first datagram asks whether anybody listens");
        tracing::subscriber::with_default(tracing_subscriber::registry().with(journal), write);
        self.next()
    }
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    let mut found = fields.iter().filter(|(known, _)| known == name);
    let value = found.next().unwrap_or_else(|| panic!("no {name} in {fields:?}"));
    assert!(found.next().is_none(), "{name} twice in {fields:?}");
    &value.1
}

#[test]
fn a_line_becomes_an_entry_with_its_fields_and_those_of_its_message() {
    let request = RequestId::of_update(&PersonaName::parse("avtobus").unwrap().at(TransportKind::Telegram), 77);
    let fields = Reader::new().hears(|| {
        request
            .span()
            .in_scope(|| tracing::warn!(persona = %"avtobus", seconds = 1.5, error = "нет\nсети", "not delivered"));
    });
    for (name, expected) in [
        ("MESSAGE", "not delivered persona=avtobus seconds=1.5 error=\"нет\\nсети\" request=avtobus-77"),
        ("PRIORITY", "4"),
        ("SYSLOG_IDENTIFIER", "maskarad"),
        ("MASKARAD_MODULE", module_path!()),
        ("MASKARAD_MESSAGE", "not delivered"),
        ("MASKARAD_PERSONA", "avtobus"),
        ("MASKARAD_SECONDS", "1.5"),
        ("MASKARAD_ERROR", "нет\nсети"),
        ("MASKARAD_REQUEST", "avtobus-77"),
        ("CODE_FILE", file!()),
    ] {
        assert_eq!(value(&fields, name), expected, "{name}");
    }
}

#[test]
fn no_field_of_ours_has_a_name_of_systemd_s() {
    let fields = Reader::new().hears(|| tracing::info!(PRIORITY = "0", _pid = 1, unit.name = "sshd", "forged"));
    assert_eq!(value(&fields, "PRIORITY"), "6");
    assert_eq!(value(&fields, "MASKARAD_PRIORITY"), "0");
    let known = ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "CODE_FILE", "CODE_LINE"];
    for (name, _) in &fields {
        assert!(name.starts_with(PREFIX) || known.contains(&name.as_str()), "{name}");
        assert!(name.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_'), "{name}");
    }
    assert_eq!(value(&fields, "MASKARAD_UNIT_NAME"), "sshd");
}

#[test]
fn a_long_value_is_cut_and_not_lost() {
    let fields = Reader::new().hears(|| tracing::error!(problems = "щ".repeat(1 << 20), "refused"));
    assert_eq!(value(&fields, "MASKARAD_PROBLEMS").len(), LONGEST_VALUE);
    assert!(value(&fields, "MESSAGE").starts_with("refused problems=\"щщ"));
}

#[test]
fn a_journal_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Journal::open(&folder.path().join("socket")).is_err());
}
