//! Checks every chain of a database against itself, against what checkpoints saw, and against the texts that people wrote.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use auth::Action;
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait as _, DatabaseBackend, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, sea_query::Expr};
use sha2::{Digest as _, Sha256};

use super::{
    chain_check::{ChainCheck, Checked},
    finding::Finding,
    history::History,
    restore::RestoredRows,
    table::{head, row},
};
use crate::{Database, StoreResult};

/// Rows read at once.
const STEP: u64 = 1_000;
/// The field of `detail` with the fingerprint of a text.
const FINGERPRINT: &str = "text_sha256";
/// `change` in the detail of the row that says that something went at the end of its period, with the texts in it.
pub const REMOVED: &str = "removed";

/// A text that a person wrote, where a service keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptText {
    /// The audit row with its fingerprint.
    pub row: i64,
    /// Table and column.
    pub place: &'static str,
    pub text: String,
}

/// Where a service keeps the texts of which audit rows hold fingerprints.
#[async_trait]
pub trait Texts: Send + Sync {
    /// Those of these rows of a chain; a text may be kept in two places.
    async fn of(&self, chain: &str, rows: &[i64]) -> StoreResult<Vec<KeptText>>;

    /// Those of these resources of a chain that are still there.
    async fn kept(&self, chain: &str, resources: &[&str]) -> StoreResult<BTreeSet<String>>;

    /// Whether something that was there at one moment may have gone at another because its period was over.
    fn may_have_gone(&self, there: DateTime<Utc>, gone: DateTime<Utc>) -> bool;
}

/// What a check of one chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// Its name: `school:<id>`, `platform`.
    pub chain: String,
    pub rows: i64,
    /// Of the last row, as stored.
    pub(super) last_hash: Vec<u8>,
    /// Rows up to the last one that a checkpoint saw as it is. What came later is checked against its own chain alone.
    pub proven: i64,
    /// Rows that are gone with a restore, which an operator said under the key of the checkpoints.
    pub restored: Vec<RestoredRows>,
    /// Texts that went with what they were in at the end of its period, as the last row about it says.
    pub removed_texts: usize,
    /// In the order of rows; empty when all is as it was written.
    pub findings: Vec<Finding>,
}

impl ChainReport {
    /// Whether all is as it was written.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Checks every chain of a database, also while rows are added. Read the history first: the database is then never behind it.
///
/// # Errors
/// When the database cannot be read.
pub async fn examine(database: &Database, history: &History, texts: Option<&dyn Texts>) -> StoreResult<Vec<ChainReport>> {
    let heads = head::Entity::find().all(database.reader()).await?;
    let mut chains: BTreeMap<String, Option<head::Model>> = history.chains().map(|chain| (chain.to_owned(), None)).collect();
    chains.extend(chains_with_rows(database).await?.into_iter().map(|chain| (chain, None)));
    chains.extend(heads.into_iter().map(|head| (head.chain.clone(), Some(head))));
    let mut reports = Vec::with_capacity(chains.len());
    for (chain, head) in chains {
        // A chain that began after the heads were read has a head by now.
        let head = if head.is_some() { head } else { head::Entity::find_by_id(&chain).one(database.reader()).await? };
        reports.push(examine_chain(database, history, texts, chain, head.as_ref()).await?);
    }
    Ok(reports)
}

async fn chains_with_rows(database: &Database) -> StoreResult<Vec<String>> {
    let names = row::Entity::find().select_only().column(row::Column::Chain).distinct();
    Ok(names.into_tuple().all(database.reader()).await?)
}

/// Checks a chain up to this head; rows that came after the head was read are for the next time.
async fn examine_chain(
    database: &Database,
    history: &History,
    texts: Option<&dyn Texts>,
    chain: String,
    head: Option<&head::Model>,
) -> StoreResult<ChainReport> {
    let mut check = ChainCheck::begin(history, &chain);
    let (mut text_findings, mut missing_texts, mut lives) = (Vec::new(), Vec::new(), BTreeMap::<String, Life>::new());
    let mut after: Option<i64> = None;
    loop {
        let mut rows = row::Entity::find().filter(row::Column::Chain.eq(&chain)).order_by_asc(row::Column::Seq).limit(STEP);
        if let Some(after) = after {
            rows = rows.filter(row::Column::Seq.gt(after));
        }
        if let Some(head) = head {
            rows = rows.filter(row::Column::Seq.lte(head.seq));
        }
        let rows = rows.all(database.reader()).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.seq);
        if let Some(texts) = texts {
            let compared = compare_texts(texts, &chain, &rows).await?;
            text_findings.extend(compared.changed);
            missing_texts.extend(compared.missing);
            for row in &rows {
                lives.entry(row.resource.clone()).or_insert_with(|| Life { since: row.at, removed: None }).removed = removed_by(row);
            }
        }
        rows.into_iter().for_each(|row| check.row(row));
    }
    let beyond = match head {
        Some(head) => first_beyond(database, head).await?,
        None => None,
    };
    let Checked { rows, last_hash, proven, mut findings } = check.end(head, beyond);
    let is_said = |row: i64| {
        findings.iter().any(|found| matches!(found, Finding::RowChanged { row: said, columns } if *said == row && columns.contains(&"at")))
    };
    let written_otherwise: Vec<i64> = moments_written_otherwise(database, &chain).await?.into_iter().filter(|row| !is_said(*row)).collect();
    findings.extend(written_otherwise.into_iter().map(|row| Finding::RowChanged { row, columns: vec!["at"] }));
    findings.extend(text_findings);
    let missing = missing_texts.len();
    if let Some(texts) = texts {
        let excused = excused(texts, &chain, &missing_texts, &lives).await?;
        missing_texts.retain(|(_, resource)| !excused.contains(resource));
    }
    let removed_texts = missing - missing_texts.len();
    findings.extend(missing_texts.into_iter().map(|(row, _)| Finding::TextMissing { row }));
    let restored = history.restored(&chain);
    Ok(ChainReport { chain, rows, last_hash, proven, restored, removed_texts, findings })
}

