//! An accepted restore: a database that was restored from a backup has lost rows that checkpoints saw. An operator says so once, in a
//! checkpoint with the reason, signed with the key of all others. From then on those rows are a dated fact and no break; everything else that
//! earlier checkpoints saw must still be there, and what the restored database holds is compared with this checkpoint.
//!
//! What is excused is decided by what the operator's checkpoint names, never by clocks: these rows, as these checkpoints saw them.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::{
    checkpoint::{Checkpoint, Claim, Heads, Id, Lost, Restore, service_of},
    note::{self, PublicKey},
};

/// Rows of a chain that are gone with an accepted restore.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RestoredRows {
    /// The first that no checkpoint proves and that may be gone.
    pub from: i64,
    /// The last that one saw.
    pub to: i64,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// As the operator wrote it.
    pub reason: String,
}

impl std::fmt::Display for RestoredRows {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to, at, reason } = self;
        write!(formatter, "rows {from} to {to}: gone with a restore, accepted {}: {reason}", seconds(*at))
    }
}

/// A checkpoint in which an operator accepted a restore.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AcceptedRestore {
    pub series: Uuid,
    pub number: u64,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// When the backup was made, as the operator says.
    pub backup_of: DateTime<Utc>,
    /// As the operator wrote it.
    pub reason: String,
    /// Chains that have lost rows.
    pub chains: usize,
}

impl std::fmt::Display for AcceptedRestore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { series, at, backup_of, reason, chains, .. } = self;
        let (at, backup_of) = (seconds(*at), seconds(*backup_of));
        write!(formatter, "restore of a backup of {backup_of}, accepted {at} for {chains} chain(s) (series {series}): {reason}")
    }
}

