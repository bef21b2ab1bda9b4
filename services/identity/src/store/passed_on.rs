//! Reminders that are passed on to operators, kept until the run mails them.

use chrono::{DateTime, Utc};
use sea_orm::{IntoActiveModel as _, QueryOrder as _, QuerySelect as _, entity::prelude::*};
use storage::{StoreError, StoreResult, Txn, chunks, or_update};

use super::appointment;
use crate::domain::{Appointment, AppointmentId, Reminder};

/// Table `passed_on`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passed_on")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub appointment_id: Uuid,
    pub reminder: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Functions { Internal: AppointmentId, Reminder; }}

/// A reminder and the appointment as it is now.
#[derive(Debug)]
pub struct PassedOn {
    pub reminder: Reminder,
    pub appointment: Appointment,
}

impl PassedOn {
    /// Whether somebody must still confirm it.
    pub fn is_current(&self, now: DateTime<Utc>) -> bool {
        self.appointment.awaits_confirmation(now) && self.appointment.reminded == Some(self.reminder)
    }
}

/// A later reminder of an appointment replaces an earlier one.
pub async fn save(txn: &Txn, passed_on: &[(Reminder, &Appointment)]) -> StoreResult<()> {
    let row = |(reminder, appointment): &(Reminder, &Appointment)| {
        Model { appointment_id: appointment.id.as_uuid(), reminder: reminder.into_str().to_owned() }.into_active_model()
    };
    for rows in chunks(passed_on.iter().map(row)) {
        Entity::insert_many(rows).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

/// At most so many after this appointment, by id, locked until the transaction ends: of two runs at once, the second finds none that the
/// first removes. One that cannot be read is answered with the reason, so that it keeps no other waiting.
pub async fn find_to_send(txn: &Txn, after: AppointmentId, at_most: u64) -> StoreResult<Vec<(AppointmentId, StoreResult<PassedOn>)>> {
    let query = Entity::find().filter(Column::AppointmentId.gt(after.as_uuid())).order_by_asc(Column::AppointmentId).limit(at_most);
    let rows = query.lock_exclusive().all(&**txn).await?;
    let mut appointments = appointment::find_each(&**txn, rows.iter().map(|row| row.appointment_id)).await?;
    let found = rows.into_iter().map(|row| {
        let missing = || Err(StoreError::unreadable("passed_on.appointment_id", "names no appointment"));
        let appointment = appointments.remove(&row.appointment_id).unwrap_or_else(missing);
        (row.appointment_id.into(), read(&row, appointment))
    });
    Ok(found.collect())
}

pub async fn remove(txn: &Txn, sent: &[PassedOn]) -> StoreResult<()> {
    for ids in chunks(sent.iter().map(|passed_on| passed_on.appointment.id.as_uuid())) {
        Entity::delete_many().filter(Column::AppointmentId.is_in(ids)).exec(&**txn).await?;
    }
    Ok(())
}

fn read(row: &Model, appointment: StoreResult<Appointment>) -> StoreResult<PassedOn> {
    let reminder = row.reminder.parse().map_err(|error| StoreError::unreadable("passed_on.reminder", error))?;
    Ok(PassedOn { reminder, appointment: appointment? })
}
