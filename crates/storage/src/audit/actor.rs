//! Who the people in audit rows are, by what their last token said.

use std::collections::HashMap;

use auth::Context;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    sea_query::{Query, SelectStatement},
};

use super::table::actor::{Column, Entity, Model};
use crate::{StoreResult, Txn, holding, or_update};

/// Keeps the name and the functions of a person who acts. Read before it is written: only the first act after a change locks the row.
pub(super) async fn remember(txn: &Txn, cx: &Context) -> StoreResult<()> {
    let person = cx.principal();
    if person.person_id().is_none() {
        return Ok(());
    }
    let functions: Vec<String> = person.functions.iter().map(ToString::to_string).collect();
    let (name, search_name) = (person.name.clone(), person.name.to_lowercase());
    let now = Model { actor: person.actor(), name, search_name, functions: functions.join(" ") };
    if Entity::find_by_id(&now.actor).one(&**txn).await?.as_ref() != Some(&now) {
        Entity::insert(now.into_active_model()).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

/// Those of these actors who are known.
pub(super) async fn find(connection: &impl ConnectionTrait, actors: impl IntoIterator<Item = &str>) -> StoreResult<HashMap<String, Model>> {
    let found = Entity::find().filter(Column::Actor.is_in(actors)).all(connection).await?;
    Ok(found.into_iter().map(|known| (known.actor.clone(), known)).collect())
}

/// Those of whose name this text is a part.
pub(super) fn named(text: &str) -> SelectStatement {
    Query::select().column(Column::Actor).from(Entity).and_where(holding(Column::SearchName, text)).to_owned()
}