fn seconds(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// All accepted restores of a service, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Restores(Vec<Accepted>);

#[derive(Debug, Clone)]
struct Accepted {
    about: AcceptedRestore,
    covers: BTreeMap<Uuid, u64>,
    lost: BTreeMap<String, (i64, i64)>,
    /// What its checkpoint saw.
    heads: Heads,
}

impl Accepted {
    /// Whether this row, as this checkpoint saw it, is gone with the restore.
    fn excuses(&self, chain: &str, row: i64, (series, number): Id) -> bool {
        let is_lost = self.lost.get(chain).is_some_and(|(from, to)| (*from..=*to).contains(&row));
        is_lost && self.covers.get(&series).is_some_and(|last| number <= *last)
    }
}

impl Restores {
    /// That of a checkpoint, which may be of any kind and come twice. Returns whether it is a restore that was not known. A second one of the
    /// same number excuses nothing: the log was told of the first.
    pub(super) fn add(&mut self, checkpoint: &Checkpoint) -> bool {
        let Checkpoint { series, number, at, restore: Some(restore), moved, .. } = checkpoint else { return false };
        if self.all().any(|known| (known.series, known.number) == (*series, *number)) {
            return false;
        }
        let Restore { reason, backup_of, covers, lost } = restore;
        let about = AcceptedRestore {
            series: *series,
            number: *number,
            at: *at,
            backup_of: *backup_of,
            reason: reason.clone(),
            chains: lost.len(),
        };
        let lost = lost.iter().map(|Lost { chain, from, to }| (chain.clone(), (*from, *to))).collect();
        let mut heads = Heads::default();
        heads.put(moved, (*series, *number));
        self.0.push(Accepted { about, covers: covers.clone(), lost, heads });
        self.0.sort_by_key(|accepted| accepted.about.at);
        true
    }

    /// The same of a note; one that is not ours or that nobody who is trusted signed says nothing.
    pub(super) fn read(&mut self, service: &str, note: &str, trusted: &[PublicKey]) -> bool {
        let of_service = (service_of(note) == Some(service)).then(|| note::open(note, trusted).ok()).flatten();
        of_service.and_then(Checkpoint::parse).is_some_and(|checkpoint| self.add(&checkpoint))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &AcceptedRestore> {
        self.0.iter().map(|accepted| &accepted.about)
    }

    pub(super) fn of_chain(&self, chain: &str) -> Vec<RestoredRows> {
        let rows = |accepted: &Accepted| {
            let (from, to) = *accepted.lost.get(chain)?;
            Some(RestoredRows { from, to, at: accepted.about.at, reason: accepted.about.reason.clone() })
        };
        self.0.iter().filter_map(rows).collect()
    }

    /// Whether this row, as this checkpoint saw it, is gone with a restore.
    pub(super) fn is_gone(&self, chain: &str, row: i64, by: Id) -> bool {
        self.0.iter().any(|accepted| accepted.excuses(chain, row, by))
    }

    /// What counts in place of what a checkpoint said: itself, or what the checkpoint of the restore saw; `None` when the chain is gone with it.
    pub(super) fn in_place_of(&self, chain: &str, claim: Claim) -> Option<Claim> {
        let mut counts = Some(claim);
        for accepted in &self.0 {
            let excuses = |claim: Claim| accepted.excuses(chain, claim.rows, claim.by);
            if excuses(claim) || counts.is_some_and(excuses) {
                counts = accepted.heads.of_chain(chain);
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checkpoint::Head;

    const CHAIN: &str = "platform";
    const SERVICE: Uuid = Uuid::from_u64_pair(0, 1);
    const FIRST: Uuid = Uuid::from_u64_pair(0, 2);
    const SECOND: Uuid = Uuid::from_u64_pair(0, 3);

    /// Accepts that these rows are gone, and saw the row before them.
    fn accepted(series: Uuid, covers: &[Id], from: i64, to: i64) -> Checkpoint {
        let head = Head { chain: CHAIN.to_owned(), rows: from - 1, hash: [2; 32] };
        let restore = Restore {
            reason: "disk failed".to_owned(),
            backup_of: DateTime::UNIX_EPOCH,
            covers: covers.iter().copied().collect(),
            lost: vec![Lost { chain: CHAIN.to_owned(), from, to }],
        };
        Checkpoint {
            service: "identity".to_owned(),
            series,
            number: 1,
            root: [0; 32],
            at: DateTime::UNIX_EPOCH,
            previous: None,
            restore: Some(restore),
            moved: if head.rows > 0 { vec![head] } else { Vec::new() },
        }
    }

    fn of(checkpoints: &[Checkpoint]) -> Restores {
        let mut restores = Restores::default();
        checkpoints.iter().for_each(|checkpoint| assert!(restores.add(checkpoint)));
        restores
    }

    fn claim(rows: i64, by: Id) -> Claim {
        Claim { rows, hash: [1; 32], by }
    }

    #[test]
    fn only_the_rows_of_the_checkpoints_that_are_named_are_excused() {
        let restores = of(&[accepted(FIRST, &[(SERVICE, 3)], 4, 5)]);
        for (chain, row, by, expected) in [
            (CHAIN, 4, (SERVICE, 1), true),
            (CHAIN, 5, (SERVICE, 3), true),
            (CHAIN, 3, (SERVICE, 3), false),
            (CHAIN, 6, (SERVICE, 3), false),
            (CHAIN, 5, (SERVICE, 4), false),
            (CHAIN, 5, (FIRST, 1), false),
            ("board:1", 5, (SERVICE, 3), false),
        ] {
            assert_eq!(restores.is_gone(chain, row, by), expected, "row {row} of {chain} as {by:?} saw it");
            let counts = restores.in_place_of(chain, claim(row, by)).map(|claim| claim.by);
            assert_eq!(counts, Some(if expected { (FIRST, 1) } else { by }), "row {row} of {chain}");
        }
    }

    #[test]
    fn after_several_restores_the_last_counts_also_when_they_name_each_other() {
        let [first, second] = [accepted(FIRST, &[(SERVICE, 3), (SECOND, 1)], 4, 5), accepted(SECOND, &[(SERVICE, 3), (FIRST, 1)], 3, 5)];
        let counts =
            |checkpoints: &[Checkpoint]| of(checkpoints).in_place_of(CHAIN, claim(5, (SERVICE, 3))).map(|claim| (claim.by, claim.rows));
        assert_eq!(counts(&[first.clone(), second.clone()]), Some(((SECOND, 1), 2)));
        let all_gone = accepted(FIRST, &[(SERVICE, 3)], 1, 5);
        assert_eq!(counts(std::slice::from_ref(&all_gone)), None);
        assert_eq!(counts(&[all_gone, second]), Some(((SECOND, 1), 2)));
    }

    #[test]
    fn what_comes_twice_counts_once() {
        let first = accepted(FIRST, &[(SERVICE, 3)], 4, 5);
        let mut restores = of(std::slice::from_ref(&first));
        for again in [first, accepted(FIRST, &[(SERVICE, 3)], 1, 5)] {
            assert!(!restores.add(&again));
        }
        assert_eq!((restores.all().count(), restores.of_chain(CHAIN).len()), (1, 1));
        assert!(!restores.is_gone(CHAIN, 1, (SERVICE, 3)), "another of the same number");
    }
}
