//! Use cases of enrolment: what is checked of schools and vendors, and what it comes to.

use std::collections::BTreeSet;

use auth::{Action, Context, Function, Resource};
use chrono::{DateTime, Days, Utc};
use runtime::{Error, Etag, Line, Result, SchoolId, VendorId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging, Reach};

use super::{
    App,
    keep_check::{NewCheck, keep, not_found, sign_in_of},
    vendor::to_change,
};
use crate::{
    domain::{CheckKind, CheckOutcome, Claimed, EnrolmentDetails, EnrolmentLevel, EvidenceHash, Place, Standing, Subject},
    store,
};

pub use store::enrolment::Kind as EnrolmentKind;

/// How long a confirmation by the board holds, and a look at the register of companies.
const YEAR: Days = Days::new(365);
/// Checks and overrides of one organisation that are told.
const NEWEST: usize = 50;

/// A page of the organisations that are enrolled.
#[derive(Debug, Clone, Serialize)]
pub struct ListEnrolments {
    pub kind: Option<EnrolmentKind>,
    /// Only at one of these; empty: at any.
    pub levels: Vec<EnrolmentLevel>,
    /// Only those whose level falls before then.
    pub ends_before: Option<DateTime<Utc>>,
    /// Part of a name or a number.
    pub query: String,
    #[serde(skip)]
    pub for_export: bool,
    pub page: PageRequest,
}

/// What an operator found in the register of companies.
#[derive(Debug, Clone)]
pub struct CheckCompany {
    pub vendor_id: VendorId,
    /// Active and under this name, or not.
    pub is_active: bool,
    /// Where it was looked up, and what it said.
    pub reason: Line<200>,
    /// The vendor as the caller read it.
    pub etag: Etag,
}

/// To who may see those of all schools and vendors.
pub async fn list_enrolments(app: &App, cx: &Context, asked: ListEnrolments) -> Result<Page<Standing>> {
    let action = if asked.for_export { Action::EnrolmentExport } else { Action::EnrolmentRead };
    cx.require(action, Resource::Platform)?;
    let mut paging = Paging::begin(&asked, &asked.page)?;
    // Levels fall by themselves: later pages are of the moment of the first.
    let now = paging.as_of(cx.clock.now());
    let filter = store::enrolment::Filter { kind: asked.kind, levels: &asked.levels, ends_before: asked.ends_before, text: &asked.query };
    let page = store::enrolment::list(&app.database.reader_within(Reach::Everything).await?, filter, now, &paging).await?;
    if asked.for_export {
        app.on_record.export_of(&app.database, cx, action, Resource::Platform, page.total).await?;
    }
    Ok(page)
}

/// `NotFound` also when the caller may not see it.
pub async fn get_enrolment(app: &App, cx: &Context, subject: Subject) -> Result<EnrolmentDetails> {
    cx.require(Action::EnrolmentRead, subject.resource())?;
    details(app, subject).await
}

/// A board member says for a year that the school and its director are who they say. Answers what the school comes to.
pub async fn confirm_school(app: &App, cx: &Context, school: SchoolId) -> Result<EnrolmentDetails> {
    cx.require(Action::EnrolmentConfirm, school)?;
    let scope = cx.scope(Action::EnrolmentConfirm)?;
    let subject = Subject::School(school);
    // Two people: one whom the board let in, and one of the board.
    if cx.principal().functions.contains(&Function::Director(school)) {
        return Err(Error::failed_precondition("own_school", "you are the director of this school; ask another member of the board"));
    }

    let txn = app.database.begin_within(&scope).await?;
    store::enrolment::lock(&txn, &[subject]).await?;
    let found = store::school::find(&*txn, &scope, school).await?.ok_or_else(|| Error::not_found("school"))?;
    let claimed = Claimed::from(&found);
    let checks = store::check::of_subjects(&*txn, &[subject]).await?.remove(&subject).unwrap_or_default();
    let standing = Standing::of(claimed.clone(), &checks);
    let now = cx.clock.now();
    if !matches!(standing.level(now), EnrolmentLevel::Provisional | EnrolmentLevel::Confirmed) {
        let message = "no director of this school has signed in yet; invite one first";
        return Err(Error::failed_precondition("no_director", message));
    }
    let new = NewCheck {
        change: "school_confirmed",
        kind: CheckKind::Board,
        value: format!("board:{}", found.board.id),
        until: Some(now + YEAR),
        evidence: sign_in_of(cx),
        outcome: CheckOutcome::Passed,
        reason: "confirmed_by_board".to_owned(),
    };
    keep(&txn, cx, claimed, new, Action::EnrolmentConfirm).await?;
    txn.commit().await?;
    details(app, subject).await
}

/// Answers what the vendor comes to.
pub async fn check_company(app: &App, cx: &Context, asked: CheckCompany) -> Result<EnrolmentDetails> {
    cx.require(Action::EnrolmentCheck, asked.vendor_id)?;
    let scope = cx.scope(Action::EnrolmentCheck)?;

    let txn = app.database.begin_within(&scope).await?;
    let vendor = to_change(&txn, &scope, asked.vendor_id, &asked.etag).await?;
    let outcome = if asked.is_active { CheckOutcome::Passed } else { CheckOutcome::Failed };
    let claimed = Claimed::from(&vendor);
    let new = NewCheck {
        change: "company_checked",
        kind: CheckKind::CompanyRegister,
        value: claimed.in_register(),
        until: asked.is_active.then(|| cx.clock.now() + YEAR),
        evidence: serde_json::json!({ "reason_sha256": EvidenceHash::of(asked.reason.as_str()).to_string() }),
        outcome,
        reason: asked.reason.as_str().to_owned(),
    };
    keep(&txn, cx, claimed, new, Action::EnrolmentCheck).await?;
    txn.commit().await?;
    details(app, Subject::Vendor(vendor.id)).await
}

/// What is known of an organisation, to somebody who may see it.
pub(super) async fn details(app: &App, subject: Subject) -> Result<EnrolmentDetails> {
    let reader = app.database.reader_within(Place(subject.resource())).await?;
    let claimed = store::enrolment::claimed(&reader, subject).await?.ok_or_else(|| not_found(subject))?;
    let mut checks = store::check::of_subjects(&reader, &[subject]).await?.remove(&subject).unwrap_or_default();
    let requirements = claimed.requirements(&checks);
    let standing = Standing::of(claimed, &checks);
    checks.reverse();
    checks.truncate(NEWEST);
    let overrides = store::check_override::of_subject(&reader, subject, NEWEST as u64).await?;
    let domain_proof = match subject {
        Subject::School(_) => None,
        Subject::Vendor(vendor) => store::domain_proof::find(&reader, vendor).await?,
    };
    let domain_proof = domain_proof.filter(|proof| standing.claimed.domain.as_deref() == Some(proof.domain.as_str()));
    Ok(EnrolmentDetails { standing, requirements, checks, overrides, domain_proof })
}

/// Of which schools and vendors the caller may see how far they are proven.
pub(super) fn enrolment_reach(cx: &Context) -> Reach {
    let schools = cx.permitted_scope::<SchoolId>(Action::EnrolmentRead);
    let vendors = cx.permitted_scope::<VendorId>(Action::EnrolmentRead);
    let places = [schools.as_ref().map(Reach::from), vendors.as_ref().map(Reach::from)];
    places.into_iter().flatten().fold(Reach::Only(BTreeSet::new()), Reach::or)
}
