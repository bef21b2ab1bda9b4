//! Where functions hold: what a place is called, and whether it is there.

use std::collections::{BTreeMap, BTreeSet};

use auth::{Function, Resource};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, entity::prelude::*};
use storage::{Reach, StoreResult, Txn, chunks};

use super::{board, school, vendor};
use crate::domain::Place;

/// Of whose rows one knows who may know the functions of a place. Those of the platform are everybody's who reaches everything.
impl From<Place> for Reach {
    fn from(Place(place): Place) -> Self {
        match place {
            Resource::School(id) => Self::one(id),
            Resource::Board(id) => Self::one(id),
            Resource::Vendor(id) => Self::one(id),
            Resource::Platform => Self::Everything,
            Resource::Site(_) | Resource::App(_) | Resource::Person(_) | Resource::Function(_) => Self::Only(BTreeSet::new()),
        }
    }
}

/// Whether the place of a function is there.
pub async fn exists(connection: &impl ConnectionTrait, function: Function) -> StoreResult<bool> {
    Ok(function.place() == Some(Resource::Platform) || name(connection, function).await?.is_some())
}

/// What people call it; `None` for the platform, and for what is not there.
pub async fn name(connection: &impl ConnectionTrait, function: Function) -> StoreResult<Option<String>> {
    Ok(match function.place() {
        Some(Resource::School(id)) => school::Entity::find_by_id(id.as_uuid()).one(connection).await?.map(|school| school.name),
        Some(Resource::Board(id)) => board::Entity::find_by_id(id.as_uuid()).one(connection).await?.map(|board| board.name),
        Some(Resource::Vendor(id)) => vendor::Entity::find_by_id(id.as_uuid()).one(connection).await?.map(|vendor| vendor.name),
        // The platform has none.
        _ => None,
    })
}

/// What people call these. Those without a name, as above, are left out.
pub async fn names(connection: &impl ConnectionTrait, places: &BTreeSet<Resource>) -> StoreResult<BTreeMap<Resource, String>> {
    let (mut schools, mut boards, mut vendors) = (Vec::new(), Vec::new(), Vec::new());
    for place in places {
        match place {
            Resource::School(id) => schools.push(id.as_uuid()),
            Resource::Board(id) => boards.push(id.as_uuid()),
            Resource::Vendor(id) => vendors.push(id.as_uuid()),
            _ => {}
        }
    }
    let mut names = BTreeMap::new();
    for ids in chunks(schools) {
        let found = school::Entity::find().filter(school::Column::SchoolId.is_in(ids)).all(connection).await?;
        names.extend(found.into_iter().map(|school| (Resource::School(school.school_id.into()), school.name)));
    }
    for ids in chunks(boards) {
        let found = board::Entity::find().filter(board::Column::BoardId.is_in(ids)).all(connection).await?;
        names.extend(found.into_iter().map(|board| (Resource::Board(board.board_id.into()), board.name)));
    }
    for ids in chunks(vendors) {
        let found = vendor::Entity::find().filter(vendor::Column::VendorId.is_in(ids)).all(connection).await?;
        names.extend(found.into_iter().map(|vendor| (Resource::Vendor(vendor.vendor_id.into()), vendor.name)));
    }
    Ok(names)
}

/// Until the transaction ends, nobody else who locks this place goes on. On SQLite every write transaction does so by itself.
pub async fn lock(txn: &Txn, place: Place) -> StoreResult<()> {
    if txn.get_database_backend() == DatabaseBackend::Postgres {
        let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        txn.execute_raw(Statement::from_sql_and_values(DatabaseBackend::Postgres, lock, [place.to_string().into()])).await?;
    }
    Ok(())
}
