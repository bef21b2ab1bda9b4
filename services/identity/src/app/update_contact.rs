//! Changes a contact.

use auth::{Action, Context};
use runtime::{ContactId, Error, Etag, Result};

use super::{App, record_contact::record_contact};
use crate::{
    domain::{Contact, ContactDetails},
    store,
};

/// What a contact is to be.
#[derive(Debug, Clone)]
pub struct UpdateContact {
    pub contact_id: ContactId,
    pub details: ContactDetails,
    /// The contact as the caller read it.
    pub etag: Etag,
}

/// Answers the contact as it is now.
pub async fn update_contact(app: &App, cx: &Context, asked: UpdateContact) -> Result<Contact> {
    let scope = cx.scope(Action::ContactEdit)?;

    let txn = app.database.begin().await?;
    let found = store::contact::find_to_change(&txn, &scope, asked.contact_id).await?;
    let mut contact = found.ok_or_else(|| Error::not_found("contact"))?;
    asked.etag.require(&contact.etag())?;

    let change = contact.update(asked.details);

    store::contact::update(&txn, &contact).await?;
    record_contact(&txn, cx, &contact, change).await?;
    txn.commit().await?;
    Ok(contact)
}
