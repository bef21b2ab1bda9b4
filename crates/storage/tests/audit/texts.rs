//! Texts of which the trail holds fingerprints.

use std::collections::BTreeSet;

use auth::Action;
use chrono::{DateTime, Utc};
use schildwacht_storage::{
    StoreResult,
    audit::{self, Entry, KeptText, Texts, fingerprint},
};

use crate::world::{SCHOOL, World, plain, school, somebody};

/// What a service has kept.
struct Kept(Vec<KeptText>);

#[async_trait::async_trait]
impl Texts for Kept {
    async fn of(&self, chain: &str, rows: &[i64]) -> StoreResult<Vec<KeptText>> {
        assert_eq!((chain, rows), (SCHOOL, [2_i64, 3].as_slice()), "only what has a fingerprint is asked for");
        Ok(self.0.clone())
    }

    async fn kept(&self, _: &str, _: &[&str]) -> StoreResult<BTreeSet<String>> {
        unreachable!("no row says that anything went")
    }

    fn may_have_gone(&self, _: DateTime<Utc>, _: DateTime<Utc>) -> bool {
        unreachable!("no row says that anything went")
    }
}

testkit::on_both_stores! {
    async fn a_text_that_was_changed_or_is_gone_is_named(database: TestDatabase) {
        let world = World::open(&database).await;
        world.append(school(), 1).await;
        for text in ["first", "second"] {
            let txn = world.database.begin().await.unwrap();
            let detail = serde_json::json!({ "text_sha256": fingerprint(text) });
            audit::append(&txn, &somebody(), school(), Entry { action: Action::CaseNote, resource: "case:1".into(), detail }).await.unwrap();
            txn.commit().await.unwrap();
        }
        let kept = |row, place, text: &str| KeptText { row, place, text: text.to_owned() };
        let said = async |texts: Vec<KeptText>| {
            let history = world.history().await;
            let reports = audit::examine(&world.database, &history, Some(&Kept(texts))).await.unwrap();
            reports.iter().flat_map(|report| report.findings.iter().map(plain)).collect::<Vec<_>>()
        };
        let second = kept(3, "timeline.text", "second");
        assert_eq!(said(vec![kept(2, "timeline.text", "first"), second.clone()]).await, [""; 0]);
        let changed = said(vec![kept(2, "timeline.text", "First"), second.clone(), kept(3, "case.text", "other")]).await;
        let not_written = |row, place| format!("row {row}: the text in {place} is not the one that was written");
        assert_eq!(changed, [not_written(2, "timeline.text"), not_written(3, "case.text")]);
        assert_eq!(said(vec![second]).await, ["row 2: the text that was written is gone"]);
    }
}
