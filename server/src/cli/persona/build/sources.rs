//! The import of a workshop: all sources into one corpus, what is held out of them into another, and other people's lines
//! into a third.

use std::path::{Path, PathBuf};

use maskarad_trainer::corpus::forget::forget;
use maskarad_trainer::corpus::import::import;
use maskarad_trainer::corpus::record::{CorpusError, Dialogue, Reader, Writer};
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
        let corpus = one(source, &own.join(format!("source-{number}")), &workshop.forget, progress)?;
        let first_held_out = first_held_out(&corpus, &workshop.train.persona, share)?;
        for (number, dialogue) in (0..).zip(Reader::open(&corpus)?) {
            let part = usize::from(number >= first_held_out);
            counts[part] += 1;
            [&mut learned, &mut kept][part].write(&dialogue?)?;
        }
    }
    counts[1] += append(held_out, &mut kept, &own.join("held-out"), workshop, progress)?;
    let mut others = Writer::create(&corpora.others)?;
    append(&workshop.others, &mut others, &own.join("others"), workshop, progress)?;
    others.commit()?;
    learned.commit()?;
    kept.commit()?;
    Ok(format!("{} dialogues to learn, {} held out", counts[0], counts[1]))
}

/// The place from which dialogues are held out: the last ones, since a dialogue shares turns with its neighbours, so that
/// these are parted once. The share is of those in which the persona answers; others are no measure.
fn first_held_out(corpus: &Path, persona: &[String], share: f64) -> Result<u64, CorpusError> {
    let answers = |dialogue: &Dialogue| {
        persona.is_empty()
            || dialogue.turns.iter().any(|turn| !turn.context && persona.iter().any(|who| turn.author.is(who)))
    };
    let mut places = Vec::new();
    let mut count = 0;
    for dialogue in Reader::open(corpus)? {
        if answers(&dialogue?) {
            places.push(count);
        }
        count += 1;
    }
    let held_out = (places.len() as f64 * share).ceil() as usize;
    Ok(places.len().checked_sub(held_out).and_then(|first| places.get(first)).copied().unwrap_or(count))
}

/// Adds all dialogues of some sources; how many there were.
fn append(
    sources: &[Source],
    to: &mut Writer,
    own: &Path,
    workshop: &Workshop,
    progress: &dyn Progress,
) -> Result<u64, Failure> {
    let mut count = 0;
    for (number, source) in sources.iter().enumerate() {
        let corpus = one(source, &own.with_extension(number.to_string()), &workshop.forget, progress)?;
        for dialogue in Reader::open(&corpus)? {
            count += 1;
            to.write(&dialogue?)?;
        }
    }
    Ok(count)
}

/// The corpus of one source, without those who are to be forgotten.
fn one(source: &Source, name: &Path, without: &[String], progress: &dyn Progress) -> Result<PathBuf, Failure> {
    let mut options = source.options.clone();
    let beside = |ending: &str| PathBuf::from(format!("{}.{ending}", name.display()));
    options.board.crawl.state = Some(beside("threads"));
    let corpus = beside("jsonl");
    import(std::slice::from_ref(&source.path), &corpus, &options, progress)?;
    if !without.is_empty() {
        forget(&corpus, without, false)?;
    }
    Ok(corpus)
}
