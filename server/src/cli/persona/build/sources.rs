//! The import of a workshop: all sources into one corpus, and what is held out of them into another.

use std::path::{Path, PathBuf};

use maskarad_trainer::corpus::import::{ImportReport, import};
use maskarad_trainer::corpus::record::{Reader, Writer};
use maskarad_trainer::progress::Progress;

use super::Failure;
use crate::config::workshop::{HeldOut, Source};

/// Where the dialogues go to.
pub(super) struct Corpora {
    pub(super) learned: PathBuf,
    pub(super) held_out: PathBuf,
}

/// Imports everything; `own` is for what is kept meanwhile, such as the threads of a board.
pub(super) fn all(
    sources: &[Source],
    held_out: &HeldOut,
    corpora: &Corpora,
    own: &Path,
    progress: &dyn Progress,
) -> Result<String, Failure> {
    let (mut learned, mut kept) = (Writer::create(&corpora.learned)?, Writer::create(&corpora.held_out)?);
    let mut counts = [0, 0];
    let (share, others): (f64, &[Source]) = match held_out {
        HeldOut::Share(share) => (*share, &[]),
        HeldOut::Sources(others) => (0.0, others),
    };
    for (number, source) in sources.iter().enumerate() {
        let (corpus, report) = one(source, &own.join(format!("source-{number}")), progress)?;
        // The last ones: a dialogue shares turns with its neighbours, so these are parted once.
        let first_held_out = report.dialogues - (report.dialogues as f64 * share).ceil() as u64;
        for (number, dialogue) in (0..).zip(Reader::open(&corpus)?) {
            let part = usize::from(number >= first_held_out);
            counts[part] += 1;
            [&mut learned, &mut kept][part].write(&dialogue?)?;
        }
    }
    for (number, source) in others.iter().enumerate() {
        let (corpus, report) = one(source, &own.join(format!("held-out-{number}")), progress)?;
        counts[1] += report.dialogues;
        Reader::open(&corpus)?.try_for_each(|dialogue| Ok::<_, Failure>(kept.write(&dialogue?)?))?;
    }
    learned.commit()?;
    kept.commit()?;
    Ok(format!("{} dialogues to learn, {} held out", counts[0], counts[1]))
}

fn one(source: &Source, name: &Path, progress: &dyn Progress) -> Result<(PathBuf, ImportReport), Failure> {
    let mut options = source.options.clone();
    options.board.crawl.state = Some(name.with_extension("threads"));
    let corpus = name.with_extension("jsonl");
    let report = import(std::slice::from_ref(&source.path), &corpus, &options, progress)?;
    Ok((corpus, report))
}
