//! Adds a contact to a school.

use auth::{Action, Context};
use runtime::{Error, RequestId, Result, SchoolId};

use super::{App, record_contact::record_contact};
use crate::{
    domain::{Contact, ContactDetails},
    store::{self, gateway::RequestKey},
};

/// A contact to be.
#[derive(Debug, Clone)]
pub struct CreateContact {
    pub school_id: SchoolId,
    pub details: ContactDetails,
    /// Unique for this caller.
    pub request_id: Option<RequestId>,
}

/// Answers the contact made before when the request is a repetition.
pub async fn create_contact(app: &App, cx: &Context, asked: CreateContact) -> Result<Contact> {
    cx.require(Action::ContactEdit, asked.school_id)?;
    let scope = cx.scope(Action::ContactEdit)?;
    let key = RequestKey { requested_by: cx.actor(), request_id: asked.request_id };

    let txn = app.database.begin().await?;
    let school = store::school::find_to_change(&txn, &scope, asked.school_id).await?.ok_or_else(|| Error::not_found("school"))?;
    if let Some(before) = store::contact::find_by_request(&*txn, &key).await? {
        RequestId::require_repetition(before.school_id == school.id && before.details == asked.details)?;
        return Ok(before);
    }
    let has = store::contact::of_school(&*txn, school.id).await?.len();

    let (contact, change) = Contact::create(cx.ids.next(), school.id, asked.details, has)?;

    store::contact::insert(&txn, &contact, &key).await?;
    record_contact(&txn, cx, &contact, change).await?;
    txn.commit().await?;
    Ok(contact)
}
