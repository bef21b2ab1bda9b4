//! Accepting a restore: an operator says, in a checkpoint of their own, which rows are gone with it and why.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    anchor::{Anchor, AnchorError},
    checkpoint::{Checkpoint, Head, Heads, Lost, Restore, hash_of},
    examine::{ChainReport, examine},
    finding::Finding,
    history::History,
    note::SigningKey,
    record::{MOST_HEADS, heads},
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
}

impl Acceptance<'_> {
    /// Accepts that rows are gone, in every chain where some are, and says which; none when every chain is as checkpoints saw it.
    ///
    /// # Errors
    /// When anything is found that does not come from a restore, or the database or the place cannot be used.
    pub async fn accept(&self, reason: &str) -> Result<Vec<(String, RestoredRows)>, AcceptError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON || reason.chars().any(char::is_control) {
            return Err(AcceptError::Reason);
        }
        let reports = examine(self.database, self.history, None).await?;
        let lost = reports.into_iter().filter(|report| !report.is_intact()).map(lost_rows).collect::<Result<Vec<_>, _>>()?;
        if !lost.is_empty() {
            self.sign(reason, &lost).await?;
        }
        let restored = |Lost { chain, from, to }| (chain, RestoredRows { from, to, at: self.at, reason: reason.to_owned() });
        Ok(lost.into_iter().map(restored).collect())
    }

    /// The heads first: once rows are accepted as gone, something stands for those that are there.
    async fn sign(&self, reason: &str, lost: &[Lost]) -> Result<(), AcceptError> {
        let moved: Vec<Head> = heads(self.database, self.service).await?.into_values().collect();
        let parts = moved.chunks(MOST_HEADS).map(|moved| (moved, [].as_slice()));
        let parts = parts.chain(lost.chunks(MOST_HEADS).map(|lost| ([].as_slice(), lost)));
        let (mut heads, mut previous) = (Heads::default(), None);
        for (number, (moved, lost)) in (1..).zip(parts) {
            heads.put(moved, self.at);
            let checkpoint = Checkpoint {
                service: self.service.to_owned(),
                series: self.series,
                number,
                root: heads.root(),
                at: self.at,
                previous,
                restore: Some(Restore { reason: reason.to_owned(), lost: lost.to_vec() }),
                moved: moved.to_vec(),
            };
            let text = checkpoint.text();
            self.place.keep(&self.key.sign(&text)).await?;
            previous = Some(hash_of(&text));
        }
        Ok(())
    }
}

fn lost_rows(report: ChainReport) -> Result<Lost, AcceptError> {
    let (mut from, mut to) = (i64::MAX, 0);
    for finding in report.findings {
        let Some((first, last)) = finding.gone() else { return Err(AcceptError::NotARestore { chain: report.chain, finding }) };
        (from, to) = (from.min(first), to.max(last));
    }
    Ok(Lost { chain: report.chain, from, to })
}
