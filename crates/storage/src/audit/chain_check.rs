//! Goes over the rows of one chain, in order, and says what is not as it was written.
//!
//! Each row is checked against the *stored* hash of the one before it, so that one changed row is one finding and not all that follow.
//! What the hashes of the chain cannot tell, since someone with the database can write them all again, the checkpoints do.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{
    finding::{CheckpointName, Finding},
    history::{History, Seen},
    table::{head, row},
};

/// Rows that do not follow from the one before them and are compared with each other: reordered rows are found among so many.
const MOST_COMPARED: usize = 24;

/// How far the clocks of two processes may be apart.
const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::hours(1);

/// A chain that is being read.
pub(super) struct ChainCheck<'h> {
    history: &'h History,
    chain: &'h str,
    seen: &'h [Seen],
    next_seen: usize,
    /// The last row that was read, and its hash as stored.
    last: i64,
    last_hash: Vec<u8>,
    /// What the hash of the last row would be by its columns, where it is another.
    instead: Option<Vec<u8>>,
    /// The last row when its hash holds and digests of columns do not.
    pending: Option<(i64, Vec<&'static str>)>,
    unlinked: Vec<Unlinked>,
    /// The last row that a checkpoint saw as it is, and rows that one saw otherwise.
    agreed: i64,
    rewritten: Option<(i64, Seen)>,
    /// The last of the checkpoints that saw a row as it is: what follows was added after it.
    added_after: Option<CheckpointName>,
    /// The head's hash, where the last row has another.
    head_disagrees: Option<Vec<u8>>,
    findings: BTreeMap<i64, Vec<Finding>>,
}

/// A row that does not follow from the one before it, though its columns are as their digests say.
struct Unlinked {
    row: row::Model,
    /// The stored hash of the row before it.
    previous: Vec<u8>,
}

/// What was found, and how much of the chain a checkpoint proves.
pub(super) struct Checked {
    pub rows: i64,
    /// As stored.
    pub last_hash: Vec<u8>,
    pub proven: i64,
    pub findings: Vec<Finding>,
}

impl<'h> ChainCheck<'h> {
    pub(super) fn begin(history: &'h History, chain: &'h str) -> Self {
        Self {
            history,
            chain,
            seen: history.of_chain(chain),
            next_seen: 0,
            last: 0,
            last_hash: Vec::new(),
            instead: None,
            pending: None,
            unlinked: Vec::new(),
            agreed: 0,
            rewritten: None,
            added_after: None,
            head_disagrees: None,
            findings: BTreeMap::new(),
        }
    }

    fn find(&mut self, row: i64, finding: Finding) {
        self.findings.entry(row).or_default().push(finding);
    }

    /// The next row of the chain, by its number.
    pub(super) fn row(&mut self, row: row::Model) {
        let seq = row.seq;
        if seq < 1 {
            self.find(seq, Finding::RowUnexpected { row: seq });
            return;
        }
        let is_next = seq == self.last + 1;
        if !is_next {
            self.find(self.last + 1, Finding::RowsMissing { from: self.last + 1, to: seq - 1 });
            self.settle_pending(None);
        }
        // After a gap there is nothing to follow from.
        let follows = |previous: &[u8]| row.chained_to(previous) == row.hash;
        let is_linked = !is_next || follows(&self.last_hash);
        let changed = row.changed_columns();
        if is_next {
            self.settle_pending(Some(is_linked));
        }
        let mut instead = None;
        if !is_linked {
            let follows_instead = self.instead.as_deref().is_some_and(follows);
            let was_settled =
                self.findings.get(&self.last).is_some_and(|found| found.iter().any(|one| matches!(one, Finding::RowChanged { .. })));
            if follows_instead {
                // The row before holds another hash than this one was written after.
                self.hash_was_changed(self.last);
            } else if !changed.is_empty() {
                self.find(seq, Finding::RowChanged { row: seq, columns: changed.clone() });
            } else if !was_settled {
                instead = Some(row.chained_to(&self.last_hash));
                self.unlinked.push(Unlinked { row: row.clone(), previous: self.last_hash.clone() });
            }
        } else if !changed.is_empty() {
            self.pending = Some((seq, changed));
        }
        self.instead = instead;
        if let Some(checkpoint) = self.added_after.as_ref().filter(|checkpoint| row.at + CLOCKS_DIFFER_BY < checkpoint.at) {
            let checkpoint = checkpoint.clone();
            self.find(seq, Finding::Backdated { row: seq, checkpoint });
        }
        self.compare_with_checkpoints(seq, &row.hash);
        self.last = seq;
        self.last_hash = row.hash;
    }

    /// The hash of the last row holds and its digests do not. When what follows is linked to it, the digests were changed; else the
    /// columns were, and the hash after them.
    fn settle_pending(&mut self, next_is_linked: Option<bool>) {
        let Some((row, columns)) = self.pending.take() else { return };
        let columns = if next_is_linked == Some(true) { vec!["column_digests"] } else { columns };
        self.find(row, Finding::RowChanged { row, columns });
    }

