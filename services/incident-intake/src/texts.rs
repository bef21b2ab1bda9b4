//! What people wrote in cases, for the check of the audit trail, which holds fingerprints of it.

use async_trait::async_trait;
use runtime::SchoolId;
use storage::{
    Database, Reach, StoreResult,
    audit::{KeptText, Texts},
};

use crate::store;

/// The texts of this database.
#[derive(Debug, Clone)]
pub struct CaseTexts(pub Database);

#[async_trait]
impl Texts for CaseTexts {
    async fn of(&self, chain: &str, rows: &[i64]) -> StoreResult<Vec<KeptText>> {
        // Only chains of schools have texts.
        let school: Option<SchoolId> = chain.strip_prefix("school:").and_then(|id| id.parse().ok());
        match school {
            Some(school) => store::timeline::texts(&self.0.reader_within(Reach::one(school)).await?, school, rows).await,
            None => Ok(Vec::new()),
        }
    }
}
