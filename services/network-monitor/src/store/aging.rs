//! How the rows of network-monitor grow old.

use sea_orm::{ColumnTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, entity::prelude::*, sea_query::Expr};
use storage::{StoreResult, Txn, classified::ClassifiedTable, retention::Aging};

use super::{alert, alert_device, contact, device, device_address, device_day, gateway_contact, school_contact, suppression};

/// What is said of its tables.
pub fn tables() -> Vec<ClassifiedTable> {
    vec![
        ClassifiedTable::of(school_contact::Entity),
        ClassifiedTable::of(gateway_contact::Entity),
        ClassifiedTable::of(device::Entity),
        ClassifiedTable::of(device_address::Entity),
        ClassifiedTable::of(device_day::Entity),
        ClassifiedTable::of(alert::Entity),
        ClassifiedTable::of(alert_device::Entity),
        ClassifiedTable::of(suppression::Entity),
    ]
}

/// Those that go by their age.
pub fn aging() -> Vec<Aging> {
    vec![
        Aging::of(device::Entity, Expr::col(device::Column::HeardAt), |held| held.school_in(device::Column::SchoolId))
            .with(&["device_address"])
            .guarded_by(|txn, ids| Box::pin(lock_schools::<device::Entity>(txn, device::Column::SchoolId, device::Column::DeviceId, ids)))
            .removed_by(|txn, _, ids| Box::pin(async move { Ok(forget_devices(txn, ids).await?) })),
        Aging::of(device_day::Entity, Expr::col(device_day::Column::Day), |held| held.school_in(device_day::Column::SchoolId)).by_day(),
        Aging::of(alert::Entity, Expr::col(alert::Column::ReceivedAt), |held| held.school_in(alert::Column::SchoolId))
            .with(&["alert_device"])
            .guarded_by(|txn, ids| Box::pin(lock_schools::<alert::Entity>(txn, alert::Column::SchoolId, alert::Column::AlertId, ids))),
        Aging::of(suppression::Entity, Expr::col(suppression::Column::ExpiresAt), |held| held.school_in(suppression::Column::SchoolId)),
    ]
}

/// Locks the schools of rows, as those who write them do.
async fn lock_schools<E: EntityTrait>(txn: &Txn, school: E::Column, key: E::Column, ids: &[Uuid]) -> StoreResult<()> {
    let query = E::find().select_only().column(school).distinct().filter(key.is_in(ids.iter().copied()));
    contact::lock_all(txn, query.into_tuple().all(&**txn).await?).await
}

/// An alert outlives its devices. Addresses and use go with them.
async fn forget_devices(txn: &Txn, ids: Vec<Uuid>) -> StoreResult<()> {
    use alert_device::Column::{AlertId, DeviceId};
    let takes_part = DeviceId.is_in(ids.iter().copied());
    let theirs = alert_device::Entity::find().select_only().column(AlertId).filter(takes_part.clone()).into_query();
    for column in [alert::Column::SourceDeviceId, alert::Column::DestinationDeviceId] {
        let forget = alert::Entity::update_many().col_expr(column, Expr::value(Option::<Uuid>::None));
        // By the table of who takes part, which has an index.
        let theirs = alert::Column::AlertId.in_subquery(theirs.clone());
        forget.filter(theirs).filter(column.is_in(ids.iter().copied())).exec(&**txn).await?;
    }
    alert_device::Entity::delete_many().filter(takes_part).exec(&**txn).await?;
    device::Entity::delete_many().filter(device::Column::DeviceId.is_in(ids)).exec(&**txn).await?;
    Ok(())
}
