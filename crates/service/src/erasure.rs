//! Erases people whom two operators erased: what every service does when identity says so.

use auth::{Action, Context, Resource};
use events::{Envelope, HandleError};
use proto::identity::v1::PersonErased;
use runtime::PersonId;
use storage::{
    Txn,
    audit::{self, Chain, Entry},
};

/// Processes a record of `identity.erasure.v1`: the name beside the audit trail goes, or is kept again, with a row in the platform's chain. Answers
/// whom the service has to erase from its own tables. The same record again changes nothing but the trail.
///
/// # Errors
/// When the record is unreadable, or the database refuses.
pub async fn hear_of_erasure(cx: &Context, txn: &Txn, envelope: &Envelope) -> Result<Option<PersonId>, HandleError> {
    cx.require(Action::ErasureRun, Resource::Platform)?;
    let (person, is_erased) = read(envelope)?;
    let change = if is_erased {
        audit::erase_actor(txn, person).await?;
        "erased"
    } else {
        audit::know_again(txn, person).await?;
        "known_again"
    };
    let detail = serde_json::json!({ "change": change });
    let entry = Entry { action: Action::ErasureRun, resource: format!("person:{person}"), detail };
    audit::append(txn, cx, Chain::Platform, entry).await?;
    Ok(is_erased.then_some(person))
}

/// Whom it is about, and whether they are erased.
fn read(envelope: &Envelope) -> Result<(PersonId, bool), HandleError> {
    let unreadable = |id: &str| HandleError::poison("erasure_unreadable", format!("{id:?} is no id of a person"));
    let id = match &envelope.data {
        Some(_) => envelope.decode::<PersonErased>()?.person_id,
        None => String::from_utf8_lossy(&envelope.key).into_owned(),
    };
    Ok((id.parse().map_err(|_| unreadable(&id))?, envelope.data.is_some()))
}
