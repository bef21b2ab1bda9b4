//! What happens every week: the token is looked for again, and the proof ends when it stays away.

#[path = "../../../tests/it/name_server.rs"]
mod name_server;

use auth::{Function, Policies, Principal, Subject};
use chrono::TimeDelta;
use runtime::{Ids, ManualClock};
use sea_orm::{ConnectionTrait as _, Statement};
use storage::RequestKey;
use testkit::{TestDatabase, TestProcess, on_both_stores};
use uuid::Uuid;

use self::name_server::{Has, Zone};
use super::*;
use crate::{
    app::{CheckCompany, UpdateVendor, check_company, update_vendor},
    config::GatewayBounds,
    dns::Dns,
    domain::{EnrolmentLevel, VendorDetails},
};

/// identity, with a vendor whose domain is proven.
struct World {
    app: App,
    clock: ManualClock,
    zone: Zone,
    vendor: Vendor,
    /// The service itself.
    cx: Context,
    record: String,
    _process: TestProcess,
}

impl World {
    async fn start(database: &TestDatabase) -> Self {
        let database = database.migrated(crate::migrations()).await;
        let clock = ManualClock::at("2026-11-24T09:00:00Z".parse().unwrap());
        let process = TestProcess::at(clock.clone());
        let (zone, server) = Zone::serve(&process).await;
        let bounds = GatewayBounds { gateways_of_a_school: 1, enrolments_of_a_school_per_day: 1 };
        let (dns, portal) = (Dns::new(&[server]).unwrap(), "https://schildwacht.example/".parse().unwrap());
        let app = App::new(database, bounds, dns.into(), portal, None);
        let details = VendorDetails {
            name: "Leermaat BV".try_into().unwrap(),
            domain: "leermaat.example".try_into().unwrap(),
            security_contact: "security@leermaat.example".try_into().unwrap(),
        };
        let (vendor, _) = Vendor::create(Uuid::from_u128(1).into(), "1000.000.021".parse().unwrap(), details);
        let txn = app.database.begin().await.unwrap();
        store::vendor::insert(&txn, &vendor, clock_now(&clock), &RequestKey::default()).await.unwrap();
        txn.commit().await.unwrap();
        let ids = Ids::random(clock.clone().into());
        let context = |principal| Context::for_tests(principal, clock.clone().into(), ids.clone(), Policies::load().unwrap());
        let person =
            |function| Principal { subject: Subject::Person(Uuid::from_u128(2).into()), name: String::new(), functions: vec![function] };
        let (operator, contact) = (context(person(Function::Operator)), context(person(Function::VendorContact(vendor.id))));
        let in_register = CheckCompany { vendor_id: vendor.id, is_active: true, reason: "KBO".try_into().unwrap(), etag: vendor.etag() };
        check_company(&app, &operator, in_register).await.unwrap();
        let issued = issue_domain_proof(&app, &contact, vendor.id).await.unwrap().domain_proof.unwrap();
        zone.put_texts(&issued.record_name(), &[&issued.record_value()]);
        let cx = context(Principal::service("identity"));
        let world = Self { record: issued.record_name(), app, clock, zone, vendor, cx, _process: process };
        check_domain(&world.app, &world.contact(), world.vendor.id).await.unwrap();
        assert_eq!(world.told().await, (EnrolmentLevel::MaySubmit, vec![("token_found".to_owned(), "person".to_owned())]));
        world
    }

    /// Somebody of the vendor, who has just signed in.
    fn contact(&self) -> Context {
        let functions = vec![Function::VendorContact(self.vendor.id)];
        let principal = Principal { subject: Subject::Person(Uuid::from_u128(2).into()), name: String::new(), functions };
        Context::for_tests(principal, self.clock.clone().into(), self.cx.ids.clone(), Policies::load().unwrap())
    }

    /// The level, and of each look why and by whom, the oldest first.
    async fn told(&self) -> (EnrolmentLevel, Vec<(String, String)>) {
        let details = details(&self.app, crate::domain::Subject::Vendor(self.vendor.id)).await.unwrap();
        let of_domain = details.checks.iter().rev().filter(|check| check.kind == CheckKind::Domain);
        let looks = of_domain.map(|check| (check.reason.clone(), check.made_by.split(':').next().unwrap().to_owned()));
        (details.standing.level(clock_now(&self.clock)), looks.collect())
    }

    /// Days pass; then the job runs, twice, as with two replicas. Answers the level, and why the looks of these days ended as they did.
    async fn after(&self, days: i64) -> (EnrolmentLevel, Vec<String>) {
        let before = self.told().await.1.len();
        self.clock.advance(TimeDelta::days(days));
        look_at_domains(&self.app, &self.cx).await.unwrap();
        look_at_domains(&self.app, &self.cx).await.unwrap();
        let (level, looks) = self.told().await;
        (level, looks.into_iter().skip(before).map(|(reason, _)| reason).collect())
    }

