//! Deletes a contact.

use auth::{Action, Context};
use runtime::{ContactId, Error, Etag, Result};

use super::{App, record_contact::record_contact};
use crate::{domain::ContactChange, store};

/// Which contact goes.
#[derive(Debug, Clone)]
pub struct DeleteContact {
    pub contact_id: ContactId,
    /// The contact as the caller read it.
    pub etag: Etag,
}

pub async fn delete_contact(app: &App, cx: &Context, asked: DeleteContact) -> Result<()> {
    let scope = cx.scope(Action::ContactEdit)?;

    let txn = app.database.begin().await?;
    let found = store::contact::find_to_change(&txn, &scope, asked.contact_id).await?;
    let contact = found.ok_or_else(|| Error::not_found("contact"))?;
    asked.etag.require(&contact.etag())?;

    store::contact::delete(&txn, contact.id).await?;
    record_contact(&txn, cx, &contact, ContactChange::Deleted).await?;
    Ok(txn.commit().await?)
}
