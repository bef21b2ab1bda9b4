//! Removes what was kept for long enough: each service every hour, and when an operator asks.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use auth::{Action, Context, Resource};
use chrono::{DateTime, SecondsFormat, Utc};
use content::{LoadError, Settings};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};
use runtime::{Error, Shutdown};
use storage::{
    Database, Reach, StoreResult,
    audit::{self, Chain, Entry},
    retention::{Aging, Held, Overdue, Subject, hold},
};

use crate::periods::Periods;

/// Batches of one table that one run removes, at most: what is left is for the next, so that no run takes the database for hours.
const MOST_BATCHES: u32 = 100;

/// How long what the services of this process keep is kept. Each registers how its rows grow old; the process mounts one API.
#[derive(Clone)]
pub struct Retention {
    periods: Arc<Periods>,
    keepers: Arc<RwLock<BTreeMap<&'static str, Arc<Keeper>>>>,
}

impl fmt::Debug for Retention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.keepers().iter().map(|keeper| keeper.service)).finish()
    }
}

impl Retention {
    /// With the periods of the content.
    ///
    /// # Errors
    /// When the content is not right.
    pub fn load(content: &Settings) -> Result<Self, LoadError> {
        Ok(Self { periods: Arc::new(Periods::load(content)?), keepers: Arc::default() })
    }

    /// How long each class is kept.
    pub fn periods(&self) -> &Arc<Periods> {
        &self.periods
    }

    /// Registers a service with its rows.
    pub(crate) fn open(&self, service: &'static str, database: Database, aging: Vec<Aging>, shutdown: Shutdown) -> Arc<Keeper> {
        let periods = Arc::clone(&self.periods);
        let keeper = Arc::new(Keeper { service, database, aging, periods, shutdown, meters: Meters::new() });
        self.keepers.write().unwrap_or_else(PoisonError::into_inner).insert(service, Arc::clone(&keeper));
        keeper
    }

    /// Those of all services, by name.
    pub(crate) fn keepers(&self) -> Vec<Arc<Keeper>> {
        self.keepers.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// The rows of one service.
pub(crate) struct Keeper {
    pub(crate) service: &'static str,
    pub(crate) database: Database,
    aging: Vec<Aging>,
    periods: Arc<Periods>,
    shutdown: Shutdown,
    meters: Meters,
}

/// How a table stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableState {
    pub(crate) class: &'static str,
    pub(crate) table: &'static str,
    pub(crate) days: u32,
    pub(crate) over_before: DateTime<Utc>,
    pub(crate) overdue: Overdue,
    /// By the run that this is the end of.
    pub(crate) removed: u64,
}

impl Keeper {
    /// Counts what is past its period.
    pub(crate) async fn plan(&self, cx: &Context) -> Result<Vec<TableState>, Error> {
        cx.require(Action::RetentionRead, Resource::Platform)?;
        Ok(self.states(cx.clock.now(), &BTreeMap::new()).await?)
    }

    /// Removes what is past its period and not on hold, and counts what is left.
    pub(crate) async fn run(&self, cx: &Context) -> Result<Vec<TableState>, Error> {
        cx.require(Action::RetentionRun, Resource::Platform)?;
        let now = cx.clock.now();
        let mut removed = BTreeMap::new();
        for aging in &self.aging {
            let Some(before) = self.periods.over_before(aging.class(), now) else { continue };
            removed.insert(aging.table(), self.remove(cx, aging, before).await?);
        }
        let states = self.states(now, &removed).await?;
        self.meters.record(self.service, &states);
        Ok(states)
    }

    /// Batch by batch, so that others get their turn; each commits with its audit row.
    async fn remove(&self, cx: &Context, aging: &Aging, before: DateTime<Utc>) -> Result<u64, Error> {
        let mut all = 0;
        for _ in 0..MOST_BATCHES {
            let txn = self.database.begin().await?;
            let held = hold::held(&*txn, cx.clock.now()).await?;
            let removed = aging.remove(&txn, cx, before, &held).await?;
            if removed > 0 {
                audit::append(&txn, cx, Chain::Platform, self.entry(cx, aging, before, removed)).await?;
            }
            txn.commit().await?;
            self.meters.removed(self.service, aging, removed);
            all += removed;
            if removed < aging.batch() || self.shutdown.is_requested() {
                break;
            }
        }
        Ok(all)
    }

    /// Whether anything is kept here of a school, a case or a person.
    pub(crate) async fn has_rows_of(&self, subject: Subject) -> StoreResult<bool> {
        let reader = self.database.reader_within(Reach::Everything).await?;
        let held = Held::from(subject);
        for aging in &self.aging {
            if aging.has_rows_of(&reader, &held).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn entry(&self, cx: &Context, aging: &Aging, before: DateTime<Utc>, removed: u64) -> Entry {
        let detail = serde_json::json!({
            "class": aging.class().name(),
            "rows": removed,
            "before": before.to_rfc3339_opts(SecondsFormat::Secs, true),
            "content": self.periods.version(cx.clock.now()),
        });
        Entry { action: Action::RetentionRun, resource: format!("table:{}", aging.table()), detail }
    }

    async fn states(&self, now: DateTime<Utc>, removed: &BTreeMap<&'static str, u64>) -> StoreResult<Vec<TableState>> {
        let reader = self.database.reader_within(Reach::Everything).await?;
        let held = hold::held(&reader, now).await?;
        let mut states = Vec::with_capacity(self.aging.len());
        for aging in &self.aging {
            let class = aging.class();
            let Some((days, over_before)) = self.periods.days(class, now).zip(self.periods.over_before(class, now)) else { continue };
            let overdue = aging.overdue(&reader, over_before, &held).await?;
            let removed = removed.get(aging.table()).copied().unwrap_or_default();
            states.push(TableState { class: class.name(), table: aging.table(), days, over_before, overdue, removed });
        }
        Ok(states)
    }

    /// The version of the content that says the periods.
    pub(crate) fn content_version(&self, now: DateTime<Utc>) -> &str {
        self.periods.version(now)
    }
}

struct Meters {
    removed: Counter<u64>,
    overdue: Gauge<u64>,
    held: Gauge<u64>,
}

impl Meters {
    fn new() -> Self {
        let meter = opentelemetry::global::meter("schildwacht.retention");
        Self {
            removed: meter
                .u64_counter("retention.removed")
                .with_unit("{row}")
                .with_description("rows removed at the end of their period")
                .build(),
            overdue: meter
                .u64_gauge("retention.overdue")
                .with_unit("{row}")
                .with_description("rows past their period that are not on hold, after the last run; above 0 for a day it does not keep up")
                .build(),
            held: meter.u64_gauge("retention.held").with_unit("{row}").with_description("rows past their period that a hold keeps").build(),
        }
    }

    fn removed(&self, service: &'static str, aging: &Aging, rows: u64) {
        self.removed.add(rows, &[KeyValue::new("service", service), KeyValue::new("table", aging.table())]);
    }

    fn record(&self, service: &'static str, states: &[TableState]) {
        for TableState { table, overdue, .. } in states {
            let of_table = [KeyValue::new("service", service), KeyValue::new("table", *table)];
            self.overdue.record(overdue.rows.saturating_sub(overdue.held), &of_table);
            self.held.record(overdue.held, &of_table);
        }
    }
}
