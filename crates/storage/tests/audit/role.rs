//! PostgreSQL: the role of the application, where another owns the tables.

use auth::Action;
use runtime::{Clock, EventId, Ids, config::Secret};
use schildwacht_storage::{
    Database, DatabaseConfig,
    audit::{self, AddAuditTrail, Chain, Entry},
    migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait},
};
use sea_orm::{ConnectionTrait as _, DbErr};
use testkit::{Store, TestDatabase};

use crate::world::somebody;

struct AddShelf(&'static str);

impl MigrationName for AddShelf {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddShelf {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(&format!("CREATE TABLE {} (book VARCHAR PRIMARY KEY)", self.0)).await.map(drop)
    }
}

/// Makes a database, a role, and the configuration of a service that acts as it.
async fn acting_as_another(place: &TestDatabase) -> (DatabaseConfig, String) {
    let owner = &place.empty().await;
    let role = format!("app \"{}", uuid::Uuid::from(Ids::random(Clock::system()).next::<EventId>()).simple());
    place.drop_with_it(&role);
    let database = Database::connect(owner).await.unwrap();
    let made = format!("CREATE ROLE \"{}\" LOGIN PASSWORD 'for-tests'", role.replace('"', "\"\""));
    database.reader().execute_unprepared(&made).await.unwrap();
    let (_, place) = owner.url.expose().rsplit_once('@').unwrap();
    let url = format!("postgres://{}:for-tests@{place}", role.replace(' ', "%20").replace('"', "%22"));
    (DatabaseConfig { url: Secret::new(url), migration_url: owner.url.clone(), ..owner.clone() }, role)
}

async fn refusal(database: &Database, statement: &str) -> String {
    let txn = database.begin().await.unwrap();
    txn.execute_unprepared(statement).await.expect_err(statement).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_may_add_audit_rows_and_never_change_one() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    let (config, role) = acting_as_another(&place).await;
    let owner = Database::connect(&config.of_owner().unwrap()).await.unwrap();
    let application = Database::connect(&config).await.unwrap();
    assert_eq!(application.role().await.unwrap().as_deref(), Some(role.as_str()));
    owner.migrate_for(Some(&role), vec![Box::new(AddAuditTrail), Box::new(AddShelf("shelf"))], &Clock::system()).await.unwrap();

    for _ in 0..2 {
        let txn = application.begin().await.unwrap();
        let entry = Entry { action: Action::CaseNote, resource: "case:1".into(), detail: serde_json::json!({}) };
        audit::append(&txn, &somebody(), Chain::Platform, entry).await.unwrap();
        txn.execute_unprepared("INSERT INTO shelf VALUES ('a'); UPDATE shelf SET book = 'b'; DELETE FROM shelf").await.unwrap();
        txn.commit().await.unwrap();
    }
    for statement in [
        "UPDATE audit_log SET actor = 'person:2'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "DELETE FROM audit_head",
        "ALTER TABLE audit_log DISABLE TRIGGER USER",
        "DROP TRIGGER audit_log_keep ON audit_log",
        "DROP TABLE audit_log",
        "CREATE TABLE other (x INTEGER)",
        "DELETE FROM schema_migration",
    ] {
        let said = refusal(&application, statement).await;
        assert!(said.contains("permission denied") || said.contains("must be owner"), "{statement}: {said}");
    }
    assert!(!application.may_change_audit_rows().await.unwrap());
    assert!(owner.may_change_audit_rows().await.unwrap(), "which is why the application is another role");
    let reports = audit::examine(&application, &audit::History::default(), None).await.unwrap();
    assert_eq!((reports.len(), reports[0].rows, reports[0].is_intact()), (1, 2, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_later_migrations_are_given_to_the_application_too() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    let (config, role) = acting_as_another(&place).await;
    let owner = Database::connect(&config.of_owner().unwrap()).await.unwrap();
    // Replicas that start together.
    let migrate = |connection: Database| {
        let role = role.clone();
        async move {
            connection.migrate_for(Some(&role), vec![Box::new(AddShelf("first")), Box::new(AddShelf("second"))], &Clock::system()).await
        }
    };
    owner.migrate_for(Some(&role), vec![Box::new(AddShelf("first"))], &Clock::system()).await.unwrap();
    let (one, other) = tokio::join!(migrate(owner.clone()), migrate(owner.clone()));
    one.unwrap();
    other.unwrap();
    let application = Database::connect(&config).await.unwrap();
    let txn = application.begin().await.unwrap();
    txn.execute_unprepared("INSERT INTO second VALUES ('kept')").await.unwrap();
}

/// The owner of the place of a table can drop the table and make another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_owns_the_schema_or_the_database_may_change_audit_rows() {
    for belonging in ["SCHEMA public", "DATABASE {database}"] {
        let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
        let (config, role) = acting_as_another(&place).await;
        let owner = Database::connect(&config.of_owner().unwrap()).await.unwrap();
        owner.migrate_for(Some(&role), vec![Box::new(AddAuditTrail)], &Clock::system()).await.unwrap();
        let application = Database::connect(&config).await.unwrap();
        assert!(!application.may_change_audit_rows().await.unwrap());

        let (_, database) = config.url.expose().rsplit_once('/').unwrap();
        let given = format!("ALTER {} OWNER TO \"{}\"", belonging.replace("{database}", database), role.replace('"', "\"\""));
        owner.reader().execute_unprepared(&given).await.unwrap();
        assert!(application.may_change_audit_rows().await.unwrap(), "it owns {belonging}");
    }
}
