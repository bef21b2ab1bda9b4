//! Mails those who may confirm a function, and at last its holder, before it ends for want of a confirmation.
//!
//! The reminder that was sent is kept with the appointment, in the transaction that queues its mails, and the row is locked meanwhile. So each
//! is sent once: also by two replicas, after a restart, and after days without a run.
//!
//! What operators are asked because nobody nearer may confirm it is kept in that transaction instead, and mailed at the end of the run. What
//! a run leaves, the next one sends.

mod authority;
mod letters;
mod pass_on;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use auth::{Action, Context, Function, Resource};
use chrono::{DateTime, Utc};
use runtime::{ErrorKind, Result};
use storage::{
    Reach, Txn,
    audit::{self, Entry},
};

use self::{
    authority::{Authority, who_may_confirm},
    letters::Letters,
    pass_on::pass_on,
};
use super::{App, appointment::chain_of, queue_letter::queue_letter};
use crate::{
    domain::{Appointment, Place, Reminder, letter},
    store,
};

/// Places in one look-up.
const PLACES_AT_ONCE: u64 = 100;
/// Appointments in one transaction, all of one place. Those beyond come in a second mail: so many do not end at one place on one day.
const AT_ONCE: u64 = 500;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reminded {
    /// Appointments whose reminder was sent, or is passed on.
    pub appointments: u64,
    /// Mails that were queued.
    pub mails: u64,
    /// Places where something failed; the next run is the retry.
    pub places_failed: u64,
    /// Schools that wait until their board is known.
    pub schools_waiting: u64,
}

/// Answers what it queued. `cx` is the service's own.
pub async fn remind_of_confirmations(app: &App, cx: &Context) -> Result<Reminded> {
    cx.require(Action::FunctionRemind, Resource::Platform)?;
    let now = cx.clock.now();
    let mut reminded = Reminded::default();
    let mut last = String::new();
    loop {
        let reader = app.database.reader_within(Reach::Everything).await?;
        let places = store::appointment::places_to_remind(&reader, now, &last, PLACES_AT_ONCE).await?;
        drop(reader);
        let Some(last_of_these) = places.last() else { break };
        last.clone_from(last_of_these);
        for place in places {
            match remind_at(app, cx, &place, now, &mut reminded).await {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                // A row that cannot be read must not keep the places after it from hearing.
                Err(error) => {
                    tracing::warn!(name: "appointment.not_reminded", place, error = %error.chain(), "reminders not sent, will retry");
                    reminded.places_failed += 1;
                }
            }
        }
    }
    if reminded.schools_waiting > 0 {
        let schools = reminded.schools_waiting;
        tracing::warn!(name: "appointment.board_unknown", schools, "reminders wait until the boards of these schools are known");
    }
    reminded.mails += pass_on(app, cx, now).await?;
    Ok(reminded)
}

/// Sends what is due at a place.
async fn remind_at(app: &App, cx: &Context, place: &str, now: DateTime<Utc>, reminded: &mut Reminded) -> Result<()> {
    loop {
        let txn = app.database.begin().await?;
        let appointments = store::appointment::to_remind(&txn, place, now, AT_ONCE).await?;
        let Some(authorities) = authorities_over(&txn, cx, &appointments, now).await? else {
            reminded.schools_waiting += 1;
            return Ok(());
        };

        let letters = Letters::of(&appointments, &authorities, now);

        let mails = queue(app, &txn, cx, &letters).await?;
        for (reminder, appointment) in &letters.due {
            let appointment = Appointment { reminded: Some(*reminder), ..(*appointment).clone() };
            store::appointment::update(&txn, &appointment).await?;
        }
        store::passed_on::save(&txn, &letters.passed_on).await?;
        record(&txn, cx, &letters, mails).await?;
        txn.commit().await?;

        for ((reminder, asked), count) in &letters.counts {
            app.metrics.reminded(*reminder, asked.into_str(), *count);
        }
        let sent = letters.due.len() as u64;
        reminded.appointments += sent;
        reminded.mails += mails;
        if sent < AT_ONCE {
            return Ok(());
        }
    }
}

/// Those over each function; `None` while those over one of them are not known.
async fn authorities_over(
    txn: &Txn,
    cx: &Context,
    appointments: &[Appointment],
    now: DateTime<Utc>,
) -> Result<Option<BTreeMap<Function, Vec<Authority>>>> {
    let functions: BTreeSet<Function> = appointments.iter().map(|appointment| appointment.function).collect();
    let mut over = BTreeMap::new();
    for function in functions {
        let Some(authorities) = who_may_confirm(txn, cx, function, now).await? else { return Ok(None) };
        over.insert(function, authorities);
    }
    Ok(Some(over))
}

/// Answers how many mails there are.
async fn queue(app: &App, txn: &Txn, cx: &Context, letters: &Letters<'_>) -> Result<u64> {
    let Some((function, place)) = place_of(letters) else { return Ok(0) };
    let name = store::place::name(&**txn, function).await?;
    let place = (place, name.as_deref());
    for ask in letters.to_confirm.values() {
        let letter = letter::to_confirm(place, &ask.appointments, &app.portal);
        queue_letter(txn, cx, ask.to, &letter).await?;
    }
    for tell in letters.to_be_confirmed.values() {
        let letter = letter::to_be_confirmed(place, &tell.appointments, &app.portal);
        queue_letter(txn, cx, tell.to, &letter).await?;
    }
    Ok((letters.to_confirm.len() + letters.to_be_confirmed.len()) as u64)
}

/// In the place's chain, who was reminded of how many.
async fn record(txn: &Txn, cx: &Context, letters: &Letters<'_>, mails: u64) -> Result<()> {
    let Some((function, place)) = place_of(letters) else { return Ok(()) };
    let count = |of: Reminder| letters.due.iter().filter(|(reminder, _)| *reminder == of).count();
    let passed_on = letters.passed_on.len();
    let detail =
        serde_json::json!({ "month": count(Reminder::Month), "week": count(Reminder::Week), "mails": mails, "passed_on": passed_on });
    let entry = Entry { action: Action::FunctionRemind, resource: place.to_string(), detail };
    audit::append(txn, cx, chain_of(function), entry).await?;
    Ok(())
}

/// Where they all hold.
fn place_of(letters: &Letters<'_>) -> Option<(Function, Place)> {
    let (_, first) = letters.due.first()?;
    Some((first.function, Place::of(first.function)?))
}
