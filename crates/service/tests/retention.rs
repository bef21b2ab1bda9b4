#![cfg(test)]
//! What is past its period goes, unless it is on hold; all of it on record.

use auth::{Function, Principal};
use chrono::{DateTime, TimeDelta, Utc};
use proto::operations::v1::{
    CreateHoldRequest, Hold, LiftHoldRequest, ListHoldsRequest, PlanRetentionRequest, RunRetentionRequest, TableRetention,
    retention_service_client::RetentionServiceClient,
};
use runtime::{ManualClock, SchoolId};
use schildwacht_service::{Parts, migrations};
use sea_orm::{ConnectionTrait as _, Statement, Value};
use storage::{Database, audit};
use testkit::{Running, TestDatabase, TestIssuer, TestLog, TestProcess, on_both_stores, person};
use tonic::{Code, Status, transport::Channel};
use uuid::Uuid;

/// A service that keeps what every service keeps.
struct World {
    database: Database,
    clock: ManualClock,
    people: TestIssuer,
    client: RetentionServiceClient<Channel>,
    _parts: (Running, TestProcess, TestLog),
}

impl World {
    async fn start(place: &TestDatabase) -> Self {
        runtime::install_tls_provider();
        let database = place.migrated(migrations(Vec::new())).await;
        let clock = ManualClock::at("2026-11-24T09:00:00Z".parse().unwrap());
        let (log, people) = (TestLog::of(testkit::Store::Sqlite, &[]).await, TestIssuer::start(clock.clone().into()).await);
        let parts: Parts = testkit::parts(&database, &log, &people);
        let process = TestProcess::at(clock.clone());
        parts.clone().begin("test", &process).retain(Vec::new());
        let server = Running::start(testkit::operators_door(&parts)).await;
        let client = RetentionServiceClient::new(server.channel());
        Self { database, clock, people, client, _parts: (server, process, log) }
    }

    fn now(&self) -> DateTime<Utc> {
        runtime::Clock::from(self.clock.clone()).now()
    }

    /// Something of a school that could not be processed so many days ago.
    async fn letter(&self, school: SchoolId, days_ago: i64) {
        let values: [Value; 3] = [
            Uuid::from(runtime::Ids::random(self.clock.clone().into()).next::<runtime::EventId>()).into(),
            school.to_string().into_bytes().into(),
            (self.now() - TimeDelta::days(days_ago)).into(),
        ];
        let insert = "INSERT INTO dead_letter (dead_letter_id, consumer, topic, partition, record_offset, key, headers, reason, detail, at, attempts, stored_bytes)
                      VALUES ($1, 'test', 'test.plain.v1', 0, 0, $2, '[]', 'test', '', $3, 1, 1)";
        let txn = self.database.begin().await.unwrap();
        txn.execute_raw(Statement::from_sql_and_values(self.database.backend(), insert, values)).await.unwrap();
        txn.commit().await.unwrap();
    }

    async fn hold(&self, who: &Principal, ask: CreateHoldRequest) -> Result<Hold, Status> {
        Ok(self.client.clone().create_hold(self.people.request(who, ask)).await?.into_inner())
    }

    async fn holds(&self) -> Vec<Hold> {
        let ask = ListHoldsRequest { include_ended: false };
        self.client.clone().list_holds(self.people.request(&operator(), ask)).await.unwrap().into_inner().holds
    }

    async fn plan(&self) -> TableRetention {
        let ask = PlanRetentionRequest::default();
        letters(self.client.clone().plan_retention(self.people.request(&lead(), ask)).await.unwrap().into_inner().tables)
    }

    async fn run(&self) -> TableRetention {
        let ask = RunRetentionRequest { service: "test".to_owned() };
        letters(self.client.clone().run_retention(self.people.request(&operator(), ask)).await.unwrap().into_inner().tables)
    }

    /// What the audit trail says of holds and of dead letters, in its order.
    async fn on_record(&self) -> Vec<(String, serde_json::Value)> {
        let question = "SELECT resource, detail FROM audit_log WHERE action LIKE 'retention.%' ORDER BY seq";
        let rows = self.database.reader().query_all_raw(Statement::from_string(self.database.backend(), question)).await.unwrap();
        let read = |row: &sea_orm::QueryResult| {
            let detail: String = row.try_get("", "detail").unwrap();
            (row.try_get("", "resource").unwrap(), serde_json::from_str(&detail).unwrap())
        };
        rows.iter().map(read).collect()
    }
}