/// What a chain says of one resource.
struct Life {
    since: DateTime<Utc>,
    /// When it went at the end of its period, if the last row about it says so.
    removed: Option<DateTime<Utc>>,
}

/// The resources whose texts are rightly gone. Anybody with the database can add a row that says so: it counts for what is no longer there
/// and was there so long that its period can have ended.
async fn excused(
    texts: &dyn Texts,
    chain: &str,
    missing: &[(i64, String)],
    lives: &BTreeMap<String, Life>,
) -> StoreResult<BTreeSet<String>> {
    let went = |life: &Life| life.removed.is_some_and(|removed| texts.may_have_gone(life.since, removed));
    let said: BTreeSet<&str> = missing.iter().map(|(_, of)| of.as_str()).filter(|of| lives.get(*of).is_some_and(went)).collect();
    let said = Vec::from_iter(said);
    let kept = if said.is_empty() { BTreeSet::new() } else { texts.kept(chain, &said).await? };
    Ok(said.into_iter().filter(|resource| !kept.contains(*resource)).map(str::to_owned).collect())
}

/// SQLite keeps a moment as text and sorts by it: written with another offset it is the same moment in another place.
async fn moments_written_otherwise(database: &Database, chain: &str) -> StoreResult<Vec<i64>> {
    if database.backend() != DatabaseBackend::Sqlite {
        return Ok(Vec::new());
    }
    let otherwise = Expr::cust("at NOT GLOB '????-??-??T??:??:??*+00:00'");
    let rows = row::Entity::find().select_only().column(row::Column::Seq).filter(row::Column::Chain.eq(chain)).filter(otherwise);
    Ok(rows.order_by_asc(row::Column::Seq).into_tuple().all(database.reader()).await?)
}

/// The first row after a head, unless the head has moved on since: then a writer added it in the right way.
async fn first_beyond(database: &Database, head: &head::Model) -> StoreResult<Option<i64>> {
    let after = row::Entity::find().filter(row::Column::Chain.eq(&head.chain)).filter(row::Column::Seq.gt(head.seq));
    let Some(first) = after.order_by_asc(row::Column::Seq).one(database.reader()).await? else { return Ok(None) };
    let now = head::Entity::find_by_id(&head.chain).one(database.reader()).await?;
    let has_moved_on = now.is_some_and(|now| now.seq > head.seq);
    Ok((!has_moved_on).then_some(first.seq))
}

/// What was found of texts.
#[derive(Default)]
struct ComparedTexts {
    changed: Vec<Finding>,
    /// The rows whose text is nowhere, and what each is about.
    missing: Vec<(i64, String)>,
}

/// The texts that people wrote are kept elsewhere, so that one that must be erased can be.
async fn compare_texts(texts: &dyn Texts, chain: &str, rows: &[row::Model]) -> StoreResult<ComparedTexts> {
    let fingerprints: BTreeMap<i64, String> = rows.iter().filter_map(|row| Some((row.seq, fingerprint_in(&row.detail)?))).collect();
    if fingerprints.is_empty() {
        return Ok(ComparedTexts::default());
    }
    let asked: Vec<i64> = fingerprints.keys().copied().collect();
    let kept = texts.of(chain, &asked).await?;
    let found: BTreeSet<i64> = kept.iter().map(|text| text.row).collect();
    let is_other = |text: &&KeptText| fingerprints.get(&text.row).is_some_and(|expected| *expected != fingerprint(&text.text));
    let changed = kept.iter().filter(is_other).map(|text| Finding::TextChanged { row: text.row, place: text.place });
    let is_missing = |row: &&row::Model| fingerprints.contains_key(&row.seq) && !found.contains(&row.seq);
    let missing = rows.iter().filter(is_missing).map(|row| (row.seq, row.resource.clone()));
    Ok(ComparedTexts { changed: changed.collect(), missing: missing.collect() })
}

/// When the resource of a row went at the end of its period, if the row says so.
fn removed_by(row: &row::Model) -> Option<DateTime<Utc>> {
    let says_so = |detail: serde_json::Value| detail.get("change").is_some_and(|change| change == REMOVED);
    (row.action == Action::RetentionRun.name() && serde_json::from_str(&row.detail).is_ok_and(says_so)).then_some(row.at)
}

fn fingerprint_in(detail: &str) -> Option<String> {
    let detail: serde_json::Value = serde_json::from_str(detail).ok()?;
    Some(detail.get(FINGERPRINT)?.as_str()?.to_owned())
}

/// SHA-256 of a text, hex: what [`super::Entry::detail`] holds of one as `text_sha256`.
pub fn fingerprint(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
