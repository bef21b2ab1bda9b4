//! What a school's network showed goes when its period is over.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use proto::{
    network_monitor::v1::CreateSuppressionRequest,
    operations::v1::{CreateHoldRequest, RunRetentionRequest, TableRetention, retention_service_client::RetentionServiceClient},
    time::timestamp,
};
use runtime::SchoolId;
use testkit::on_both_stores;
use tonic::transport::Channel;

use crate::world::{NOW, World, alert, flow};

const TABLES: [&str; 6] = ["device", "device_address", "device_day", "alert", "alert_device", "suppression"];

fn client(world: &World) -> RetentionServiceClient<Channel> {
    RetentionServiceClient::new(world.channel())
}

async fn run_job(world: &World) -> Vec<TableRetention> {
    let request = world.people.request(&world.operator(), RunRetentionRequest::default());
    client(world).run_retention(request).await.unwrap().into_inner().tables
}

/// The school is on hold for the next years.
async fn hold(world: &World, school: SchoolId) {
    let end_time = Some(timestamp(NOW.parse::<DateTime<_>>().unwrap() + TimeDelta::days(1_000)));
    let ask =
        CreateHoldRequest { subject: format!("school:{school}"), reason: "onderzoek".to_owned(), end_time, request_id: String::new() };
    client(world).create_hold(world.people.request(&world.lead(), ask)).await.unwrap();
}

/// Which of [`TABLES`] have rows after so many days.
async fn left_after(world: &World, days: i64) -> BTreeSet<&'static str> {
    world.clock.set(NOW.parse::<DateTime<_>>().unwrap() + TimeDelta::days(days));
    run_job(world).await;
    let mut left = BTreeSet::new();
    for table in TABLES {
        left.extend(world.has_rows(table).await.then_some(table));
    }
    left
}

/// Devices in use, an alert, and what keeps alerts of all schools quiet for ten days.
async fn filled(world: &World) {
    world.post(&flow("2026-09-24T09:40:00.000000+0000", "10.0.0.5")).await;
    world.post(&alert("2026-09-24T09:40:00+0000", 100, 1, "10.0.0.5", "10.0.0.9")).await;
    let quiet = CreateSuppressionRequest {
        school_id: String::new(),
        signature_id: "suricata:1:100".to_owned(),
        reason: "test".to_owned(),
        expire_time: Some(timestamp(NOW.parse::<DateTime<_>>().unwrap() + TimeDelta::days(10))),
        request_id: String::new(),
    };
    world.alerts().create_suppression(world.people.request(&world.lead(), quiet)).await.unwrap();
}

on_both_stores! {
    async fn each_thing_goes_when_its_own_period_is_over(database: TestDatabase) {
        let world = World::start(&database).await;
        filled(&world).await;
        let all: BTreeSet<&str> = TABLES.into();
        let without = |gone: &[&str]| -> BTreeSet<&str> { all.iter().copied().filter(|table| !gone.contains(table)).collect() };
        assert_eq!(left_after(&world, 34).await, all);
        assert_eq!(left_after(&world, 37).await, without(&["device_day"]));
        assert_eq!(left_after(&world, 39).await, without(&["device_day"]), "a suppression is kept for 30 days after its end");
        assert_eq!(left_after(&world, 41).await, without(&["device_day", "suppression"]));
        assert_eq!(left_after(&world, 91).await, ["alert"].into());
        assert_eq!(world.all_alerts().await.alerts[0].source.as_ref().unwrap().device_id, "", "an alert outlives its devices");
        assert_eq!(left_after(&world, 364).await, ["alert"].into());
        assert_eq!(left_after(&world, 366).await, BTreeSet::new());
    }

    async fn of_a_school_on_hold_all_stays(database: TestDatabase) {
        let world = World::start(&database).await;
        filled(&world).await;
        hold(&world, world.school).await;
        assert_eq!(left_after(&world, 500).await, ["device", "device_address", "device_day", "alert", "alert_device"].into(), "what is of all schools is of none");
        let held: BTreeSet<String> = run_job(&world).await.into_iter().filter(|table| table.held > 0).map(|table| table.table).collect();
        assert_eq!(held, ["device", "device_day", "alert"].map(str::to_owned).into());
    }

    async fn a_hold_keeps_nothing_of_another_school(database: TestDatabase) {
        let world = World::start(&database).await;
        filled(&world).await;
        hold(&world, world.other_school).await;
        assert_eq!(left_after(&world, 500).await, BTreeSet::new());
    }
}
