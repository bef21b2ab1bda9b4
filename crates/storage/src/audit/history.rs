//! What the checkpoints of one database prove, wherever they were kept.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use uuid::Uuid;

use super::{
    anchor::{AnchorError, SharedAnchor},
    checkpoint::{Checkpoint, Hash, Heads, hash_of, service_of},
    finding::{CheckpointName, Finding},
    note::{self, NoteError, PublicKey},
    restore::{AcceptedRestore, RestoredRows, Restores},
};

/// A row that a checkpoint saw at the end of a chain.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub row: i64,
    pub hash: Hash,
    /// Its place in [`History::names`].
    by: usize,
}

/// All checkpoints of a service.
#[derive(Debug, Clone, Default)]
pub struct History {
    names: Vec<CheckpointName>,
    /// Of each chain, by row.
    seen: BTreeMap<String, Vec<Seen>>,
    restores: Restores,
    findings: Vec<Finding>,
}

/// A series at one place, as far as it was read.
struct Series {
    last: u64,
    previous: Option<Hash>,
    heads: Heads,
    /// As the last checkpoint says it.
    root: Hash,
    name: CheckpointName,
}

impl History {
    /// Reads all places and checks signatures, numbers and links. What nobody who is trusted signed proves nothing.
    ///
    /// # Errors
    /// When a place cannot be read.
    pub async fn read(service: &str, anchors: &[SharedAnchor], trusted: &[PublicKey]) -> Result<Self, AnchorError> {
        let mut history = Self::default();
        let mut known = HashSet::new();
        let mut ends: BTreeMap<Uuid, Vec<(String, u64)>> = BTreeMap::new();
        for anchor in anchors {
            let mut reading = Reading::begin(service, trusted, anchor.place(), history, known);
            anchor.read(&mut |note| reading.note(note)).await?;
            let place = reading.place.clone();
            for (series, end) in reading.end() {
                ends.entry(series).or_default().push((place.clone(), end));
            }
            (history, known) = (reading.history, reading.known);
        }
        history.compare(ends);
        if history.names.is_empty() {
            history.findings.push(Finding::NoCheckpoint);
        }
        for seen in history.seen.values_mut() {
            seen.sort_by_key(|seen| (seen.row, seen.by));
        }
        Ok(history)
    }

    /// What is wrong with the checkpoints themselves.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The newest checkpoint.
    pub fn newest(&self) -> Option<&CheckpointName> {
        self.names.iter().max_by_key(|name| name.at)
    }

    /// The restores that operators accepted, oldest first.
    pub fn accepted(&self) -> Vec<AcceptedRestore> {
        self.restores.all().cloned().collect()
    }

    /// The last number of each series.
    pub(super) fn covers(&self) -> BTreeMap<Uuid, u64> {
        let mut covers = BTreeMap::new();
        for name in &self.names {
            let last = covers.entry(name.series).or_insert(name.number);
            *last = name.number.max(*last);
        }
        covers
    }

    /// How many there are.
    pub fn checkpoints(&self) -> usize {
        self.names.len()
    }

    pub(super) fn chains(&self) -> impl Iterator<Item = &str> {
        self.seen.keys().map(String::as_str)
    }

    /// What was seen of a chain, by row.
    pub(super) fn of_chain(&self, chain: &str) -> &[Seen] {
        self.seen.get(chain).map_or(&[], Vec::as_slice)
    }

    /// What is gone from a chain with restores, as operators said.
    pub(super) fn restored(&self, chain: &str) -> Vec<RestoredRows> {
        self.restores.of_chain(chain)
    }

    /// Whether an operator who had read this checkpoint said that what it saw is gone with a restore.
    pub(super) fn is_gone(&self, chain: &str, seen: &Seen) -> bool {
        let CheckpointName { series, number, .. } = &self.names[seen.by];
        self.restores.is_gone(chain, seen.row, (*series, *number))
    }

    pub(super) fn name_of(&self, seen: &Seen) -> CheckpointName {
        self.names[seen.by].clone()
    }

    /// The oldest checkpoint that saw a row of this chain from this one on, and of which no operator said that it is gone.
    pub(super) fn first_to_see(&self, chain: &str, from: i64) -> Option<CheckpointName> {
        let seen = self.of_chain(chain).iter().filter(|seen| seen.row >= from && !self.is_gone(chain, seen));
        seen.map(|seen| self.name_of(seen)).min_by_key(|name| name.at)
    }

    /// A series that one place has further than another was cut off there. The last of a place may still be under way to the next.
    fn compare(&mut self, ends: BTreeMap<Uuid, Vec<(String, u64)>>) {
        for (series, places) in ends {
            let furthest = places.iter().map(|(_, end)| *end).max().unwrap_or_default();
            for (place, end) in places.into_iter().filter(|(_, end)| end + 1 < furthest) {
                self.findings.push(Finding::CheckpointsMissing { place, series, from: end + 1, to: furthest });
            }
        }
    }
}

