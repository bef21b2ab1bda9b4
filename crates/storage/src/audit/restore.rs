//! An accepted restore: a database that was restored from a backup has lost rows that checkpoints saw. An operator says so once, in a
//! checkpoint with the reason, signed with the key of all others. From then on those rows are a dated fact and no break; everything else that
//! earlier checkpoints saw must still be there, and what the restored database holds is compared with this checkpoint.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use super::{
    checkpoint::{Checkpoint, Claim, Head, Lost, Restore, service_of},
    note::{self, PublicKey},
};

/// Rows of a chain that are gone with an accepted restore.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RestoredRows {
    /// The first that earlier checkpoints saw and that is gone.
    pub from: i64,
    /// The last.
    pub to: i64,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// As the operator wrote it.
    pub reason: String,
}

impl std::fmt::Display for RestoredRows {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to, at, reason } = self;
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(formatter, "rows {from} to {to}: gone with a restore, accepted {at}: {reason}")
    }
}

/// All accepted restores of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Restores {
    /// By chain, oldest first.
    lost: BTreeMap<String, Vec<RestoredRows>>,
    /// What their checkpoints saw, by chain and moment.
    heads: BTreeMap<(String, DateTime<Utc>), Claim>,
}

impl Restores {
    /// Those of a checkpoint that may be of any kind; it may come twice.
    pub(super) fn add(&mut self, checkpoint: &Checkpoint) {
        let Some(Restore { reason, lost }) = &checkpoint.restore else { return };
        let at = checkpoint.at;
        for Lost { chain, from, to } in lost {
            let rows = RestoredRows { from: *from, to: *to, at, reason: reason.clone() };
            let of_chain = self.lost.entry(chain.clone()).or_default();
            if !of_chain.contains(&rows) {
                of_chain.push(rows);
                of_chain.sort_by_key(|rows| rows.at);
            }
        }
        let claim = |head: &Head| Claim { rows: head.rows, hash: head.hash, at };
        self.heads.extend(checkpoint.moved.iter().map(|head| ((head.chain.clone(), at), claim(head))));
    }

    /// The same of a note; one that is not ours or that nobody who is trusted signed says nothing.
    pub(super) fn read(&mut self, service: &str, note: &str, trusted: &[PublicKey]) {
        if service_of(note) == Some(service)
            && let Ok(text) = note::open(note, trusted)
            && let Some(checkpoint) = Checkpoint::parse(text)
        {
            self.add(&checkpoint);
        }
    }

    pub(super) fn of_chain(&self, chain: &str) -> &[RestoredRows] {
        self.lost.get(chain).map_or(&[], Vec::as_slice)
    }

    /// Whether this row, as a checkpoint of this moment saw it, is gone with a restore.
    pub(super) fn is_gone(&self, chain: &str, row: i64, seen_at: DateTime<Utc>) -> bool {
        self.last(chain, row, seen_at).is_some()
    }

    /// What counts in place of what a checkpoint said: itself, or what the checkpoint of the restore saw; `None` when the chain is gone with it.
    pub(super) fn in_place_of(&self, chain: &str, mut claim: Claim) -> Option<Claim> {
        while let Some(restored) = self.last(chain, claim.rows, claim.at) {
            claim = self.heads.get(&(chain.to_owned(), restored.at)).copied()?;
        }
        Some(claim)
    }

    fn last(&self, chain: &str, row: i64, seen_at: DateTime<Utc>) -> Option<&RestoredRows> {
        self.of_chain(chain).iter().rev().find(|restored| row >= restored.from && seen_at < restored.at)
    }
}
