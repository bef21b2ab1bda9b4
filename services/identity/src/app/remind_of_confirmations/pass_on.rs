//! Mails operators what nobody nearer may confirm, at all places together: a year after many schools started on one day, a mail for each
//! place would be thousands in an hour.

use std::collections::{BTreeMap, BTreeSet};

use auth::{Action, Context, Function, Resource};
use chrono::{DateTime, Utc};
use runtime::{PersonId, Result};
use storage::{
    Txn,
    audit::{self, Chain, Entry},
};
use uuid::Uuid;

use super::letters::Asked;
use crate::{
    app::{App, queue_letter::queue_letter},
    domain::{Appointment, Person, Place, Reminder, letter},
    store::{self, passed_on::PassedOn},
};

/// Functions in one transaction, and in one mail.
pub(super) const AT_ONCE: u64 = 2_000;

/// Sends what this run passed on, and what an earlier one left. Answers how many mails it queued.
pub(super) async fn pass_on(app: &App, cx: &Context, now: DateTime<Utc>) -> Result<u64> {
    let mut mails = 0;
    let mut last = Uuid::nil().into();
    loop {
        let txn = app.database.begin().await?;
        let found = store::passed_on::find_to_send(&txn, last, AT_ONCE).await?;
        let Some((last_of_these, _)) = found.last() else { return Ok(mails) };
        last = *last_of_these;
        let mut passed_on = Vec::with_capacity(found.len());
        for (appointment, found) in found {
            match found {
                Ok(found) => passed_on.push(found),
                Err(error) => {
                    let error = runtime::error::chain(&error);
                    tracing::warn!(name: "appointment.not_passed_on", %appointment, error, "reminder not passed on, will retry");
                }
            }
        }

        let current: Vec<&PassedOn> = passed_on.iter().filter(|passed_on| passed_on.is_current(now)).collect();
        let operators = store::appointment::holders(&*txn, &[Function::Operator], now).await?;
        let operators: BTreeMap<PersonId, Person> = operators.into_iter().map(|operator| (operator.id, operator)).collect();
        let queued = queue(app, &txn, cx, &current, &operators).await?;
        record(&txn, cx, &current, queued).await?;
        store::passed_on::remove(&txn, &passed_on).await?;
        txn.commit().await?;

        for passed_on in current {
            let holder = passed_on.appointment.person.id;
            let asked = if operators.keys().any(|operator| *operator != holder) { Asked::Above } else { Asked::Nobody };
            app.metrics.reminded(passed_on.reminder, asked.into_str(), 1);
        }
        mails += queued;
    }
}

/// One letter to each operator, without what they hold themselves. Answers how many mails there are.
async fn queue(app: &App, txn: &Txn, cx: &Context, current: &[&PassedOn], operators: &BTreeMap<PersonId, Person>) -> Result<u64> {
    let places = store::place::names(&**txn, &places_of(current)).await?;
    let mut mails = 0;
    for operator in operators.values() {
        let of_others = current.iter().map(|passed_on| &passed_on.appointment).filter(|appointment| appointment.person.id != operator.id);
        let of_others: Vec<&Appointment> = of_others.collect();
        if let Some(to) = operator.email().filter(|_| !of_others.is_empty()) {
            queue_letter(txn, cx, to, &letter::passed_on(&of_others, &places, &app.portal)).await?;
            mails += 1;
        }
    }
    Ok(mails)
}

/// In the platform's chain, of how many operators were reminded.
async fn record(txn: &Txn, cx: &Context, current: &[&PassedOn], mails: u64) -> Result<()> {
    if current.is_empty() {
        return Ok(());
    }
    let count = |of: Reminder| current.iter().filter(|passed_on| passed_on.reminder == of).count();
    let places = places_of(current).len();
    let detail = serde_json::json!({ "month": count(Reminder::Month), "week": count(Reminder::Week), "places": places, "mails": mails });
    let entry = Entry { action: Action::FunctionRemind, resource: Resource::Platform.to_string(), detail };
    audit::append(txn, cx, Chain::Platform, entry).await?;
    Ok(())
}

fn places_of(current: &[&PassedOn]) -> BTreeSet<Resource> {
    current.iter().filter_map(|passed_on| Place::of(passed_on.appointment.function)).map(|Place(place)| place).collect()
}
