//! How the tables come to be, and how they change: see [`storage::migrate`].

mod m20261129_create_tables;

use mail::AddMail;
use storage::migrate::MigrationTrait;

/// Those of identity's own tables, in order.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m20261129_create_tables::CreateTables), Box::new(AddMail)]
}
