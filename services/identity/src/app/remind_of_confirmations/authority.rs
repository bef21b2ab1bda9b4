//! Who is asked to confirm a function.

use std::collections::BTreeMap;

use auth::{Action, Context, Function, Resource};
use chrono::{DateTime, Utc};
use runtime::{PersonId, Result};
use storage::Txn;

use crate::{domain::Person, store};

/// Those who may confirm a function because of what they hold at one place.
pub struct Authority {
    /// What they hold; where several functions permit it, the first.
    pub function: Function,
    pub holders: BTreeMap<PersonId, Person>,
}

/// Those who may confirm a function, nearest first. Operators are the last, also where they cannot confirm it: they can appoint somebody who
/// may. `None` while it is not known which board a school has: its members would be passed over.
pub(super) async fn who_may_confirm(txn: &Txn, cx: &Context, function: Function, now: DateTime<Utc>) -> Result<Option<Vec<Authority>>> {
    let permitting = cx.permitting_functions(Action::FunctionConfirm, Resource::Function(function));
    let is_at_a_school = matches!(function.place(), Some(Resource::School(_)));
    let board_is_known = permitting.iter().any(|(place, _)| matches!(place, Resource::Board(_)));
    if is_at_a_school && !board_is_known {
        return Ok(None);
    }

    let operators = vec![Function::Operator];
    let operators_may = permitting.iter().any(|(_, functions)| functions.contains(&Function::Operator));
    let permitting = permitting.into_iter().map(|(_, functions)| functions);
    let mut authorities = Vec::new();
    for functions in permitting.chain((!operators_may).then_some(operators)) {
        let Some(function) = functions.first().copied() else { continue };
        let holders = store::appointment::holders(&**txn, &functions, now).await?;
        authorities.push(Authority { function, holders: holders.into_iter().map(|person| (person.id, person)).collect() });
    }
    Ok(Some(authorities))
}
