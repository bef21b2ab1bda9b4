//! Use cases of vendors as organisations. How far they are proven: [`super::enrolment`].

use auth::{Action, Context, Function, Resource, Scope};
use runtime::{Error, Etag, RequestId, Result, VendorId};
use storage::{
    Reach, RequestKey, Txn,
    audit::{self, Chain, Entry},
};

use super::{
    App,
    invitation::{require_few_letters, send_invitation},
    keep_check::refresh,
};
use crate::{
    domain::{EnterpriseNumber, Invitation, Place, Vendor, VendorChange, VendorDetails, VendorRefusal},
    outbound, store,
};

/// A vendor to be.
#[derive(Debug, Clone)]
pub struct CreateVendor {
    pub number: EnterpriseNumber,
    pub details: VendorDetails,
    /// Unique for this caller.
    pub request_id: Option<RequestId>,
}

/// What a vendor is to be.
#[derive(Debug, Clone)]
pub struct UpdateVendor {
    pub vendor_id: VendorId,
    pub details: VendorDetails,
    /// The vendor as the caller read it.
    pub etag: Etag,
}

/// `NotFound` also when the caller may not see it.
pub async fn get_vendor(app: &App, cx: &Context, id: VendorId) -> Result<Vendor> {
    cx.require(Action::VendorRead, id)?;
    let scope = cx.scope(Action::VendorRead)?;
    store::vendor::find(&app.database.reader_within(&scope).await?, &scope, id).await?.ok_or_else(|| Error::not_found("vendor"))
}

/// By an operator. Answers the vendor made before when the request is a repetition.
pub async fn create_vendor(app: &App, cx: &Context, asked: CreateVendor) -> Result<Vendor> {
    cx.require(Action::VendorCreate, Resource::Platform)?;
    let key = RequestKey::of(cx, asked.request_id);

    let txn = app.database.begin_within(Reach::Everything).await?;
    if let Some(before) = made_before(&txn, &asked, &key).await? {
        return Ok(before);
    }
    require_free(&txn, asked.number).await?;

    let (vendor, change) = Vendor::create(cx.ids.next(), asked.number, asked.details);

    store::vendor::insert(&txn, &vendor, cx.clock.now(), &key).await?;
    record(&txn, cx, &vendor, change, Action::VendorCreate).await?;
    txn.commit().await?;
    Ok(vendor)
}

/// By anybody who signed in surely, but for pupils and parents. Who opens the link in the mail to the vendor's own domain becomes its contact; the caller learns nothing
/// of the vendor before.
pub async fn register_vendor(app: &App, cx: &Context, asked: CreateVendor) -> Result<()> {
    let person = cx.principal().person_id().ok_or_else(|| Error::not_found("vendor"))?;
    cx.require(Action::VendorRegister, person)?;
    if !asked.details.contact_is_at_domain() {
        let message = "give an address at the vendor's own domain: the link to go on is sent there";
        return Err(Error::invalid_field("security_contact", message));
    }
    let key = RequestKey::of(cx, asked.request_id);

    // A number may be that of a vendor which the caller does not reach.
    let txn = app.database.begin_within(Reach::Everything).await?;
    if made_before(&txn, &asked, &key).await?.is_some() {
        return Ok(());
    }
    let of_today = store::vendor::count_requested(&*txn, &key, cx.clock.now() - Invitation::DAY).await?;
    if of_today >= Vendor::MOST_REGISTRATIONS {
        return Err(VendorRefusal::TooManyRegistrations.into());
    }
    require_free(&txn, asked.number).await?;

    let (vendor, change) = Vendor::register(cx.ids.next(), asked.number, asked.details);

    store::vendor::insert(&txn, &vendor, cx.clock.now(), &key).await?;
    record(&txn, cx, &vendor, change, Action::VendorRegister).await?;
    let contact = (vendor.details.security_contact.clone(), Function::VendorContact(vendor.id), None);
    require_few_letters(&txn, cx, &contact.0, Place(vendor.id.into())).await?;
    // Nobody with authority over the vendor invites. That the link arrives at its domain is what counts.
    let (by, key) = (format!("service:{}", outbound::NAME), RequestKey::default());
    send_invitation(app, &txn, cx, contact, (by, Action::VendorRegister), &key).await?;
    txn.commit().await?;
    Ok(())
}

/// Answers the vendor as it is now.
pub async fn update_vendor(app: &App, cx: &Context, asked: UpdateVendor) -> Result<Vendor> {
    cx.require(Action::VendorEdit, asked.vendor_id)?;
    let scope = cx.scope(Action::VendorEdit)?;

    let txn = app.database.begin_within(&scope).await?;
    let mut vendor = to_change(&txn, &scope, asked.vendor_id, &asked.etag).await?;

    let change = vendor.update(asked.details);

    store::vendor::update(&txn, &vendor).await?;
    record(&txn, cx, &vendor, change, Action::VendorEdit).await?;
    txn.commit().await?;
    Ok(vendor)
}

/// The vendor, locked, if the caller has read it as it is now.
pub(super) async fn to_change(txn: &Txn, scope: &Scope<VendorId>, id: VendorId, etag: &Etag) -> Result<Vendor> {
    let found = store::vendor::find_to_change(txn, scope, id).await?;
    let vendor = found.ok_or_else(|| Error::not_found("vendor"))?;
    etag.require(&vendor.etag())?;
    Ok(vendor)
}

/// The vendor that this request made. Nobody else makes one until the transaction ends, so that what is looked up stays so.
async fn made_before(txn: &Txn, asked: &CreateVendor, key: &RequestKey) -> Result<Option<Vendor>> {
    store::place::lock(txn, Place(Resource::Platform)).await?;
    let before = store::vendor::find_by_request(&**txn, key).await?;
    if let Some(before) = &before {
        RequestId::require_repetition(before.number == asked.number && before.details == asked.details)?;
    }
    Ok(before)
}

async fn require_free(txn: &Txn, number: EnterpriseNumber) -> Result<()> {
    if store::vendor::has(&**txn, number).await? { Err(VendorRefusal::EnterpriseNumberTaken.into()) } else { Ok(()) }
}

/// What is proven of it, which depends on its domain, and the audit row.
async fn record(txn: &Txn, cx: &Context, vendor: &Vendor, change: VendorChange, action: Action) -> Result<()> {
    refresh(txn, vendor.into()).await?;
    let entry = Entry {
        action,
        resource: format!("vendor:{}", vendor.id),
        detail: serde_json::json!({
            "change": change.into_str(),
            "enterprise_number": vendor.number.digits(),
            "domain": vendor.details.domain.as_str(),
            "version": vendor.version,
        }),
    };
    audit::append(txn, cx, Chain::Vendor(vendor.id), entry).await?;
    Ok(())
}
