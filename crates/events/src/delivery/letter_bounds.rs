//! Bounds on the dead letters of one school: the oldest give way to new ones.
//!
//! A dead letter is a copy of what the event log keeps for days, held longer so that it can be replayed once we can read it. Of a school whose
//! sensors send what nobody can read, the newest letters are worth most: they are as it sends now. So age and size work alike, and a letter
//! leaves by whichever bound it meets first. What leaves by size is counted and said at level error, since nobody has looked at it.
//!
//! Of a school on hold, what was there when it was put on hold stays, and the bound is for what came since.

use std::collections::BTreeSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    sea_query::Expr,
};
use storage::{
    StoreError, StoreResult, Txn,
    retention::{Subject, hold},
};

use super::{
    dead_letter::{row, school_of},
    settings::ConsumerConfig,
};
use crate::{Delivered, Topic};

/// Letters of one school that were removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GaveWay {
    pub topic: Topic,
    /// The school's.
    pub key: Bytes,
    pub letters: u64,
}

#[derive(FromQueryResult)]
struct Stored {
    letters: i64,
    bytes: i64,
}

/// Removes the oldest letters of the schools of these records, where there are more than the bounds allow.
pub(super) async fn keep_within(
    txn: &Txn,
    consumer: &str,
    bounds: &ConsumerConfig,
    records: impl IntoIterator<Item = &Delivered>,
    now: DateTime<Utc>,
) -> StoreResult<Vec<GaveWay>> {
    let schools: BTreeSet<(Topic, Bytes)> =
        records.into_iter().map(|delivered| (delivered.position.topic, delivered.record.key.clone())).collect();
    let mut gave_way = Vec::new();
    for (topic, key) in schools {
        let letters = keep_school_within(txn, (consumer, topic, &key), bounds, now).await?;
        gave_way.push(GaveWay { topic, key, letters });
    }
    Ok(gave_way)
}

fn of_school(consumer: &str, topic: Topic, key: &[u8]) -> Condition {
    Condition::all().add(row::Column::Consumer.eq(consumer)).add(row::Column::Topic.eq(topic.spec().name)).add(row::Column::Key.eq(key))
}

/// Asks for [`Stored`].
fn sum(theirs: Condition) -> Select<row::Entity> {
    row::Entity::find()
        .filter(theirs)
        .select_only()
        .expr_as(row::Column::DeadLetterId.count(), "letters")
        .expr_as(Expr::cust("CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT)"), "bytes")
}

async fn keep_school_within(
    txn: &Txn,
    (consumer, topic, key): (&str, Topic, &[u8]),
    bounds: &ConsumerConfig,
    now: DateTime<Utc>,
) -> StoreResult<u64> {
    let is_beyond = |letters: i64, bytes: i64, bounds: &ConsumerConfig| {
        letters.unsigned_abs() > bounds.letters_per_school || bytes.unsigned_abs() > bounds.letter_bytes_per_school
    };
    let are_beyond = async |letters: Condition| -> StoreResult<bool> {
        let stored = sum(letters).into_model::<Stored>().one(&**txn).await?;
        Ok(stored.is_some_and(|stored| is_beyond(stored.letters, stored.bytes, bounds)))
    };
    let mut theirs = of_school(consumer, topic, key);
    if !are_beyond(theirs.clone()).await? {
        return Ok(0);
    }
    if let Some(school) = school_of(key)
        && let Some(since) = hold::since(&**txn, Subject::School(school), now).await?
    {
        theirs = theirs.add(row::Column::At.gt(since));
        if !are_beyond(theirs.clone()).await? {
            return Ok(0);
        }
    }

    // To nine tenths, so that not every further letter has to look.
    let room = ConsumerConfig {
        letters_per_school: bounds.letters_per_school * 9 / 10,
        letter_bytes_per_school: bounds.letter_bytes_per_school / 10 * 9,
        ..*bounds
    };
    let newest_first: Vec<(uuid::Uuid, i64)> = row::Entity::find()
        .filter(theirs.clone())
        .select_only()
        .columns([row::Column::DeadLetterId, row::Column::StoredBytes])
        .order_by_desc(row::Column::DeadLetterId)
        .into_tuple()
        .all(&**txn)
        .await?;
    let (mut letters, mut bytes) = (0, 0);
    // The newest stays, however large.
    let last_to_go = newest_first.iter().enumerate().find_map(|(index, (id, size))| {
        letters += 1;
        bytes += size;
        (index > 0 && is_beyond(letters, bytes, &room)).then_some(*id)
    });
    let Some(last_to_go) = last_to_go else { return Ok(0) };
    // Ids are UUIDv7: their order is the order of time.
    let removed = row::Entity::delete_many()
        .filter(theirs)
        .filter(row::Column::DeadLetterId.lte(last_to_go))
        .exec(&**txn)
        .await
        .map_err(StoreError::from)?;
    Ok(removed.rows_affected)
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, QueryTrait as _};
    use testkit::{Store, TestDatabase};

    use super::*;
    use crate::AddInbox;

    /// Letters are large, and those of a school are summed up at each new one.
    #[tokio::test]
    async fn what_a_school_has_is_summed_up_without_looking_at_its_letters() {
        let place = TestDatabase::new(Store::Sqlite).await.unwrap();
        let database = place.migrated(vec![Box::new(AddInbox)]).await;
        let mut statement = sum(of_school("one", Topic::TestPlain, b"key")).build(database.backend());
        statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
        let plan = database.reader().query_one_raw(statement).await.unwrap().unwrap();
        let plan: String = plan.try_get("", "detail").unwrap();
        assert!(plan.contains("USING COVERING INDEX dead_letter_consumer_topic_key"), "{plan}");
    }
}
