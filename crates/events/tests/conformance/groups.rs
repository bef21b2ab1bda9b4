//! Consumer groups: committed offsets, redelivery, sharing.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use schildwacht_events::{Delivered, Position, Subscription, Topic};

use crate::stand::{Kind, PATIENCE, Stand, all_done, numbered, receive, sorted_numbers};

pub async fn a_group_resumes_where_it_committed(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    stand.log.append(Topic::TestPlain, numbered(100)).await.unwrap();
    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let received = receive(&mut *subscription, 100).await;
    // The first half of each partition is done.
    let done: Vec<Delivered> = received
        .iter()
        .filter(|record| {
            let of_partition = received.iter().filter(|other| other.position.partition == record.position.partition).count() as i64;
            record.position.offset < of_partition / 2
        })
        .cloned()
        .collect();
    subscription.commit(&all_done(&done)).await.unwrap();
    drop(subscription);

    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let rest = receive(&mut *subscription, 100 - done.len()).await;
    assert_eq!(sorted_numbers(&[done, rest.clone()].concat()), (0..100).collect::<Vec<_>>());
    subscription.commit(&all_done(&rest)).await.unwrap();
    drop(subscription);

    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    receive(&mut *subscription, 0).await;
}

pub async fn groups_do_not_notice_each_other(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    stand.log.append(Topic::TestPlain, numbered(20)).await.unwrap();
    for group in ["one", "other"] {
        let mut subscription = stand.log.subscribe(group, &[Topic::TestPlain]).await.unwrap();
        let received = receive(&mut *subscription, 20).await;
        subscription.commit(&all_done(&received)).await.unwrap();
    }
}

/// The process crashed between effect and commit.
pub async fn what_was_handled_but_not_committed_comes_again(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    stand.log.append(Topic::TestPlain, numbered(30)).await.unwrap();
    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let handled = receive(&mut *subscription, 30).await;
    drop(subscription);

    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let again = receive(&mut *subscription, 30).await;
    assert_eq!(sorted_numbers(&handled), sorted_numbers(&again));
}

pub async fn rewinding_repeats_what_was_not_committed(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    stand.log.append(Topic::TestPlain, numbered(30)).await.unwrap();
    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let first = receive(&mut *subscription, 30).await;
    subscription.rewind().await.unwrap();
    let again = receive(&mut *subscription, 30).await;
    assert_eq!(sorted_numbers(&first), sorted_numbers(&again));

    subscription.commit(&all_done(&again)).await.unwrap();
    stand.log.append(Topic::TestPlain, numbered(5)).await.unwrap();
    let new = receive(&mut *subscription, 5).await;
    subscription.rewind().await.unwrap();
    let new_again = receive(&mut *subscription, 5).await;
    assert_eq!(sorted_numbers(&new), sorted_numbers(&new_again), "only what was not committed is repeated");
}

pub async fn two_members_share_and_one_takes_over(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let mut first = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let mut second = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();

    // Appends until a round of which each member gets a part, and together the whole.
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "the members do not come to share");
        let (of_first, of_second) = round(&stand, &mut *first, &mut *second).await;
        let (partitions_of_first, partitions_of_second) = (partitions(&of_first), partitions(&of_second));
        if !of_first.is_empty() && !of_second.is_empty() && partitions_of_first.is_disjoint(&partitions_of_second) {
            break;
        }
    }

    drop(first);
    let mut missing: BTreeSet<Position> = stand.log.append(Topic::TestPlain, numbered(100)).await.unwrap().into_iter().collect();
    while !missing.is_empty() {
        assert!(Instant::now() < deadline, "the other member does not take over: {} records are missing", missing.len());
        // A commit in the midst of sharing out may have been ignored, so that older records come once more.
        let received = second.next(100, Duration::from_millis(200)).await.unwrap();
        second.commit(&all_done(&received)).await.unwrap();
        missing.retain(|position| !received.iter().any(|record| record.position == *position));
    }
}

/// Another member has read on meanwhile: the offset of before would have its records skipped, or delivered once more.
pub async fn what_was_done_before_a_partition_moved_away_and_back_moves_nothing_back(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let mut first = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    stand.log.append(Topic::TestPlain, numbered(100)).await.unwrap();
    let before = receive(&mut *first, 100).await;
    first.commit(&all_done(&before)).await.unwrap();

    let mut second = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let moved = loop {
        assert!(Instant::now() < deadline, "nothing moves to the second member");
        let (_, of_second) = round(&stand, &mut *first, &mut *second).await;
        if let Some(record) = of_second.last() {
            break record.position;
        }
    };
    drop(second);
    stand.log.append(Topic::TestPlain, numbered(100)).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut is_back = false;
    while !is_back {
        assert!(Instant::now() < deadline, "the partition does not come back");
        let received = first.next(100, Duration::from_millis(200)).await.unwrap();
        is_back = received.iter().any(|record| record.position.partition == moved.partition && record.position > moved);
    }

    let lag = stand.log.lag("group", &[Topic::TestPlain]).await.unwrap();
    let of_before = before.into_iter().filter(|record| record.position.partition == moved.partition);
    first.commit(&all_done(&of_before.collect::<Vec<_>>())).await.unwrap();
    assert_eq!(stand.log.lag("group", &[Topic::TestPlain]).await.unwrap(), lag);
}

/// Appends records and lets both members receive until all came.
async fn round(stand: &Stand, first: &mut dyn Subscription, second: &mut dyn Subscription) -> (Vec<Delivered>, Vec<Delivered>) {
    stand.log.append(Topic::TestPlain, numbered(100)).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    let positions =
        |one: &[Delivered], other: &[Delivered]| all_done(one).into_iter().chain(all_done(other)).collect::<BTreeSet<_>>().len();
    while positions(&of_first, &of_second) < 100 {
        assert!(Instant::now() < deadline, "only {} records came", positions(&of_first, &of_second));
        let wait = Duration::from_millis(50);
        let (new_of_first, new_of_second) = tokio::join!(first.next(100, wait), second.next(100, wait));
        let (new_of_first, new_of_second) = (new_of_first.unwrap(), new_of_second.unwrap());
        first.commit(&all_done(&new_of_first)).await.unwrap();
        second.commit(&all_done(&new_of_second)).await.unwrap();
        of_first.extend(new_of_first);
        of_second.extend(new_of_second);
    }
    (of_first, of_second)
}

fn partitions(records: &[Delivered]) -> BTreeSet<i32> {
    records.iter().map(|record| record.position.partition).collect()
}

pub async fn lag_is_what_is_left_to_commit(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    assert_eq!(stand.log.lag("group", &[Topic::TestPlain]).await.unwrap(), 0);
    stand.log.append(Topic::TestPlain, numbered(40)).await.unwrap();
    assert_eq!(stand.log.lag("group", &[Topic::TestPlain]).await.unwrap(), 40);

    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let received = receive(&mut *subscription, 40).await;
    assert_eq!(stand.log.lag("group", &[Topic::TestPlain]).await.unwrap(), 40, "delivered is not done");
    subscription.commit(&all_done(&received)).await.unwrap();
    assert_eq!(stand.log.lag("group", &[Topic::TestPlain, Topic::TestCompacted]).await.unwrap(), 0);
}