/// One place while it is read.
struct Reading<'a> {
    service: &'a str,
    trusted: &'a [PublicKey],
    place: String,
    series: BTreeMap<Uuid, Series>,
    /// Checkpoints of this place, by the hash of their text. One that comes again says nothing new.
    read: HashSet<Hash>,
    unsigned: Unsigned,
    history: History,
    /// Checkpoints of all places.
    known: HashSet<Hash>,
}

/// How many records no trusted key signed.
#[derive(Default)]
struct Unsigned {
    no_checkpoint: u64,
    key_unknown: u64,
    forged: u64,
}

impl<'a> Reading<'a> {
    fn begin(service: &'a str, trusted: &'a [PublicKey], place: String, history: History, known: HashSet<Hash>) -> Self {
        let (series, read, unsigned) = (BTreeMap::new(), HashSet::new(), Unsigned::default());
        Self { service, trusted, place, series, read, unsigned, history, known }
    }

    fn note(&mut self, note: &str) {
        match service_of(note) {
            Some(service) if service == self.service => {}
            // A topic holds those of every service, each with a key of its own.
            Some(_) => return,
            None => {
                self.unsigned.no_checkpoint += 1;
                return;
            }
        }
        match note::open(note, self.trusted) {
            Ok(text) if !self.read.insert(hash_of(text)) => {}
            Ok(text) => match Checkpoint::parse(text) {
                Some(checkpoint) => self.take(checkpoint, hash_of(text)),
                None => self.find(Finding::CheckpointUnreadable { place: self.place.clone() }),
            },
            Err(NoteError::Malformed) => self.unsigned.no_checkpoint += 1,
            Err(NoteError::KeyUnknown) => self.unsigned.key_unknown += 1,
            Err(NoteError::SignatureWrong) => self.unsigned.forged += 1,
        }
    }

    fn take(&mut self, checkpoint: Checkpoint, hash: Hash) {
        self.history.restores.add(&checkpoint);
        let Checkpoint { series: id, number, root, at, previous, moved, .. } = checkpoint;
        let name = CheckpointName { series: id, number, at };
        let begin = || Series { last: 0, previous: None, heads: Heads::default(), root: Heads::default().root(), name: name.clone() };
        let series = self.series.entry(id).or_insert_with(begin);
        let (last, is_linked) = (series.last, series.previous == previous);
        series.heads.put(&moved, (id, number));
        (series.last, series.previous, series.root, series.name) = (number, Some(hash), root, name.clone());
        if number > last + 1 {
            let finding = Finding::CheckpointsMissing { place: self.place.clone(), series: id, from: last + 1, to: number - 1 };
            self.find(finding);
        } else if number != last + 1 || !is_linked {
            self.find(Finding::CheckpointUnlinked { place: self.place.clone(), checkpoint: name.clone() });
        }
        if !self.known.insert(hash) {
            return;
        }
        let by = self.history.names.len();
        self.history.names.push(name);
        for head in moved {
            self.history.seen.entry(head.chain).or_default().push(Seen { row: head.rows, hash: head.hash, by });
        }
    }

    /// How far each series goes, and how much was no checkpoint of ours. The root of the last checkpoint is over all that were listed before it, so it is compared once, unless
    /// some are missing, which was said already.
    fn end(&mut self) -> Vec<(Uuid, u64)> {
        let incomplete: BTreeSet<Uuid> = (self.history.findings.iter())
            .filter_map(|finding| match finding {
                Finding::CheckpointsMissing { series, .. } => Some(*series),
                _ => None,
            })
            .collect();
        let mut ends = Vec::new();
        for (id, series) in std::mem::take(&mut self.series) {
            if series.heads.root() != series.root && !incomplete.contains(&id) {
                self.find(Finding::CheckpointUnlinked { place: self.place.clone(), checkpoint: series.name });
            }
            ends.push((id, series.last));
        }
        let Unsigned { no_checkpoint, key_unknown, forged } = self.unsigned;
        let place = || self.place.clone();
        let unsigned = [
            (no_checkpoint, Finding::NotACheckpoint { place: place(), records: no_checkpoint }),
            (key_unknown, Finding::CheckpointKeyUnknown { place: place(), records: key_unknown }),
            (forged, Finding::CheckpointForged { place: place(), records: forged }),
        ];
        self.history.findings.extend(unsigned.into_iter().filter(|(records, _)| *records > 0).map(|(_, finding)| finding));
        ends
    }

    /// The same of many notes is said once.
    fn find(&mut self, finding: Finding) {
        if !self.history.findings.contains(&finding) {
            self.history.findings.push(finding);
        }
    }
}
