//! The import of a workshop: all sources into one corpus, what is held out of them into another, and other people's lines
//! into a third.

use std::path::{Path, PathBuf};

use maskarad_trainer::corpus::import::{ImportReport, import};
use maskarad_trainer::corpus::record::{Reader, Writer};
use maskarad_trainer::progress::Progress;

use super::Failure;
use crate::config::workshop::{HeldOut, Source, Workshop};

/// Where the dialogues go to.
pub(super) struct Corpora {
    pub(super) learned: PathBuf,
    pub(super) held_out: PathBuf,
    pub(super) others: PathBuf,
}

/// Imports everything; `own` is for what is kept meanwhile, such as the threads of a board.
pub(super) fn all(
    workshop: &Workshop,
    corpora: &Corpora,
    own: &Path,
    progress: &dyn Progress,
) -> Result<String, Failure> {
    let (mut learned, mut kept) = (Writer::create(&corpora.learned)?, Writer::create(&corpora.held_out)?);
    let mut counts = [0, 0];
    let (share, held_out): (f64, &[Source]) = match &workshop.held_out {
        HeldOut::Share(share) => (*share, &[]),
        HeldOut::Sources(sources) => (0.0, sources),
    };
    for (number, source) in workshop.sources.iter().enumerate() {
        let (corpus, report) = one(source, &own.join(format!("source-{number}")), progress)?;
        // The last ones: a dialogue shares turns with its neighbours, so these are parted once.
        let first_held_out = report.dialogues - (report.dialogues as f64 * share).ceil() as u64;
        for (number, dialogue) in (0..).zip(Reader::open(&corpus)?) {
            let part = usize::from(number >= first_held_out);
            counts[part] += 1;
            [&mut learned, &mut kept][part].write(&dialogue?)?;
        }
    }
    counts[1] += append(held_out, &mut kept, &own.join("held-out"), progress)?;
    let mut others = Writer::create(&corpora.others)?;
    append(&workshop.others, &mut others, &own.join("others"), progress)?;
    others.commit()?;
    learned.commit()?;
    kept.commit()?;
    Ok(format!("{} dialogues to learn, {} held out", counts[0], counts[1]))
}

/// Adds all dialogues of some sources; how many there were.
fn append(sources: &[Source], to: &mut Writer, own: &Path, progress: &dyn Progress) -> Result<u64, Failure> {
    let mut count = 0;
    for (number, source) in sources.iter().enumerate() {
        let (corpus, report) = one(source, &own.with_extension(number.to_string()), progress)?;
        count += report.dialogues;
        for dialogue in Reader::open(&corpus)? {
            to.write(&dialogue?)?;
        }
    }
    Ok(count)
}

fn one(source: &Source, name: &Path, progress: &dyn Progress) -> Result<(PathBuf, ImportReport), Failure> {
    let mut options = source.options.clone();
    let beside = |ending: &str| PathBuf::from(format!("{}.{ending}", name.display()));
    options.board.crawl.state = Some(beside("threads"));
    let corpus = beside("jsonl");
    let report = import(std::slice::from_ref(&source.path), &corpus, &options, progress)?;
    Ok((corpus, report))
}
