//! Erases people whom two operators erased: what every service does when identity says so.

use auth::{Action, Context, Resource};
use events::{Envelope, HandleError};
use futures::future::BoxFuture;
use proto::identity::v1::PersonErased;
use runtime::{Error, PersonId};
use storage::{
    Txn,
    audit::{self, Chain, Entry},
};

/// Erases a person from a service's own tables. It locks what their names are written under.
pub type BoxedErasure = for<'a> fn(&'a Context, &'a Txn, PersonId) -> BoxFuture<'a, Result<(), Error>>;

/// Processes a record of `identity.erasure.v1`: the name goes from the service's own tables and from beside the audit trail, or is kept again,
/// with a row in the platform's chain. The same record again changes nothing but the trail.
///
/// # Errors
/// When the record is unreadable, or the database refuses.
pub async fn hear_of_erasure(cx: &Context, txn: &Txn, envelope: &Envelope, erase: BoxedErasure) -> Result<(), HandleError> {
    cx.require(Action::ErasureRun, Resource::Platform)?;
    let (person, is_erased) = read(envelope)?;
    let change = if is_erased {
        // First what is there, with its locks, in the order of those who write it; then no name can come; then what came meanwhile.
        erase(cx, txn, person).await?;
        audit::erase_actor(txn, person).await?;
        erase(cx, txn, person).await?;
        "erased"
    } else {
        audit::know_again(txn, person).await?;
        "known_again"
    };
    let detail = serde_json::json!({ "change": change });
    let entry = Entry { action: Action::ErasureRun, resource: format!("person:{person}"), detail };
    audit::append(txn, cx, Chain::Platform, entry).await?;
    Ok(())
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
