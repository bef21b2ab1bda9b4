//! Records a change of a contact, in the transaction of the change: the state of its school, and the audit row.

use auth::{Action, Context, Scope};
use events::{Topic, outbox};
use runtime::{Error, Result};
use storage::{
    Txn,
    audit::{self, Chain, Entry},
};

use crate::{
    domain::{Contact, ContactChange},
    outbound::organisation_state,
    store,
};

/// The school must be locked, so that the last state that is published is the last that was stored.
pub async fn record_contact(txn: &Txn, cx: &Context, contact: &Contact, change: ContactChange) -> Result<()> {
    let school = store::school::find(&**txn, &Scope::Everything, contact.school_id).await?;
    let school = school.ok_or_else(|| Error::not_found("school"))?;
    let contacts = store::contact::of_school(&**txn, school.id).await?;
    outbox::add(txn, Topic::Organisation, organisation_state(cx, &school, &contacts)).await?;
    let entry = Entry {
        action: Action::ContactEdit,
        resource: format!("contact:{}", contact.id),
        detail: serde_json::json!({ "change": change.into_str(), "version": contact.version }),
    };
    audit::append(txn, cx, Chain::School(school.id), entry).await?;
    Ok(())
}
