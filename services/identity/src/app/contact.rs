//! Use cases of contacts: whom to call at a school.

use auth::{Action, Context, Scope};
use events::{Topic, outbox};
use runtime::{Error, Etag, RequestId, Result, SchoolId};
use serde::Serialize;
use storage::{
    Page, PageRequest, Paging, RequestKey, Txn,
    audit::{self, Chain, Entry},
};

use super::App;
use crate::{
    domain::{Contact, ContactChange, ContactDetails, ContactId},
    outbound::organisation_state,
    store,
};

/// A page of the contacts of a school.
#[derive(Debug, Clone, Serialize)]
pub struct ListContacts {
    pub school_id: SchoolId,
    pub page: PageRequest,
}

/// A contact to be.
#[derive(Debug, Clone)]
pub struct CreateContact {
    pub school_id: SchoolId,
    pub details: ContactDetails,
    /// Unique for this caller.
    pub request_id: Option<RequestId>,
}

/// What a contact is to be.
#[derive(Debug, Clone)]
pub struct UpdateContact {
    pub contact_id: ContactId,
    pub details: ContactDetails,
    /// The contact as the caller read it.
    pub etag: Etag,
}

/// Which contact goes.
#[derive(Debug, Clone)]
pub struct DeleteContact {
    pub contact_id: ContactId,
    /// The contact as the caller read it.
    pub etag: Etag,
}

/// `NotFound` also when the caller may not see it.
pub async fn get_contact(app: &App, cx: &Context, id: ContactId) -> Result<Contact> {
    let scope = cx.scope(Action::ContactRead)?;
    store::contact::find(&app.database.reader_within(&scope).await?, &scope, id).await?.ok_or_else(|| Error::not_found("contact"))
}

/// Those within the caller's scope.
pub async fn list_contacts(app: &App, cx: &Context, asked: ListContacts) -> Result<Page<Contact>> {
    cx.require(Action::ContactRead, asked.school_id)?;
    let scope = cx.scope(Action::ContactRead)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    Ok(store::contact::list(&app.database.reader_within(&scope).await?, &scope, asked.school_id, &paging).await?)
}

/// Answers the contact made before when the request is a repetition.
pub async fn create_contact(app: &App, cx: &Context, asked: CreateContact) -> Result<Contact> {
    cx.require(Action::ContactEdit, asked.school_id)?;
    let scope = cx.scope(Action::ContactEdit)?;
    let key = RequestKey::of(cx, asked.request_id);

    let txn = app.database.begin_within(&scope).await?;
    let school = store::school::find_to_change(&txn, &scope, asked.school_id).await?.ok_or_else(|| Error::not_found("school"))?;
    if let Some(before) = store::contact::find_by_request(&*txn, &key).await? {
        RequestId::require_repetition(before.school_id == school.id && before.details == asked.details)?;
        return Ok(before);
    }
    let has = store::contact::of_school(&*txn, school.id).await?.len();

    let (contact, change) = Contact::create(cx.ids.next(), school.id, asked.details, has)?;

    store::contact::insert(&txn, &contact, &key).await?;
    record(&txn, cx, &contact, change).await?;
    txn.commit().await?;
    Ok(contact)
}

/// Answers the contact as it is now.
pub async fn update_contact(app: &App, cx: &Context, asked: UpdateContact) -> Result<Contact> {
    let scope = cx.scope(Action::ContactEdit)?;

    let txn = app.database.begin_within(&scope).await?;
    let mut contact = to_change(&txn, &scope, asked.contact_id, &asked.etag).await?;

    let change = contact.update(asked.details);

    store::contact::update(&txn, &contact).await?;
    record(&txn, cx, &contact, change).await?;
    txn.commit().await?;
    Ok(contact)
}

/// Nobody is called there any more.
pub async fn delete_contact(app: &App, cx: &Context, asked: DeleteContact) -> Result<()> {
    let scope = cx.scope(Action::ContactEdit)?;

    let txn = app.database.begin_within(&scope).await?;
    let contact = to_change(&txn, &scope, asked.contact_id, &asked.etag).await?;

    store::contact::delete(&txn, contact.id).await?;
    record(&txn, cx, &contact, ContactChange::Deleted).await?;
    Ok(txn.commit().await?)
}

/// The contact, locked, if the caller has read it as it is now.
async fn to_change(txn: &Txn, scope: &Scope<SchoolId>, id: ContactId, etag: &Etag) -> Result<Contact> {
    let found = store::contact::find_to_change(txn, scope, id).await?;
    let contact = found.ok_or_else(|| Error::not_found("contact"))?;
    etag.require(&contact.etag())?;
    Ok(contact)
}

/// The state of its school, and the audit row. The school must be locked, so that the last state that is published is the last
/// that was stored.
async fn record(txn: &Txn, cx: &Context, contact: &Contact, change: ContactChange) -> Result<()> {
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
