//! PostgreSQL with two users: one owns the tables, one serves and may not change audit rows.

use runtime::{Clock, EventId, Ids, config::Secret};
use sea_orm::ConnectionTrait as _;
use storage::{Database, DatabaseConfig};
use testkit::{Store, TestDatabase};
use url::Url;

use crate::site::{Outcome, Site};

const SERVICES: [&str; 3] = ["IDENTITY", "NETWORK_MONITOR", "INCIDENT_INTAKE"];

/// A database for each service, owned by the user of the tests.
async fn databases() -> Option<Vec<(TestDatabase, DatabaseConfig)>> {
    let mut databases = Vec::new();
    for _ in SERVICES {
        let place = TestDatabase::new(Store::Postgres).await?;
        let config = place.empty().await;
        databases.push((place, config));
    }
    Some(databases)
}

/// A site that serves as the user of these addresses, and migrates as the owner.
fn site(databases: &[(TestDatabase, DatabaseConfig)], serving: impl Fn(&DatabaseConfig) -> String) -> Site {
    SERVICES.iter().zip(databases).fold(Site::new(), |site, (service, (_, owner))| {
        site.with(&format!("SCHILDWACHT_{service}__DATABASE__URL"), serving(owner))
            .with(&format!("SCHILDWACHT_{service}__DATABASE__MIGRATION_URL"), owner.url.expose())
    })
}

#[tokio::test]
async fn everything_is_served_by_a_user_that_may_not_change_audit_rows() {
    let Some(databases) = databases().await else { return };
    let user = format!("serves_{}", Ids::random(Clock::system()).next::<EventId>().to_string().replace('-', ""));
    let owner = Database::connect(&databases[0].1).await.unwrap();
    owner.reader().execute_unprepared(&format!("CREATE ROLE {user} LOGIN PASSWORD 'for-tests'")).await.unwrap();
    let as_user = |owner: &DatabaseConfig| {
        let mut url: Url = owner.url.expose().parse().unwrap();
        url.set_username(&user).unwrap();
        url.set_password(Some("for-tests")).unwrap();
        url.to_string()
    };
    let site = site(&databases, as_user);
    let mut process = site.serve().await;
    for (_, config) in &databases {
        let serving = Database::connect(&DatabaseConfig { url: Secret::new(as_user(config)), ..config.clone() }).await.unwrap();
        assert!(!serving.may_change_audit_rows().await.unwrap());
    }
    process.terminate();
    assert_eq!(process.end().await.code(), Some(0), "{}", process.stderr());
}

#[tokio::test]
async fn a_user_that_could_change_audit_rows_all_the_same_is_refused() {
    let Some(databases) = databases().await else { return };
    let site = site(&databases, |owner| owner.url.expose().to_owned()).with("SCHILDWACHT_TELEMETRY__LOG_FILTER", "off");
    let complaint = Outcome::of(site.start(&["all", "--no-demo"])).await.complaint();
    assert!(complaint.contains("identity.database.url") && complaint.contains("may change audit rows"), "{complaint}");
}
