//! What happened at a school, as people may read it: changes, reads and exports, newest first.

use std::collections::BTreeSet;

use auth::{Action, Function};
use chrono::{DateTime, Utc};
use runtime::{AuditId, SchoolId};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait as _, IntoSimpleExpr, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, SimpleExpr},
};
use uuid::Uuid;

use super::{
    actor,
    append::Chain,
    table::{
        actor::functions,
        row::{Column, Entity, Model},
    },
};
use crate::{Database, Page, Paging, StoreError, StoreResult, desc, holding, page::Key};

/// The names of actions by which a list becomes a file end like this.
pub(super) const EXPORT: &str = ".export";

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    Read,
    /// A list became a file: of the school, or of all schools.
    Export,
    Change,
}

/// Changes that may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// By one of these actions.
    pub by: &'static [Action],
    /// With this text in their detail; empty: any.
    pub holding: &'static str,
}

/// Which rows of a school are asked for.
#[derive(Debug)]
pub struct Listing<'a> {
    pub school: SchoolId,
    /// `None`: all.
    pub only: Option<EntryKind>,
    /// Changes that are none of these are left out.
    pub changes: &'a [Changes],
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
    /// By people of whose name this is a part, or about what `about` lists; empty: by anybody, about anything.
    pub text: &'a str,
    pub about: Vec<String>,
}

/// Things of a school, for its service to say what people call them.
#[derive(Debug)]
pub enum Things<'a> {
    /// With these ids.
    These(&'a [Uuid]),
    /// With this text in their name.
    Called(&'a str),
}

impl Things<'_> {
    /// As many as a list is searched by.
    pub const MOST: u64 = 1_000;

    /// Their condition, in a table with ids and names in small letters.
    pub fn are(&self, id: impl ColumnTrait, name: impl IntoSimpleExpr) -> SimpleExpr {
        match self {
            Self::These(ids) => id.is_in(ids.iter().copied()),
            Self::Called(text) => holding(name, text),
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub id: AuditId,
    pub at: DateTime<Utc>,
    pub kind: EntryKind,
    pub actor: String,
    /// As the actor's last token said; `None` where it is not known.
    pub name: Option<String>,
    /// As the actor's last token said.
    pub functions: Vec<Function>,
    pub action: String,
    pub resource: String,
    pub detail: serde_json::Value,
    /// Of the page that begins after this row.
    pub next_page_token: String,
}

/// A page of what happened at a school, newest first.
///
/// # Errors
/// When the database refuses, or the page token is of another question.
pub async fn list(database: &Database, listing: &Listing<'_>, paging: &Paging) -> StoreResult<Page<Listed>> {
    let mut query = Entity::find().filter(shown(listing));
    if let Some(from) = listing.from {
        query = query.filter(Column::At.gte(from));
    }
    if let Some(until) = listing.until {
        query = query.filter(Column::At.lt(until));
    }
    if !listing.text.is_empty() {
        let by = Column::Actor.in_subquery(actor::named(listing.text));
        query = query.filter(Condition::any().add(by).add(Column::Resource.is_in(&listing.about)));
    }
    let page: Page<Model> = paging.read(database.reader(), query, [desc(Column::At), desc(Column::AuditId)]).await?;
    let actors: BTreeSet<&str> = page.rows.iter().map(|row| row.actor.as_str()).collect();
    let known = actor::find(database.reader(), actors).await?;
    page.try_map(|row| {
        let actor = known.get(&row.actor);
        let functions = actor.map(|actor| functions(&actor.functions));
        Ok(Listed {
            id: row.audit_id.into(),
            at: row.at,
            kind: kind_of(&row),
            name: actor.map(|actor| actor.name.clone()),
            functions: functions.unwrap_or_default(),
            detail: serde_json::from_str(&row.detail).map_err(|error| StoreError::unreadable("audit_log.detail", error))?,
            next_page_token: paging.token_after(vec![Key::Moment(row.at), Key::Id(row.audit_id)])?,
            actor: row.actor,
            action: row.action,
            resource: row.resource,
        })
    })
}

/// The rows of the chains of a school, and exports of all schools, which are in the platform's.
fn shown(listing: &Listing<'_>) -> SimpleExpr {
    let of = |chain: Chain| Column::Chain.eq(chain.name());
    let is_export = || Column::Action.ends_with(EXPORT);
    let read = of(Chain::ReadsOfSchool(listing.school)).and(is_export().not());
    let export = of(Chain::ReadsOfSchool(listing.school)).or(of(Chain::Platform)).and(is_export());
    let may_be_shown = listing.changes.iter().map(may_be_shown).fold(Expr::val(false), |any, one| any.or(one));
    let change = of(Chain::School(listing.school)).and(may_be_shown);
    match listing.only {
        None => read.or(export).or(change),
        Some(EntryKind::Read) => read,
        Some(EntryKind::Export) => export,
        Some(EntryKind::Change) => change,
    }
}

fn may_be_shown(changes: &Changes) -> SimpleExpr {
    let by = Column::Action.is_in(changes.by.iter().map(|action| action.name()));
    if changes.holding.is_empty() { by } else { by.and(Column::Detail.contains(changes.holding)) }
}

fn kind_of(row: &Model) -> EntryKind {
    match (row.action.ends_with(EXPORT), row.chain.ends_with("/reads")) {
        (true, _) => EntryKind::Export,
        (false, true) => EntryKind::Read,
        (false, false) => EntryKind::Change,
    }
}
