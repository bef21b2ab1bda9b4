//! Makes the checkpoints of one database: one series, kept in a file, and sent on to the other places.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use runtime::{
    AuditId, Clock, Ids,
    security::{SecurityEvent, UNVERIFIED},
};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{
    anchor::{Anchor, AnchorError, FileAnchor, SharedAnchor},
    checkpoint::{Checkpoint, Claim, Hash, Head, Heads, Id, hash_of, is_plain, service_of},
    note::{self, NoteError, PublicKey, SigningKey},
    restore::Restores,
    table::{head, row},
};
use crate::{Database, StoreError, StoreResult};

/// Heads in one checkpoint: a record of the event log has room for so many, and for the rest there is the next.
pub(super) const MOST_HEADS: usize = 4_000;
/// Contradicted chains that the log names each time.
const MOST_NAMED: usize = 10;
/// Rows looked up at once.
const AT_ONCE: usize = 200;

/// Why no checkpoint was made. Nothing is lost: the next one says it too.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The database cannot be read.
    #[error("database not read")]
    Store(#[from] StoreError),
    /// A place cannot be read or written.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// What is in our own file is not what we wrote.
    #[error("{place} was changed ({problem}): keep it for the investigation, move it elsewhere, and a new series begins")]
    NotOurs {
        place: String,
        /// What is wrong.
        problem: &'static str,
    },
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Checkpoints, 0 when no chain has grown.
    pub checkpoints: u64,
    /// Chains that contradict an earlier checkpoint. They are left out, and `audit verify` says what was done to them.
    pub contradicted: Vec<String>,
}

/// What a maker works with.
pub struct Checkpointing {
    pub service: &'static str,
    pub database: Database,
    pub key: Arc<SigningKey>,
    /// Keys of before; our own is one of them without being named.
    pub trusted: Vec<PublicKey>,
    /// The series of this process.
    pub file: FileAnchor,
    /// Where else they go.
    pub further: Vec<SharedAnchor>,
    /// For reading all places, when something is contradicted that an operator may have accepted.
    pub restores_within: Duration,
    pub clock: Clock,
    pub ids: Ids,
}

/// Makes checkpoints, one at a time.
pub struct Checkpoints {
    with: Checkpointing,
    kept: Mutex<Kept>,
}

/// From one time to the next.
#[derive(Default)]
struct Kept {
    /// As in the file; read again after anything went wrong.
    series: Option<Series>,
    /// What operators accepted, as far as it was looked for.
    restores: Restores,
    /// Of these the log was told.
    told: BTreeSet<Id>,
}

impl std::fmt::Debug for Checkpoints {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Checkpoints").field("service", &self.with.service).finish_non_exhaustive()
    }
}

/// The series so far.
struct Series {
    id: Uuid,
    /// Of the last checkpoint; 0 before the first.
    number: u64,
    previous: Option<Hash>,
    heads: Heads,
    /// In the file, and perhaps not at the other places.
    unsent: Option<String>,
}

impl Checkpoints {
    pub fn new(with: Checkpointing) -> Self {
        Self { with, kept: Mutex::default() }
    }

