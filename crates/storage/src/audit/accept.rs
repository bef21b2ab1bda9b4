//! Accepting a restore: an operator says, in a checkpoint of their own, which rows are gone with it and why.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    anchor::{Anchor, AnchorError},
    checkpoint::{Checkpoint, Hash, Head, Heads, Lost, Restore, hash_of, is_plain},
    examine::{ChainReport, examine},
    finding::{CheckpointName, Finding},
    history::History,
    note::SigningKey,
    record::MOST_HEADS,
    restore::RestoredRows,
};
use crate::{Database, StoreError};

/// Characters of a reason.
const LONGEST_REASON: usize = 500;

/// Why no restore was accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The database cannot be read.
    #[error("database not read")]
    Store(#[from] StoreError),
    /// The checkpoint was not kept.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// It would not be one line of a checkpoint.
    #[error("give the reason in one line of 1 to {LONGEST_REASON} characters")]
    Reason,
    /// What is excused is what checkpoints saw, so all of them must be there.
    #[error("checkpoints: {0}: find those first, or find out who removed them; nothing was accepted")]
    Checkpoints(Finding),
    /// The backup had these rows.
    #[error(
        "{chain}: {checkpoint} saw row {from} or later, before that backup was made: a restore of it does not lose that, so nothing was accepted"
    )]
    BeforeBackup { chain: String, from: i64, checkpoint: CheckpointName },
    /// A backup has fewer rows, or others after its last; nothing else can come of a restore.
    #[error("{chain}: {finding}: that does not come from a restore, so nothing was accepted")]
    NotARestore { chain: String, finding: Finding },
}

/// What an operator's checkpoint is made with.
pub struct Acceptance<'a> {
    pub service: &'a str,
    pub database: &'a Database,
    /// Read before the database is.
    pub history: &'a History,
    pub key: &'a SigningKey,
    /// Where the service and everybody who verifies looks.
    pub place: &'a dyn Anchor,
    pub at: DateTime<Utc>,
    /// A new one.
    pub series: Uuid,
    /// When the backup was begun that was restored.
    pub backup_of: DateTime<Utc>,
    /// By whose decision it was restored and why, in one line.
    pub reason: &'a str,
}

impl Acceptance<'_> {
    /// Accepts that rows are gone, in every chain where some are, and says which; none when every chain is as checkpoints saw it.
    ///
    /// # Errors
    /// When anything is found that does not come from a restore of that backup, or the database or the place cannot be used.
    pub async fn accept(&self) -> Result<Vec<(String, RestoredRows)>, AcceptError> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON || reason.chars().any(char::is_control) {
            return Err(AcceptError::Reason);
        }
        if let Some(finding) = self.history.findings().iter().find(|finding| finding.is_break()) {
            return Err(AcceptError::Checkpoints(finding.clone()));
        }
        let reports = examine(self.database, self.history, None).await?;
        let ends = reports.into_iter().map(|report| self.end_of(report)).collect::<Result<Vec<_>, _>>()?;
        let restored = |Lost { chain, from, to }| (chain, RestoredRows { from, to, at: self.at, reason: reason.to_owned() });
        let restored: Vec<_> = ends.iter().filter_map(|end| end.lost.clone()).map(restored).collect();
        if !restored.is_empty() {
            self.sign(reason, &ends).await?;
        }
        Ok(restored)
    }

    /// What a chain has lost, if that comes from a restore of this backup, and what is there.
    fn end_of(&self, report: ChainReport) -> Result<End, AcceptError> {
        let ChainReport { chain, rows, last_hash, findings, .. } = report;
        let lost = lost_rows(&chain, findings)?;
        if let Some(Lost { from, .. }) = lost
            && let Some(checkpoint) = self.history.first_to_see(&chain, from).filter(|checkpoint| checkpoint.at < self.backup_of)
        {
            return Err(AcceptError::BeforeBackup { chain, from, checkpoint });
        }
        let hash = Hash::try_from(last_hash).ok().filter(|_| is_plain(&chain));
        Ok(End { lost, head: hash.map(|hash| Head { chain, rows, hash }) })
    }

    /// What a chain has lost and what is there of it are in one checkpoint, so that each counts by itself.
    async fn sign(&self, reason: &str, ends: &[End]) -> Result<(), AcceptError> {
        let covers = self.history.covers();
        let (mut heads, mut previous) = (Heads::default(), None);
        for (number, part) in (1..).zip(ends.chunks(MOST_HEADS / 2)) {
            let moved: Vec<Head> = part.iter().filter_map(|end| end.head.clone()).collect();
            let lost = part.iter().filter_map(|end| end.lost.clone()).collect();
            heads.put(&moved, (self.series, number));
            let restore = Restore { reason: reason.to_owned(), backup_of: self.backup_of, covers: covers.clone(), lost };
            let checkpoint = Checkpoint {
                service: self.service.to_owned(),
                series: self.series,
                number,
                root: heads.root(),
                at: self.at,
                previous,
                restore: Some(restore),
                moved,
            };
            let text = checkpoint.text();
            self.place.keep(&self.key.sign(&text)).await?;
            previous = Some(hash_of(&text));
        }
        Ok(())
    }
}

/// Of one chain.
struct End {
    lost: Option<Lost>,
    /// `None` when it has no rows.
    head: Option<Head>,
}

fn lost_rows(chain: &str, findings: Vec<Finding>) -> Result<Option<Lost>, AcceptError> {
    let mut lost: Option<Lost> = None;
    for finding in findings {
        let Some((first, last)) = finding.gone() else { return Err(AcceptError::NotARestore { chain: chain.to_owned(), finding }) };
        let (from, to) = lost.map_or((first, last), |Lost { from, to, .. }| (from.min(first), to.max(last)));
        lost = Some(Lost { chain: chain.to_owned(), from, to });
    }
    Ok(lost)
}
