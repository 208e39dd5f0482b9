//! Which daemon serves which persona. Pure: every daemon computes the same from the same, in whatever order it comes.
//!
//! Who is placed by hand comes first. All others stay where they are, and whoever is nowhere goes where there is least to do;
//! then personas move from the daemons that have most, one at a time, as long as that brings two counts closer together. So
//! nobody moves without need, and what this says once it has been carried out is what it said before.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::chat::PersonaName;
use crate::store::{DaemonId, DaemonName};

/// A daemon that lives.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) id: DaemonId,
    pub(super) name: DaemonName,
    /// How well it can serve each persona.
    pub(super) offers: BTreeMap<PersonaName, u8>,
}

/// Says for every persona that somebody can serve who does.
///
/// A persona goes only to those that can serve it best, unless it is placed at one that can serve it at all. Who is placed where no
/// daemon of that name can goes anywhere.
pub(super) fn assign(
    candidates: &[Candidate],
    holders: &BTreeMap<PersonaName, DaemonId>,
    placements: &BTreeMap<PersonaName, DaemonName>,
) -> BTreeMap<PersonaName, DaemonId> {
    let mut candidates: Vec<&Candidate> = candidates.iter().collect();
    candidates.sort_by_key(|candidate| &candidate.id);
    let personas: BTreeSet<&PersonaName> = candidates.iter().flat_map(|candidate| candidate.offers.keys()).collect();
    let mut spread = Spread { loads: vec![0; candidates.len()], guests: Vec::new() };
    for persona in personas {
        let held = candidates.iter().position(|candidate| holders.get(persona) == Some(&candidate.id));
        let placed = placements.get(persona).map(|name| offering(&candidates, persona, |one| one.name == *name));
        let placed = placed.filter(|able| !able.is_empty());
        let able = match &placed {
            Some(placed) => vec![held.filter(|held| placed.contains(held)).unwrap_or(placed[0])],
            None => offering(&candidates, persona, |_| true),
        };
        let at = held.filter(|held| able.contains(held)).or_else(|| placed.is_some().then_some(able[0]));
        if let Some(at) = at {
            spread.loads[at] += 1;
        }
        spread.guests.push(Guest { persona, able, held, at });
    }
    spread.settle();
    while spread.balance() {}
    let places =
        spread.guests.iter().filter_map(|guest| Some((guest.persona.clone(), candidates[guest.at?].id.clone())));
    places.collect()
}

/// Of the candidates that may, those that can serve a persona best.
fn offering(candidates: &[&Candidate], persona: &PersonaName, may: impl Fn(&Candidate) -> bool) -> Vec<usize> {
    let offers = |index: &usize| candidates[*index].offers.get(persona).copied().filter(|_| may(candidates[*index]));
    let best = (0..candidates.len()).filter_map(|index| offers(&index)).max();
    (0..candidates.len()).filter(|index| best.is_some() && offers(index) == best).collect()
}

/// Personas on their way to daemons, which are numbers here.
struct Spread<'a> {
    /// How many each daemon has.
    loads: Vec<usize>,
    guests: Vec<Guest<'a>>,
}

struct Guest<'a> {
    persona: &'a PersonaName,
    /// Who can serve it, never nobody; whoever is placed by hand has one choice.
    able: Vec<usize>,
    /// Who serves it now.
    held: Option<usize>,
    at: Option<usize>,
}

impl Spread<'_> {
    /// Gives everybody a place, those with the least choice first.
    fn settle(&mut self) {
        let mut homeless: Vec<usize> =
            (0..self.guests.len()).filter(|guest| self.guests[*guest].at.is_none()).collect();
        homeless.sort_by_key(|guest| self.guests[*guest].able.len());
        for guest in homeless {
            let place = self.guests[guest].able.iter().copied().min_by_key(|daemon| self.loads[*daemon]);
            if let Some(place) = place {
                self.loads[place] += 1;
                self.guests[guest].at = Some(place);
            }
        }
    }

    /// Moves one persona away from a daemon that has at least two more than another, by way of others where the two have none
    /// in common; `false` where there is nothing to be gained any more.
    fn balance(&mut self) -> bool {
        let mut fullest: Vec<usize> = (0..self.loads.len()).collect();
        fullest.sort_by_key(|daemon| std::cmp::Reverse(self.loads[*daemon]));
        for from in fullest {
            let came_from = self.reached(from);
            let emptier = came_from.keys().copied().filter(|daemon| self.loads[*daemon] + 2 <= self.loads[from]);
            let Some(to) = emptier.min_by_key(|daemon| self.loads[*daemon]) else { continue };
            self.loads[from] -= 1;
            self.loads[to] += 1;
            let mut at = to;
            while at != from {
                let (before, guest) = came_from[&at];
                self.guests[guest].at = Some(at);
                at = before;
            }
            return true;
        }
        false
    }

    /// Where personas can go from a daemon, were it step by step: from where, and who takes the last step.
    fn reached(&self, from: usize) -> BTreeMap<usize, (usize, usize)> {
        let mut came_from = BTreeMap::new();
        let mut next = VecDeque::from([from]);
        while let Some(daemon) = next.pop_front() {
            for to in 0..self.loads.len() {
                if to == from || came_from.contains_key(&to) {
                    continue;
                }
                if let Some(guest) = self.movable(daemon, to) {
                    came_from.insert(to, (daemon, guest));
                    next.push_back(to);
                }
            }
        }
        came_from
    }

    /// Who goes from one daemon to another: rather who isn't served there yet, best who is served here.
    fn movable(&self, from: usize, to: usize) -> Option<usize> {
        let guests = (0..self.guests.len()).rev();
        let movable = guests.filter(|guest| {
            let guest = &self.guests[*guest];
            guest.at == Some(from) && guest.able.contains(&to)
        });
        movable.min_by_key(|guest| match self.guests[*guest].held {
            Some(held) if held == to => 0,
            Some(held) if held == from => 2,
            _ => 1,
        })
    }
}

#[cfg(test)]
mod tests;
