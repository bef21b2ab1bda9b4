//! What people wrote in cases, for the check of the audit trail, which holds fingerprints of it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use runtime::{CaseId, Clock, SchoolId};
use service::Periods;
use storage::{
    Database, Reach, StoreResult,
    audit::{KeptText, Texts},
    classified::Class,
};

use crate::store;

/// The texts of a database.
#[derive(Debug, Clone)]
pub struct CaseTexts {
    pub database: Database,
    /// How long a closed case is kept.
    pub periods: Periods,
    pub clock: Clock,
}

#[async_trait]
impl Texts for CaseTexts {
    async fn of(&self, chain: &str, rows: &[i64]) -> StoreResult<Vec<KeptText>> {
        match school_of(chain) {
            Some(school) => store::timeline::texts(&self.database.reader_within(Reach::one(school)).await?, school, rows).await,
            None => Ok(Vec::new()),
        }
    }

    async fn kept(&self, chain: &str, resources: &[&str]) -> StoreResult<BTreeSet<String>> {
        let Some(school) = school_of(chain) else { return Ok(BTreeSet::new()) };
        let ids: Vec<CaseId> = resources.iter().filter_map(|name| name.strip_prefix("case:")?.parse().ok()).collect();
        let kept = store::case::those_there(&self.database.reader_within(Reach::one(school)).await?, &ids).await?;
        Ok(kept.into_iter().map(|id| format!("case:{id}")).collect())
    }

    fn may_have_gone(&self, there: DateTime<Utc>, gone: DateTime<Utc>) -> bool {
        let kept_for = self.periods.days(Class::Incidents, gone).map(|days| TimeDelta::days(days.into()));
        gone <= self.clock.now() && kept_for.is_some_and(|kept_for| gone - there >= kept_for)
    }
}

/// Only chains of schools have texts.
fn school_of(chain: &str) -> Option<SchoolId> {
    chain.strip_prefix("school:")?.parse().ok()
}