    fn hash_was_changed(&mut self, row: i64) {
        self.unlinked.retain(|unlinked| unlinked.row.seq != row);
        self.find(row, Finding::RowChanged { row, columns: vec!["hash"] });
    }

    fn compare_with_checkpoints(&mut self, row: i64, hash: &[u8]) {
        while let Some(seen) = self.seen.get(self.next_seen).filter(|seen| seen.row <= row) {
            self.next_seen += 1;
            if seen.row < row {
                // It was deleted, which is said already.
                continue;
            }
            let is_same = seen.hash.as_slice() == hash;
            if !is_same && self.history.is_gone(self.chain, seen) {
                continue;
            }
            if !is_same {
                let from = self.rewritten.as_ref().map_or(self.agreed + 1, |(from, _)| *from);
                self.rewritten = Some((from, seen.clone()));
            } else if self.rewritten.is_none() {
                self.agreed = row;
                let checkpoint = self.history.name_of(seen);
                self.added_after = self.added_after.take().filter(|before| before.at >= checkpoint.at).or(Some(checkpoint));
            }
        }
    }

    /// All rows up to the head were read. `beyond`: the first row after it.
    pub(super) fn end(mut self, head: Option<&head::Model>, beyond: Option<i64>) -> Checked {
        if let Some(head) = head {
            self.end_at(head);
        } else if self.last > 0 {
            self.settle_pending(None);
            self.find(self.last, Finding::HeadMissing);
        }
        self.find_misplaced();
        if let Some(row) = beyond {
            self.find(row, Finding::RowUnexpected { row });
        }
        if let Some((from, seen)) = self.rewritten.take() {
            let checkpoint = self.history.name_of(&seen);
            self.find(from, Finding::Rewritten { from, to: seen.row, checkpoint });
        }
        let beyond = self.seen.iter().filter(|seen| seen.row > self.last && !self.history.is_gone(self.chain, seen));
        if let Some(furthest) = beyond.max_by_key(|seen| seen.row) {
            let checkpoint = self.history.name_of(furthest);
            let is_gone = self.last == 0 && head.is_none();
            let finding = if is_gone {
                Finding::ChainRemoved { seen: furthest.row, checkpoint }
            } else {
                Finding::CutOff { from: self.agreed + 1, rows: self.last, seen: furthest.row, checkpoint }
            };
            self.find(self.agreed + 1, finding);
        }
        let Self { last, last_hash, agreed, findings, .. } = self;
        Checked { rows: last, last_hash, proven: agreed, findings: findings.into_values().flatten().collect() }
    }

    fn end_at(&mut self, head: &head::Model) {
        if self.last < head.seq {
            self.settle_pending(None);
            self.find(self.last + 1, Finding::RowsMissing { from: self.last + 1, to: head.seq });
            return;
        }
        let agrees = head.hash == self.last_hash;
        self.settle_pending(Some(agrees));
        if agrees {
            return;
        }
        if self.instead.as_deref() == Some(head.hash.as_slice()) {
            self.hash_was_changed(self.last);
        } else {
            self.head_disagrees = Some(head.hash.clone());
        }
    }

    /// Of the rows that do not follow from the one before, those that another place would fit.
    fn find_misplaced(&mut self) {
        let unlinked = std::mem::take(&mut self.unlinked);
        let compared: Vec<&Unlinked> = unlinked.iter().take(MOST_COMPARED).collect();
        let mut written_as: BTreeMap<i64, &Unlinked> = BTreeMap::new();
        let mut misplaced = Vec::new();
        let hashes = || compared.iter().flat_map(|one| [one.previous.as_slice(), one.row.hash.as_slice()]).chain([[].as_slice()]);
        for &one in &compared {
            let elsewhere = compared.iter().map(|other| other.row.seq).filter(|place| *place != one.row.seq).find(|place| {
                let moved = row::Model { seq: *place, ..one.row.clone() };
                hashes().any(|previous| moved.chained_to(previous) == moved.hash)
            });
            if let Some(place) = elsewhere {
                written_as.insert(place, one);
                misplaced.push((one.row.seq, place));
            }
        }
        if let Some(head) = self.head_disagrees.take()
            && written_as.get(&self.last).is_none_or(|last| last.row.hash != head)
        {
            self.find(self.last, Finding::HeadDisagrees { row: self.last });
        }
        for (row, place) in &misplaced {
            self.find(*row, Finding::RowMisplaced { row: *row, written_as: *place });
        }
        for one in &unlinked {
            let row = one.row.seq;
            let is_misplaced = misplaced.iter().any(|(at, _)| *at == row);
            let follows_its_own = written_as.get(&(row - 1)).is_some_and(|before| one.row.chained_to(&before.row.hash) == one.row.hash);
            if !is_misplaced && !follows_its_own {
                self.find(row, Finding::RowUnlinked { row });
            }
        }
    }
}
