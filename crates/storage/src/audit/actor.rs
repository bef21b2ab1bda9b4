//! Who the people in audit rows are, by what their last token said.

use std::collections::HashMap;

use auth::Context;
use runtime::PersonId;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Query, SelectStatement, SimpleExpr},
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
    let now = Model { actor: person.actor(), name, search_name, functions: functions.join(" "), is_erased: false };
    match Entity::find_by_id(&now.actor).one(&**txn).await? {
        // What they may do is no name: who reads what they did sees by which right.
        Some(known) if known.is_erased && known.functions != now.functions => {
            let functions = Entity::update_many().col_expr(Column::Functions, Expr::value(now.functions));
            functions.filter(Column::Actor.eq(now.actor)).exec(&**txn).await?;
            Ok(())
        }
        Some(known) if known.is_erased || known == now => Ok(()),
        // Not over one who was erased since it was read.
        _ => save(txn, now, Expr::col((Entity, Column::IsErased)).eq(false)).await,
    }
}

/// What to keep as the name of who acts; empty for a person who was erased. From now until the transaction ends nobody erases them, so that
/// what is written with it is there when they are. Lock what you change first.
///
/// # Errors
/// When the database refuses.
pub async fn name_to_keep(txn: &Txn, cx: &Context) -> StoreResult<String> {
    remember(txn, cx).await?;
    let known = Entity::find_by_id(cx.actor()).lock_exclusive().one(&**txn).await?;
    let is_erased = known.is_some_and(|known| known.is_erased);
    Ok(if is_erased { String::new() } else { cx.principal().name.clone() })
}

/// Erases who a person is; rows of the trail keep their id. What they do from now on is kept without a name, until [`know_again`].
///
/// # Errors
/// When the database refuses.
pub async fn erase_actor(txn: &Txn, person: PersonId) -> StoreResult<()> {
    let (name, search_name, functions) = (String::new(), String::new(), String::new());
    save(txn, Model { actor: actor_of(person), name, search_name, functions, is_erased: true }, Expr::val(true)).await
}

/// Keeps the name of a person again who was erased, from what they do next. Answers whether they were.
///
/// # Errors
/// When the database refuses.
pub async fn know_again(txn: &Txn, person: PersonId) -> StoreResult<bool> {
    let erased = Entity::delete_many().filter(Column::Actor.eq(actor_of(person))).filter(Column::IsErased.eq(true));
    Ok(erased.exec(&**txn).await?.rows_affected > 0)
}

fn actor_of(person: PersonId) -> String {
    format!("person:{person}")
}

/// Over what is there, if that is so.
async fn save(txn: &Txn, actor: Model, over: impl Into<SimpleExpr>) -> StoreResult<()> {
    let on_conflict = or_update::<Entity>(&[]).action_and_where(over.into()).to_owned();
    Entity::insert(actor.into_active_model()).on_conflict(on_conflict).exec_without_returning(&**txn).await?;
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
