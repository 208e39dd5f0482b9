//! Inputs by change: for the runner that has no coverage to go by. Deterministic by its random numbers.

use rand::Rng;
use rand::rngs::StdRng;

/// No input becomes longer.
const LONGEST: usize = 8192;

/// A seed after one to eight changes, with words of its target and pieces of the other seeds.
pub fn mutated(random: &mut StdRng, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let pick = |random: &mut StdRng| &seeds[random.random_range(0..seeds.len())];
    let mut input = pick(random).clone();
    for _ in 0..random.random_range(1..=8) {
        let at = random.random_range(0..=input.len());
        match random.random_range(0..7) {
            0 => change_byte(random, &mut input, at),
            1 => drop(input.drain(at..(at + random.random_range(0..16)).min(input.len()))),
            2 => insert(&mut input, at, &[random.random()]),
            3 => insert(&mut input, at, words[random.random_range(0..words.len())].as_bytes()),
            4 => {
                let other = pick(random);
                let from = random.random_range(0..=other.len());
                let piece = &other[from..(from + random.random_range(0..64)).min(other.len())];
                insert(&mut input, at, piece);
            }
            5 => repeat(random, &mut input, at),
            _ => input.truncate(at.max(1)),
        }
        input.truncate(LONGEST);
    }
    input
}

fn change_byte(random: &mut StdRng, input: &mut [u8], at: usize) {
    let Some(byte) = input.get_mut(at) else { return };
    *byte = match random.random_range(0..3) {
        0 => *byte ^ (1 << random.random_range(0..8)),
        1 => byte.wrapping_add(1),
        _ => random.random(),
    };
}

/// A piece many times over: what is slow or deep shows then.
fn repeat(random: &mut StdRng, input: &mut Vec<u8>, at: usize) {
    let piece = input[at..(at + random.random_range(1..8)).min(input.len())].to_vec();
    for _ in 0..random.random_range(1..200) {
        insert(input, at, &piece);
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}
