//! How the rows of network-monitor grow old.

use sea_orm::{ColumnTrait as _, QueryFilter as _, entity::prelude::*, sea_query::Expr};
use storage::{StoreResult, Txn, classified::ClassifiedTable, retention::Aging};

use super::{alert, alert_device, device, device_address, device_day, gateway_contact, school_contact, suppression};

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
            .removed_by(|txn, _, ids| Box::pin(async move { Ok(forget_devices(txn, ids).await?) })),
        Aging::of(device_day::Entity, Expr::col(device_day::Column::Day), |held| held.school_in(device_day::Column::SchoolId)).by_day(),
        Aging::of(alert::Entity, Expr::col(alert::Column::ReceivedAt), |held| held.school_in(alert::Column::SchoolId))
            .with(&["alert_device"]),
        Aging::of(suppression::Entity, Expr::col(suppression::Column::ExpiresAt), |held| held.school_in(suppression::Column::SchoolId)),
    ]
}

/// An alert outlives its devices. Addresses and use go with them.
async fn forget_devices(txn: &Txn, ids: Vec<Uuid>) -> StoreResult<()> {
    for column in [alert::Column::SourceDeviceId, alert::Column::DestinationDeviceId] {
        let nobody = Expr::value(Option::<Uuid>::None);
        alert::Entity::update_many().col_expr(column, nobody).filter(column.is_in(ids.iter().copied())).exec(&**txn).await?;
    }
    device::Entity::delete_many().filter(device::Column::DeviceId.is_in(ids)).exec(&**txn).await?;
    Ok(())
}