    async fn letters(&self) -> Vec<String> {
        let question = Statement::from_string(self.app.database.backend(), "SELECT to_address FROM mail ORDER BY mail_id");
        let rows = self.app.database.reader().query_all_raw(question).await.unwrap();
        rows.iter().map(|row| row.try_get("", "to_address").unwrap()).collect()
    }
}

fn clock_now(clock: &ManualClock) -> DateTime<Utc> {
    runtime::Clock::from(clock.clone()).now()
}

fn once(reason: &str) -> Vec<String> {
    vec![reason.to_owned()]
}

on_both_stores! {
    async fn a_token_that_is_gone_two_weeks_in_a_row_ends_the_proof_with_one_mail(database: TestDatabase) {
        let world = World::start(&database).await;
        assert_eq!(world.after(6).await, (EnrolmentLevel::MaySubmit, vec![]), "the week is not over");
        assert_eq!(world.after(1).await, (EnrolmentLevel::MaySubmit, once("token_found")));
        world.zone.remove(&world.record);
        assert_eq!(world.after(7).await, (EnrolmentLevel::MaySubmit, once("no_record")));
        assert_eq!(world.letters().await, Vec::<String>::new());
        assert_eq!(world.after(7).await, (EnrolmentLevel::Lapsed, once("no_record")));
        assert_eq!(world.letters().await, ["security@leermaat.example"]);
        assert_eq!(world.after(7).await, (EnrolmentLevel::Lapsed, vec![]), "what is not proven is looked for only when asked");
        assert_eq!(world.letters().await.len(), 1);

        let again = check_domain(&world.app, &world.contact(), world.vendor.id).await.unwrap_err();
        assert_eq!(again.reason(), "token_expired");
        let renewed = issue_domain_proof(&world.app, &world.contact(), world.vendor.id).await.unwrap().domain_proof.unwrap();
        world.zone.put_texts(&renewed.record_name(), &[&renewed.record_value()]);
        check_domain(&world.app, &world.contact(), world.vendor.id).await.unwrap();
        assert_eq!(world.told().await.0, EnrolmentLevel::MaySubmit);
    }

    async fn a_token_that_comes_back_in_time_is_as_if_it_had_never_gone(database: TestDatabase) {
        let world = World::start(&database).await;
        let there = store::domain_proof::find(&*world.app.database.begin().await.unwrap(), world.vendor.id).await.unwrap().unwrap();
        for _ in 0..2 {
            world.zone.remove(&world.record);
            assert_eq!(world.after(7).await, (EnrolmentLevel::MaySubmit, once("no_record")));
            world.zone.put(&world.record, Has::Alias("bewijs.example".to_owned()));
            world.zone.put_texts("bewijs.example", &[&there.record_value()]);
            assert_eq!(world.after(7).await, (EnrolmentLevel::MaySubmit, once("token_found")));
        }
        assert_eq!(world.letters().await, Vec::<String>::new());
    }

    async fn silence_is_asked_again_the_next_day_and_ends_the_proof_only_after_a_month(database: TestDatabase) {
        let world = World::start(&database).await;
        world.zone.put(&world.record, Has::Trouble);
        assert_eq!(world.after(7).await, (EnrolmentLevel::MaySubmit, once("no_answer")));
        for day in 8..30 {
            assert_eq!(world.after(1).await, (EnrolmentLevel::MaySubmit, once("no_answer")), "day {day}");
        }
        assert_eq!(world.after(1).await.0, EnrolmentLevel::Lapsed, "nobody saw the token for a month");
    }

    async fn a_domain_that_the_vendor_has_left_is_looked_at_no_more(database: TestDatabase) {
        let world = World::start(&database).await;
        let details = VendorDetails { domain: "anders.example".try_into().unwrap(), ..world.vendor.details.clone() };
        let moved = UpdateVendor { vendor_id: world.vendor.id, details, etag: world.vendor.etag() };
        update_vendor(&world.app, &world.contact(), moved).await.unwrap();
        assert_eq!(world.after(7).await, (EnrolmentLevel::Draft, vec![]));
        let txn = world.app.database.begin().await.unwrap();
        assert_eq!(store::domain_proof::find(&*txn, world.vendor.id).await.unwrap().unwrap().next_look, None);
    }

    async fn the_service_alone_looks_by_itself(database: TestDatabase) {
        let world = World::start(&database).await;
        let refused = look_at_domains(&world.app, &world.contact()).await.unwrap_err();
        assert_eq!(refused.kind(), runtime::ErrorKind::PermissionDenied);
    }
}
