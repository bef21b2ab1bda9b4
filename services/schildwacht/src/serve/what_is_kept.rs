//! Who sees what tells which service keeps which kinds of data (`identity::KEPT_BY_SERVICES`): here that is compared with the services there
//! are, and with the tables that they have. A table that is new fails the test until it says here what it holds.

use std::collections::{BTreeMap, BTreeSet};

use auth::DataKind::{self, Contacts, Gateways, History, Incidents, Messages, Network, Organisation, People};
use sea_orm::{ConnectionTrait as _, DatabaseBackend, Statement};
use storage::migrate::MigrationTrait;
use strum::VariantArray as _;
use testkit::{Store, TestDatabase};

use crate::cli::Service;

/// Which data of an organisation a table of a service holds.
fn held_in(service: &str, table: &str) -> &'static [DataKind] {
    match (service, table) {
        // What holds nothing of an organisation for longer than it takes to pass it on.
        (_, "schema_migration" | "outbox" | "inbox" | "consumer_partition" | "audit_head")
        | ("identity", "mail" | "passed_on" | "erasure") => &[],
        (_, "audit_log" | "audit_actor" | "retention_hold") => &[History],
        // It consumes nothing.
        ("identity", "dead_letter") => &[],
        (_, "dead_letter") => &[Messages],
        ("identity", "board" | "school" | "site" | "vendor" | "organisation_check" | "check_override" | "enrolment" | "domain_proof") => {
            &[Organisation]
        }
        ("identity", "person" | "appointment" | "invitation") => &[People],
        ("identity", "contact") => &[Contacts],
        ("identity", "gateway") => &[Gateways],
        ("network-monitor", "device" | "device_address" | "device_day" | "alert" | "alert_device" | "suppression") => &[Network],
        ("network-monitor", "gateway_contact" | "school_contact") => &[Gateways],
        ("incident-intake", "school") => &[Organisation, Contacts],
        ("incident-intake", "waiting_alert" | "sighting") => &[Network],
        (
            "incident-intake",
            "incident_case" | "case_device" | "case_number" | "evidence" | "evidence_key" | "person" | "timeline_entry",
        ) => &[Incidents],
        _ => panic!("table {table} of {service} is new: say here which data of an organisation it holds"),
    }
}

async fn tables(migrations: Vec<Box<dyn MigrationTrait>>) -> Vec<String> {
    let database = TestDatabase::new(Store::Sqlite).await.unwrap();
    let database = database.migrated(migrations).await;
    let question = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let rows = database.reader().query_all_raw(Statement::from_string(DatabaseBackend::Sqlite, question)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

#[tokio::test]
async fn what_services_are_said_to_keep_is_what_their_tables_hold() {
    let said: BTreeMap<&str, BTreeSet<DataKind>> =
        identity::KEPT_BY_SERVICES.iter().map(|(service, kinds)| (*service, kinds.iter().copied().collect())).collect();
    for service in Service::VARIANTS.iter().map(|service| service.name()) {
        let migrations = match service {
            "identity" => identity::migrations(),
            "network-monitor" => network_monitor::migrations(),
            "incident-intake" => incident_intake::migrations(),
            // The event log, and sessions.
            "telemetry-ingest" => {
                assert!(said.contains_key(service));
                continue;
            }
            "all" | "portal" => continue,
            other => panic!("{other} is new: compare what it keeps here"),
        };
        let held: BTreeSet<DataKind> = tables(migrations).await.iter().flat_map(|table| held_in(service, table)).copied().collect();
        assert_eq!(said.get(service), Some(&held), "{service}");
    }
}
