//! PostgreSQL with two users, as `k8s/postgres/roles.sql` makes them: one owns the tables, one serves and may not change audit rows.

use std::{path::Path, process::Command};

use runtime::{Clock, EventId, Ids, config::Secret};
use sea_orm::{ConnectionTrait as _, Statement};
use storage::{Database, DatabaseConfig, Reach};
use testkit::{Store, TestDatabase};
use url::Url;

use crate::site::{Outcome, Site};

const SERVICES: [&str; 3] = ["IDENTITY", "NETWORK_MONITOR", "INCIDENT_INTAKE"];
const PASSWORD: &str = "serves-in-tests";
const OWNER_PASSWORD: &str = "owns-in-tests";

/// A database for each service, and the name of the user that serves there.
async fn databases() -> Option<Vec<(TestDatabase, DatabaseConfig, String)>> {
    if Command::new("psql").arg("--version").output().is_err() {
        testkit::skip("psql, the client of PostgreSQL, is not on the path");
        return None;
    }
    let mut databases = Vec::new();
    for _ in SERVICES {
        let place = TestDatabase::new(Store::Postgres).await?;
        let config = place.empty().await;
        let user = format!("serves_{}", Ids::random(Clock::system()).next::<EventId>().as_uuid().simple());
        place.drop_with_it(&user);
        place.drop_with_it(&format!("{user}_owner"));
        make_roles(&config, &user);
        databases.push((place, config, user));
    }
    Some(databases)
}

/// Runs the file as its first lines say.
fn make_roles(administrator: &DatabaseConfig, user: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../k8s/postgres/roles.sql");
    let set = |name: &str, value: &str| ["--set".to_owned(), format!("{name}={value}")];
    let made = Command::new("psql")
        .args(["--no-psqlrc", "--dbname", administrator.url.expose()])
        .args(set("ON_ERROR_STOP", "1"))
        .args(set("service", user))
        .args(set("owner_password", OWNER_PASSWORD))
        .args(set("password", PASSWORD))
        .arg("--file")
        .arg(file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// The same database as another user.
fn by(user: &str, password: &str, administrator: &DatabaseConfig) -> DatabaseConfig {
    let mut url: Url = administrator.url.expose().parse().unwrap();
    url.set_username(user).unwrap();
    url.set_password(Some(password)).unwrap();
    DatabaseConfig { url: Secret::new(url.to_string()), ..administrator.clone() }
}

fn owner(user: &str, administrator: &DatabaseConfig) -> DatabaseConfig {
    by(&format!("{user}_owner"), OWNER_PASSWORD, administrator)
}

/// A site that serves as these users, and migrates as the owners.
fn site(databases: &[(TestDatabase, DatabaseConfig, String)], serving: impl Fn(&str, &DatabaseConfig) -> DatabaseConfig) -> Site {
    SERVICES.iter().zip(databases).fold(Site::new(), |site, (service, (_, administrator, user))| {
        site.with(&format!("SCHILDWACHT_{service}__DATABASE__URL"), serving(user, administrator).url.expose())
            .with(&format!("SCHILDWACHT_{service}__DATABASE__MIGRATION_URL"), owner(user, administrator).url.expose())
    })
}

async fn audit_rows(database: &Database) -> i64 {
    let question = Statement::from_string(database.backend(), "SELECT count(*) AS rows FROM audit_log");
    database.reader().query_one_raw(question).await.unwrap().unwrap().try_get("", "rows").unwrap()
}

#[tokio::test]
async fn everything_is_served_by_a_user_that_may_not_change_audit_rows_and_is_held_by_row_level_security() {
    let Some(databases) = databases().await else { return };
    let site = site(&databases, |user, administrator| by(user, PASSWORD, administrator));
    let mut process = site.serve().await;
    let schools = "board_number;board_name;board_kind;institution_number;school_name;school_municipality;site_number;municipality\n\
                   990090;Vzw Noorderlicht;free;990191;De Kompas;Gent;1;Gent\n";
    let file = site.file("schools.csv", schools).display().to_string();
    site.operate(&["import", "--file", &file]).await.ok();

    for (_, administrator, user) in &databases {
        let serving = Database::connect(&by(user, PASSWORD, administrator)).await.unwrap();
        assert!(!serving.may_change_audit_rows().await.unwrap());
        for statement in [
            "UPDATE audit_log SET actor = 'somebody else'",
            "DELETE FROM audit_log",
            "TRUNCATE audit_log",
            "DELETE FROM audit_head",
            "TRUNCATE audit_head",
            "DROP TRIGGER audit_log_keep ON audit_log",
            "ALTER TABLE audit_log DISABLE TRIGGER ALL",
            "ALTER TABLE audit_log OWNER TO CURRENT_USER",
            "SET session_replication_role = replica",
            "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "DROP TABLE audit_log",
            "CREATE TABLE other (x INTEGER)",
        ] {
            let refused = serving.reader().execute_unprepared(statement).await.expect_err(statement).to_string();
            assert!(refused.contains("permission denied") || refused.contains("must be owner"), "{statement}: {refused}");
        }
    }
    let identity = Database::connect(&by(&databases[0].2, PASSWORD, &databases[0].1)).await.unwrap();
    assert!(audit_rows(&identity).await >= 2, "the import is on record, a board and a school");
    let schools = Statement::from_string(identity.backend(), "SELECT school_id FROM school");
    let reader = identity.reader_within(Reach::Everything).await.unwrap();
    assert_eq!(reader.query_all_raw(schools.clone()).await.unwrap().len(), 1);
    drop(reader);
    assert_eq!(identity.reader().query_all_raw(schools).await.unwrap().len(), 0, "row-level security holds for this user");
    process.terminate();
    assert_eq!(process.end().await.code(), Some(0), "{}", process.stderr());
}

#[tokio::test]
async fn a_user_that_could_change_audit_rows_all_the_same_is_refused() {
    let Some(databases) = databases().await else { return };
    let serving: [fn(&str, &DatabaseConfig) -> DatabaseConfig; 2] = [owner, |_, administrator| administrator.clone()];
    for serving in serving {
        let site = site(&databases, serving).with("SCHILDWACHT_TELEMETRY__LOG_FILTER", "off");
        let complaint = Outcome::of(site.start(&["all", "--no-demo"])).await.complaint();
        assert!(complaint.contains("identity.database.url") && complaint.contains("may change audit rows"), "{complaint}");
    }
}
