//! Erases who a person is, in the transaction of the decision. Their id stays, in what must stay.

use auth::{Action, Context};
use events::{Topic, outbox};
use runtime::{Error, PersonId, Result};
use storage::{Txn, audit};

use super::{appointment::keep_end, invitation, keep_check::lock_proof};
use crate::{
    domain::{Appointment, Invitation},
    outbound::person_erased,
    store,
};

/// What leads to a person.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    /// What they hold or will hold.
    held: Vec<Appointment>,
    /// Theirs, in small letters.
    addresses: Vec<String>,
}

/// Ends what the person holds, withdraws what they are invited to, removes their name and addresses, and has the other services do the same.
/// `Conflict` when they get or lose a function meanwhile.
pub(super) async fn erase_person(txn: &Txn, cx: &Context, person: PersonId) -> Result<()> {
    let seen = known(txn, cx, person).await?;
    let invitations = lock(txn, person, &seen).await?;
    let Known { held, addresses } = known(txn, cx, person).await?;
    if held != seen.held || addresses != seen.addresses {
        return Err(Error::conflict("person_changed", "this person got or lost a function just now; look again, then agree"));
    }

    end_functions(txn, cx, held).await?;
    withdraw(txn, cx, invitations).await?;
    mail::erase(txn, &addresses).await?;
    store::person::erase(txn, person).await?;
    store::appointment::erase_name(txn, person).await?;
    audit::erase_actor(txn, person).await?;
    outbox::add(txn, Topic::Erasure, person_erased(cx, person)).await
}

async fn known(txn: &Txn, cx: &Context, person: PersonId) -> Result<Known> {
    let mut held = store::appointment::of_person(&**txn, person, cx.clock.now()).await?;
    // The order in which places are locked.
    held.sort_by_cached_key(|appointment| appointment.function.to_string());
    let mut addresses = store::invitation::addresses_of(&**txn, person).await?;
    let last = store::person::find(&**txn, person).await?;
    addresses.extend(last.iter().filter_map(|person| person.email()).map(|email| email.as_str().to_lowercase()));
    addresses.sort();
    addresses.dedup();
    // A mailbox that others use too leads to them as well: what was sent there stays.
    let shared = store::invitation::addresses_of_others(&**txn, person, &addresses).await?;
    addresses.retain(|address| !shared.contains(address));
    Ok(Known { held, addresses })
}

/// In the order of all use cases: what is proven of schools, holders of functions, invitations, the person. Answers the invitations.
async fn lock(txn: &Txn, person: PersonId, seen: &Known) -> Result<Vec<Invitation>> {
    for appointment in &seen.held {
        lock_proof(txn, appointment.function).await?;
    }
    let functions: Vec<_> = seen.held.iter().map(|appointment| appointment.function).collect();
    store::appointment::lock_holders(txn, &functions).await?;
    let invitations = store::invitation::find_to_erase(txn, person, &seen.addresses).await?;
    store::person::find_to_change(txn, person).await?;
    Ok(invitations)
}

/// Also where nobody is left to look after the place: an operator appoints a successor.
async fn end_functions(txn: &Txn, cx: &Context, held: Vec<Appointment>) -> Result<()> {
    let now = cx.clock.now();
    for mut appointment in held {
        let change = appointment.end(now, now)?;
        keep_end(txn, cx, &appointment, change, None).await?;
    }
    Ok(())
}

/// Also those that were answered go: what is left of an invitation is its address.
async fn withdraw(txn: &Txn, cx: &Context, invitations: Vec<Invitation>) -> Result<()> {
    for mut invitation in invitations {
        if let Ok(change) = invitation.withdraw() {
            invitation::record(txn, cx, &invitation, change, Action::FunctionEnd).await?;
        }
        store::invitation::remove(txn, invitation.id).await?;
    }
    Ok(())
}
