//! From a thread's posts to dialogues, by the references between them.
//!
//! A post answers each post it refers to: with several it ends several dialogues, and is learned in each, for it answers
//! each. What went before is the chain of first references. A post that answers nothing is learned where it first stands
//! before an answer. Only posts written earlier can be answered, so there are no circles.

use std::collections::{HashMap, HashSet};

use super::bump::is_bump;
use super::comment::{self, Comment};
use super::thread::{Post, Thread};
use crate::corpus::import::{Dropped, ImportOptions, Sink};
use crate::corpus::record::{Author, Dialogue, Turn};
use crate::files::FileError;

/// Nobody on a board has a name. Neighbours in a chain are taken for two people: the one who answers, and the one who is answered.
const ANSWERS: &str = "anon";
const ANSWERED: &str = "anon2";
/// What whoever began the thread is called.
const FIRST: &str = "OP";

/// A post that says something.
struct Said<'thread> {
    post: &'thread Post,
    /// Whether its author began the thread, as far as that is told.
    first: bool,
    text: String,
    /// Places of the posts it answers, earliest reference first.
    parents: Vec<usize>,
}

/// Hands the thread's dialogues to `sink`, in the order of their last posts.
pub(super) fn dialogues(
    thread: &Thread,
    options: &ImportOptions,
    dropped: &mut Dropped,
    sink: &mut Sink,
) -> Result<(), FileError> {
    let board = thread.board.as_deref().unwrap_or("?");
    let source = format!("board:{board}/{}", thread.number);
    let said = said(thread, options, dropped);
    let mut learned = HashSet::new();
    if options.rules.context == 0 {
        let mut alone = (0..said.len()).map(|place| turns(&said, &[place], &mut learned));
        return alone.try_for_each(|turns| sink(Dialogue { source: source.clone(), turns, toxicity: None }));
    }
    for (place, post) in said.iter().enumerate() {
        for parent in &post.parents {
            let chain = chain(&said, place, *parent, options.rules.context);
            let turns = turns(&said, &chain, &mut learned);
            sink(Dialogue { source: source.clone(), turns, toxicity: None })?;
        }
    }
    let answered: HashSet<usize> = said.iter().flat_map(|post| &post.parents).copied().collect();
    for (place, post) in said.iter().enumerate() {
        if post.parents.is_empty() && !answered.contains(&place) {
            dropped.count("post that answers none and has no answer");
        }
    }
    Ok(())
}

/// The posts that say something, with what they answer.
fn said<'thread>(thread: &'thread Thread, options: &ImportOptions, dropped: &mut Dropped) -> Vec<Said<'thread>> {
    let mut places: HashMap<u64, Option<usize>> = HashMap::new();
    let mut said = Vec::new();
    for post in &thread.posts {
        if places.contains_key(&post.num) {
            dropped.count("post that is there twice");
            continue;
        }
        let Comment { text, answers } = comment::read(post.comment());
        let nothing = if text.is_empty() {
            Some("post without text")
        } else if is_bump(&text) {
            Some("bump")
        } else {
            None
        };
        if let Some(reason) = nothing {
            dropped.count(reason);
            places.insert(post.num, None);
            continue;
        }
        let mut parents = parents(&answers, &places, dropped);
        if answers.is_empty() && options.board.unaddressed {
            parents.extend(places.get(&thread.number).copied().flatten());
        }
        places.insert(post.num, Some(said.len()));
        let first = post.by_the_first() || post.num == thread.number;
        said.push(Said { post, first, text, parents });
    }
    said
}

/// The places of what a post answers. `places` holds the posts before it.
fn parents(answers: &[u64], places: &HashMap<u64, Option<usize>>, dropped: &mut Dropped) -> Vec<usize> {
    let mut parents = Vec::new();
    for number in answers {
        match places.get(number) {
            Some(Some(place)) => parents.push(*place),
            Some(None) => dropped.count("reference to a post that was left out"),
            None => dropped.count("reference to a post that isn't there"),
        }
    }
    parents
}

/// Places from the oldest post of a dialogue to `last`, with `parent` before it and at most `context` posts in all before it.
fn chain(said: &[Said<'_>], last: usize, parent: usize, context: usize) -> Vec<usize> {
    let mut chain = vec![last];
    let mut next = Some(parent);
    while let Some(place) = next.filter(|_| chain.len() <= context) {
        chain.push(place);
        next = said[place].parents.first().copied();
    }
    chain.reverse();
    chain
}

fn turns(said: &[Said<'_>], chain: &[usize], learned: &mut HashSet<usize>) -> Vec<Turn> {
    let last = chain.len() - 1;
    let turn = |(at, place): (usize, &usize)| {
        let post = &said[*place];
        let id = if (last - at).is_multiple_of(2) { ANSWERS } else { ANSWERED };
        let name = post.first.then(|| FIRST.to_owned());
        // Posts that answer something are learned where they stand last.
        let context = at < last && !(post.parents.is_empty() && learned.insert(*place));
        Turn { author: Author { id: id.to_owned(), name }, time: post.post.time(), text: post.text.clone(), context }
    };
    chain.iter().enumerate().map(turn).collect()
}
