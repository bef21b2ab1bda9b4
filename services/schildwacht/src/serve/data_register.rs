//! The register of data: every column of every table, of which class it is, how sensitive, and how long it is kept. Made of what stands beside the
//! rows and of the content, compared with the real tables, and written to `docs/security/data-register.md` for people:
//! `UPDATE_GOLDEN=1 cargo test -p schildwacht data_register`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use chrono::{DateTime, Utc};
use content::Settings;
use runtime::Clock;
use service::{Ends, Periods};
use storage::{
    Database,
    classified::{Class, ClassifiedTable, Sensitivity},
    migrate::MigrationTrait,
    retention::Aging,
};
use testkit::TestDatabase;

const FILE: &str = "../../docs/security/data-register.md";

struct Service {
    name: &'static str,
    tables: Vec<ClassifiedTable>,
    aging: Vec<Aging>,
    migrations: Vec<Box<dyn MigrationTrait>>,
}

/// Those with a database.
fn services() -> [Service; 3] {
    [
        Service { name: "identity", tables: identity::tables(), aging: identity::aging(), migrations: identity::migrations() },
        Service {
            name: "network-monitor",
            tables: network_monitor::tables(),
            aging: network_monitor::aging(),
            migrations: network_monitor::migrations(),
        },
        Service {
            name: "incident-intake",
            tables: incident_intake::tables(),
            aging: incident_intake::aging(),
            migrations: incident_intake::migrations(),
        },
    ]
}

/// A day on which the content holds.
fn day() -> DateTime<Utc> {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

async fn every_column_is_classified(store: testkit::Store) {
    for service in services() {
        let Some(place) = TestDatabase::new(store).await else { return };
        // Without the templates of tests, which know migrations by their names: services have some of the same name.
        let database = Database::connect(&place.empty().await).await.unwrap();
        database.migrate(service.migrations, &Clock::system()).await.unwrap();
        let there = testkit::columns(&database).await;
        let said: BTreeMap<String, BTreeSet<String>> = (service.tables.iter())
            .map(|table| (table.name.to_owned(), table.columns.iter().map(|(column, _)| (*column).to_owned()).collect()))
            .collect();
        assert_eq!(said, there, "{}: `tables()` of its store names every table, and storage::classified! every column", service.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_of_the_real_tables_is_classified_on_sqlite() {
    every_column_is_classified(testkit::Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_of_the_real_tables_is_classified_on_postgres() {
    every_column_is_classified(testkit::Store::Postgres).await;
}

#[test]
fn what_has_a_period_in_days_is_removed_by_some_service_and_nothing_else_is() {
    for Service { name, tables, aging, .. } in services() {
        let with_days = |class: Class| class.least_days().is_some();
        let of_days: BTreeSet<&str> = tables.iter().filter(|table| with_days(table.class)).map(|table| table.name).collect();
        let removed: BTreeSet<&str> = aging.iter().flat_map(Aging::tables).collect();
        assert_eq!(of_days, removed, "{name}: a table of a class with days has an `Aging`, its own or that of rows it goes with");
        for aging in aging {
            let along = aging.tables().map(|name| tables.iter().find(|table| table.name == name).unwrap().class);
            assert!(with_days(aging.class()) && along.into_iter().all(|class| class == aging.class()), "{}", aging.table());
        }
    }
}

/// What the erasure of a person does to a column is said in the table of `docs/security/retention.md`: "`identity.person`: name, email".
#[test]
fn what_an_erasure_does_is_said_of_every_column_that_may_be_about_a_person() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security/retention.md");
    let document = fs::read_to_string(file).unwrap();
    let section = document.split("## Erasure of a person").nth(1).unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let mut said: BTreeSet<(&str, &str)> = BTreeSet::new();
    for of_table in cells.flat_map(|cell| cell.split("; `")) {
        let (table, columns) = of_table.split_once("`: ").unwrap();
        said.extend(columns.split(", ").map(|column| (table, column)));
    }
    let mut there: BTreeSet<(String, &str)> = BTreeSet::new();
    for Service { name, tables, .. } in services() {
        for table in tables {
            let of_every_service = services().iter().all(|service| service.tables.iter().any(|other| other.name == table.name));
            let owner = if of_every_service { "*" } else { name };
            let about_people = table.columns.iter().filter(|(_, sensitivity)| *sensitivity >= Sensitivity::Personal);
            there.extend(about_people.map(|(column, _)| (format!("{owner}.{}", table.name), *column)));
        }
    }
    let there = there.iter().map(|(table, column)| (table.as_str(), *column)).collect();
    assert_eq!(said, there, "say in the section what becomes of each");
}

#[test]
fn the_register_that_people_read_is_what_the_code_says() {
    let register = register();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &register).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(kept, register, "run UPDATE_GOLDEN=1 cargo test -p schildwacht data_register, and read the difference");
}

fn register() -> String {
    let periods = Periods::load(&Settings::default()).unwrap();
    let mut text = String::from(
        "# Register of data\n\nWhat Schildwacht keeps in its databases, column by column, and for how long. Made of the code and of \
         [`content/retention`](../../content/retention) by a test, which fails when this file differs: do not edit it. How it works: [retention.md](retention.md).\n\n\
         *Personal* is of a person (GDPR art. 4(1)). *Special* may hold anything, so also what art. 9 and 10 guard: what people write, and traffic.\n\n\
         ## Classes\n\n| Class | What | Kept | Basis | Why |\n|---|---|---|---|---|\n",
    );
    for class in Class::ALL {
        let period = periods.period(*class, day()).unwrap();
        let kept = match &period.ends {
            Ends::After { days, from } => format!("{days} days from {}", from.en),
            Ends::Otherwise(until) => until.en.clone(),
        };
        let basis = <&str>::from(period.basis).replace('_', " ");
        let reason = &period.reason.en;
        writeln!(text, "| `{}` | {} | {kept} | {basis}: {} | {reason} |", class.name(), period.name.en, period.source).unwrap();
    }
    for Service { name, tables, .. } in services() {
        writeln!(text, "\n## {name}\n\n| Table | Class | Special | Personal | Internal | Public |\n|---|---|---|---|---|---|").unwrap();
        for table in tables {
            let columns = |asked: Sensitivity| -> String {
                let names = table.columns.iter().filter(|(_, sensitivity)| *sensitivity == asked).map(|(column, _)| *column);
                names.collect::<Vec<_>>().join(", ")
            };
            let cells = Sensitivity::ALL.iter().rev().map(|sensitivity| columns(*sensitivity)).collect::<Vec<_>>().join(" | ");
            writeln!(text, "| `{}` | {} | {cells} |", table.name, table.class.name()).unwrap();
        }
    }
    text
}