fn letters(tables: Vec<TableRetention>) -> TableRetention {
    let names: Vec<&str> = tables.iter().map(|table| table.table.as_str()).collect();
    assert_eq!(names, ["retention_hold", "dead_letter"]);
    tables.into_iter().find(|table| table.table == "dead_letter").unwrap()
}

fn operator() -> Principal {
    person(1, &[Function::Operator])
}

fn lead() -> Principal {
    person(2, &[Function::ResponseLead])
}

fn of(subject: impl std::fmt::Display, until: DateTime<Utc>) -> CreateHoldRequest {
    CreateHoldRequest {
        subject: subject.to_string(),
        reason: "gevraagd door het parket".to_owned(),
        end_time: Some(proto::time::timestamp(until)),
        request_id: String::new(),
    }
}

fn school(number: u128) -> SchoolId {
    Uuid::from_u128(number).into()
}

on_both_stores! {
    async fn what_is_past_its_period_goes_and_what_is_on_hold_stays_until_that_ends(database: TestDatabase) {
        let world = World::start(&database).await;
        for (number, days_ago) in [(1, 29), (1, 31), (2, 40), (2, 50)] {
            world.letter(school(number), days_ago).await;
        }
        let hold = world.hold(&lead(), of(format!("school:{}", school(2)), world.now() + TimeDelta::days(10))).await.unwrap();
        assert_eq!((hold.placed_by.as_str(), hold.services.as_slice()), (lead().actor().as_str(), ["test".to_owned()].as_slice()));
        assert_eq!(hold.found_in, ["test"]);
        let plan = world.plan().await;
        assert_eq!((plan.class.as_str(), plan.days, plan.overdue, plan.held, plan.removed), ("dead_letters", 30, 3, 2, 0));
        assert_eq!(plan.oldest_time, Some(proto::time::timestamp(world.now() - TimeDelta::days(50))));
        assert_eq!(world.plan().await, plan, "a plan changes nothing");

        let ran = world.run().await;
        assert_eq!((ran.overdue, ran.held), (2, 2));
        assert_eq!(world.holds().await, [Hold { found_in: Vec::new(), ..hold.clone() }]);
        let lift = LiftHoldRequest { hold_id: hold.hold_id.clone() };
        let lifted = world.client.clone().lift_hold(world.people.request(&operator(), lift)).await.unwrap().into_inner();
        assert_eq!(lifted.lifted_by, operator().actor());
        assert_eq!(world.holds().await, []);
        let ran = world.run().await;
        assert_eq!((ran.overdue, ran.oldest_time), (0, None));

        let on_record = world.on_record().await;
        let resources: Vec<&str> = on_record.iter().map(|(resource, _)| resource.as_str()).collect();
        let held = format!("school:{}", school(2));
        assert_eq!(resources, [held.as_str(), "table:dead_letter", held.as_str(), "table:dead_letter"]);
        let removed: Vec<_> = on_record.iter().filter_map(|(_, detail)| detail["rows"].as_i64()).collect();
        assert_eq!(removed, [1, 2]);
        assert!(!on_record.iter().any(|(_, detail)| detail.to_string().contains("parket")), "no text of people: {on_record:?}");
        let reports = audit::examine(&world.database, &audit::History::default(), None).await.unwrap();
        assert!(reports.iter().all(audit::ChainReport::is_intact), "{reports:?}");
    }

    async fn a_hold_ends_by_itself_and_is_forgotten_in_time(database: TestDatabase) {
        let world = World::start(&database).await;
        world.letter(school(1), 31).await;
        world.hold(&operator(), of(format!("school:{}", school(1)), world.now() + TimeDelta::days(1))).await.unwrap();
        assert_eq!(world.run().await.held, 1);
        world.clock.advance(TimeDelta::days(1));
        assert_eq!(world.holds().await, [], "it is over");
        let ran = world.run().await;
        assert_eq!((ran.overdue, ran.held), (0, 0));
        let ended = async |days| {
            world.clock.advance(TimeDelta::days(days));
            world.run().await;
            let ask = ListHoldsRequest { include_ended: true };
            world.client.clone().list_holds(world.people.request(&operator(), ask)).await.unwrap().into_inner().holds.len()
        };
        assert_eq!([ended(1_826).await, ended(1).await], [1, 0]);
    }

    async fn a_hold_on_what_is_not_here_says_so(database: TestDatabase) {
        let world = World::start(&database).await;
        world.letter(school(1), 1).await;
        let until = world.now() + TimeDelta::days(10);
        for subject in [format!("school:{}", school(2)), format!("case:{}", Uuid::from_u128(1))] {
            assert_eq!(world.hold(&lead(), of(subject, until)).await.unwrap().found_in, [""; 0]);
        }
        let young = of(format!("school:{}", school(1)), until);
        assert_eq!(world.hold(&lead(), young).await.unwrap().found_in, ["test"], "however young it is");
    }

    async fn the_same_request_again_makes_no_second_hold(database: TestDatabase) {
        let world = World::start(&database).await;
        let request_id = Uuid::from_u128(7).to_string();
        let until = world.now() + TimeDelta::nanoseconds(3_600_000_000_123);
        let ask = || CreateHoldRequest { request_id: request_id.clone(), ..of(format!("case:{}", Uuid::from_u128(3)), until) };
        let first = world.hold(&lead(), ask()).await.unwrap();
        world.clock.advance(TimeDelta::seconds(5));
        assert_eq!(world.hold(&lead(), ask()).await.unwrap().hold_id, first.hold_id);
        assert_eq!((world.holds().await.len(), world.on_record().await.len()), (1, 1));
        let other = CreateHoldRequest { subject: format!("case:{}", Uuid::from_u128(4)), ..ask() };
        assert_eq!(world.hold(&lead(), other).await.unwrap_err().code(), Code::Aborted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_team_removes_and_the_lead_holds_and_nobody_else_does_either() {
    let database = TestDatabase::new(testkit::Store::Sqlite).await.unwrap();
    let world = World::start(&database).await;
    let nobodies = [Function::Responder, Function::Director(school(1)), Function::Dpo(Uuid::from_u128(9).into())]
        .map(|function| person(3, &[function]));
    let subject = format!("person:{}", Uuid::from_u128(3));
    let until = world.now() + TimeDelta::days(1);
    for who in &nobodies {
        assert_eq!(world.hold(who, of(&subject, until)).await.unwrap_err().code(), Code::PermissionDenied);
        let run = world.client.clone().run_retention(world.people.request(who, RunRetentionRequest::default())).await;
        let plan = world.client.clone().plan_retention(world.people.request(who, PlanRetentionRequest::default())).await;
        let list = world.client.clone().list_holds(world.people.request(who, ListHoldsRequest::default())).await;
        let lift = LiftHoldRequest { hold_id: Uuid::from_u128(1).to_string() };
        let lift = world.client.clone().lift_hold(world.people.request(who, lift)).await;
        for code in [run.map(drop), plan.map(drop), list.map(drop), lift.map(drop)].map(|answer| answer.unwrap_err().code()) {
            assert_eq!(code, Code::PermissionDenied);
        }
    }
    let run = world.client.clone().run_retention(world.people.request(&lead(), RunRetentionRequest::default())).await;
    assert_eq!(run.unwrap_err().code(), Code::PermissionDenied);
    world.hold(&lead(), of(&subject, until)).await.unwrap();
    world.hold(&operator(), of(&subject, until)).await.unwrap();
    assert_eq!(world.holds().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_with_what_to_give() {
    let database = TestDatabase::new(testkit::Store::Sqlite).await.unwrap();
    let world = World::start(&database).await;
    let tomorrow = world.now() + TimeDelta::days(1);
    let subject = format!("school:{}", school(1));
    for (ask, complaint) in [
        (of("school:seven", tomorrow), "subject"),
        (of(&subject, world.now()), "end_time"),
        (of(&subject, world.now() + TimeDelta::days(5 * 365 + 1)), "end_time"),
        (CreateHoldRequest { reason: String::new(), ..of(&subject, tomorrow) }, "reason"),
    ] {
        let refused = world.hold(&operator(), ask).await.unwrap_err();
        let fields = tonic_types::StatusExt::get_details_bad_request(&refused).unwrap().field_violations;
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), [complaint]);
    }
    let ask = PlanRetentionRequest { service: "portal".to_owned() };
    let refused = world.client.clone().plan_retention(world.people.request(&operator(), ask)).await.unwrap_err();
    let fields = tonic_types::StatusExt::get_details_bad_request(&refused).unwrap().field_violations;
    assert_eq!(fields[0].description, "give one of test");
    let lift = LiftHoldRequest { hold_id: Uuid::from_u128(1).to_string() };
    let lift = world.client.clone().lift_hold(world.people.request(&operator(), lift)).await;
    assert_eq!(lift.unwrap_err().code(), Code::NotFound);
}