    /// The service whose database it is.
    pub fn service(&self) -> &'static str {
        self.with.service
    }

    /// Says where all chains end now, if any has moved since the last time or nothing was ever said.
    ///
    /// # Errors
    /// When the database or a place cannot be used.
    pub async fn make(&self) -> Result<Made, CheckpointError> {
        let mut kept = self.kept.lock().await;
        // Taken out, and put back when it went well: what is in the file counts.
        let mut series = match kept.series.take() {
            Some(series) => series,
            None => self.read_series(&mut kept).await?,
        };
        let (mut moved, mut contradicted) = self.moved_heads(&series, &kept.restores).await?;
        // Before anything else is waited for.
        self.name(&contradicted);
        self.send_on(&mut series).await?;
        if !contradicted.is_empty() && self.find_restores(&mut kept).await? {
            (moved, contradicted) = self.moved_heads(&series, &kept.restores).await?;
        }
        let mut made = Made { checkpoints: 0, contradicted };
        let mut parts: Vec<&[Head]> = moved.chunks(MOST_HEADS).collect();
        if parts.is_empty() && series.number == 0 {
            parts.push(&[]);
        }
        for part in parts {
            self.add(&mut series, part).await?;
            made.checkpoints += 1;
        }
        kept.series = Some(series);
        Ok(made)
    }

    /// What this process wrote before, or the beginning of something new.
    async fn read_series(&self, kept: &mut Kept) -> Result<Series, CheckpointError> {
        let Checkpointing { file, service, ids, .. } = &self.with;
        let trusted = self.trusted();
        let mut series: Option<Series> = None;
        let mut problem = None;
        file.read(&mut |note| {
            // What is none is for `audit verify` to tell.
            if service_of(note).is_none() {
                return;
            }
            let read = note::open(note, &trusted).map_err(|error| match error {
                NoteError::Malformed => "it holds something else",
                NoteError::KeyUnknown => "it is signed with another key; name that in audit.trusted_keys if it was ours",
                NoteError::SignatureWrong => "a signature is wrong",
            });
            let read = read.and_then(|text| Ok((Checkpoint::parse(text).ok_or("it holds something else")?, hash_of(text))));
            match read {
                // A series of an operator, which is not continued.
                Ok((checkpoint, _)) if checkpoint.restore.is_some() => {
                    kept.restores.add(&checkpoint);
                }
                Ok((checkpoint, hash)) => {
                    let follows = series.as_ref().map_or(checkpoint.number == 1, |series| {
                        checkpoint.series == series.id && checkpoint.number == series.number + 1 && checkpoint.previous == series.previous
                    });
                    if !follows || checkpoint.service != *service {
                        problem.get_or_insert("a checkpoint does not follow from the one before it");
                    }
                    let mut heads = series.take().map(|series| series.heads).unwrap_or_default();
                    let Checkpoint { series: id, number, moved, .. } = checkpoint;
                    heads.put(&moved, (id, number));
                    let (previous, unsent) = (Some(hash), Some(note.to_owned()));
                    series = Some(Series { id, number, previous, heads, unsent });
                }
                Err(what) => {
                    problem.get_or_insert(what);
                }
            }
        })
        .await?;
        if let Some(problem) = problem {
            return Err(CheckpointError::NotOurs { place: file.place(), problem });
        }
        self.tell(kept);
        let begin = || Series { id: ids.next::<AuditId>().as_uuid(), number: 0, previous: None, heads: Heads::default(), unsent: None };
        Ok(series.unwrap_or_else(begin))
    }

    /// Our own key is one of them.
    fn trusted(&self) -> Vec<PublicKey> {
        self.with.trusted.iter().cloned().chain([self.with.key.public()]).collect()
    }

    /// Looks for what operators accepted, at any place, and returns whether there is anything new. All checkpoints are read for it, so only
    /// when something is not as one saw it. What another place has goes into the file too: the next start knows it without looking.
    async fn find_restores(&self, kept: &mut Kept) -> Result<bool, AnchorError> {
        let Checkpointing { service, file, further, restores_within, .. } = &self.with;
        let (trusted, restores) = (self.trusted(), &mut kept.restores);
        let known = restores.all().count();
        let mut new = Vec::new();
        let read = async {
            let mut add = |note: &str| {
                restores.read(service, note, &trusted);
            };
            file.read(&mut add).await?;
            for place in further {
                let mut add_new = |note: &str| {
                    if restores.read(service, note, &trusted) {
                        new.push(note.to_owned());
                    }
                };
                place.read(&mut add_new).await?;
            }
            Ok(())
        };
        let outcome = tokio::time::timeout(*restores_within, read).await;
        if let Err(error) = outcome.unwrap_or_else(|_| Err(AnchorError::new("all places", "no answer in time"))) {
            tracing::warn!(name: "audit.restores_not_read", service, error = %error, "accepted restores not read, will retry");
        }
        for note in new {
            file.keep(&note).await?;
        }
        let is_new = kept.restores.all().count() > known;
        self.tell(kept);
        Ok(is_new)
    }

    /// Someone with the database and a key can excuse what they cut off, so the log says it.
    fn tell(&self, kept: &mut Kept) {
        let service = self.with.service;
        for restore in kept.restores.all().filter(|restore| kept.told.insert((restore.series, restore.number))) {
            SecurityEvent::RestoreAccepted.record(UNVERIFIED, "audit.accept", format_args!("audit:{service}"), "");
            tracing::warn!(name: "audit.restore_accepted", service, %restore, "rows of the audit trail are excused by an accepted restore; if nobody restored a backup, run audit verify");
        }
    }

    /// To the file first: there the series is at home. Only its last checkpoint can be missing elsewhere.
    async fn add(&self, series: &mut Series, moved: &[Head]) -> Result<(), CheckpointError> {
        let at = self.with.clock.now();
        let number = series.number + 1;
        series.heads.put(moved, (series.id, number));
        let checkpoint = Checkpoint {
            service: self.with.service.to_owned(),
            series: series.id,
            number,
            root: series.heads.root(),
            at,
            previous: series.previous,
            restore: None,
            moved: moved.to_vec(),
        };
        let text = checkpoint.text();
        let note = self.with.key.sign(&text);
        self.with.file.keep(&note).await?;
        (series.number, series.previous, series.unsent) = (number, Some(hash_of(&text)), Some(note));
        let hash = series.previous.map(|hash| STANDARD.encode(hash)).unwrap_or_default();
        // Collectors of logs have a third copy of what matters.
        tracing::info!(name: "audit.checkpoint_made", service = self.with.service, series = %series.id, number, sha256 = hash, "checkpoint of the audit trail made");
        self.send_on(series).await
    }

    async fn send_on(&self, series: &mut Series) -> Result<(), CheckpointError> {
        let Some(note) = series.unsent.as_deref() else { return Ok(()) };
        for anchor in &self.with.further {
            anchor.keep(note).await?;
        }
        series.unsent = None;
        Ok(())
    }

    /// The heads that moved on, and the chains that are not what an earlier checkpoint saw.
    async fn moved_heads(&self, series: &Series, restores: &Restores) -> StoreResult<(Vec<Head>, Vec<String>)> {
        let mut found = heads(&self.with.database, self.with.service).await?;
        let mut contradicted = Vec::new();
        let mut to_look_up = Vec::new();
        for (chain, claim) in series.heads.chains() {
            // After an accepted restore, what the operator's checkpoint saw counts; and our own series has to say it too.
            let Some(Claim { rows, hash, by }) = restores.in_place_of(chain, claim) else { continue };
            let is_said = by == claim.by;
            match found.get(chain) {
                Some(head) if head.rows > rows => to_look_up.push((chain.to_owned(), rows, hash)),
                Some(head) if head.rows == rows && head.hash == hash => {
                    if is_said {
                        found.remove(chain);
                    }
                }
                _ => contradicted.push(chain.to_owned()),
            }
        }
        contradicted.extend(self.not_as_seen(&to_look_up).await?);
        for chain in &contradicted {
            found.remove(chain);
        }
        Ok((found.into_values().collect(), contradicted))
    }

    fn name(&self, contradicted: &[String]) {
        // After an older copy was restored it is every chain.
        for chain in contradicted.iter().take(MOST_NAMED) {
            tracing::error!(name: "audit.contradicted", service = self.with.service, chain, "audit chain is not what a checkpoint saw; run audit verify");
        }
    }

    /// The chains of which this row does not have this hash.
    async fn not_as_seen(&self, seen: &[(String, i64, Hash)]) -> StoreResult<Vec<String>> {
        let mut others = Vec::new();
        for some in seen.chunks(AT_ONCE) {
            let is_one = some
                .iter()
                .fold(Condition::any(), |any, (chain, rows, _)| any.add(row::Column::Chain.eq(chain).and(row::Column::Seq.eq(*rows))));
            let rows = row::Entity::find().select_only().columns([row::Column::Chain, row::Column::Hash]).filter(is_one);
            let rows: BTreeMap<String, Vec<u8>> =
                rows.into_tuple::<(String, Vec<u8>)>().all(self.with.database.reader()).await?.into_iter().collect();
            let is_other = |(chain, _, hash): &&(String, i64, Hash)| rows.get(chain).is_none_or(|found| found.as_slice() != hash);
            others.extend(some.iter().filter(is_other).map(|(chain, ..)| chain.clone()));
        }
        Ok(others)
    }
}

/// The ends of all chains that have rows.
async fn heads(database: &Database, service: &str) -> StoreResult<BTreeMap<String, Head>> {
    let heads = head::Entity::find().order_by_asc(head::Column::Chain).all(database.reader()).await?;
    let mut found = BTreeMap::new();
    for head in heads.into_iter().filter(|head| head.seq > 0) {
        match <Hash>::try_from(head.hash) {
            Ok(hash) if is_plain(&head.chain) => {
                found.insert(head.chain.clone(), Head { chain: head.chain, rows: head.seq, hash });
            }
            _ => tracing::error!(name: "audit.head_unreadable", service, "a head that we did not write is in audit_head"),
        }
    }
    Ok(found)
}
