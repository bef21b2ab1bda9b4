//! Who reaches which data of an organisation. What functions and services reach comes from the policies, so that a policy that changes changes
//! the answer.

use std::collections::BTreeSet;

use auth::{Action, Context, DataKind, Function, Policy, Principal, Reach as Permitted, Resource};
use runtime::{Error, Result};
use storage::Reach;

use super::{App, appointment::function_reach};
use crate::{
    domain::{
        FunctionAccess, OrganisationAccess, OwnAccess, Place, Reached,
        access::{CHANGES_WITHIN, KEPT_BY_SERVICES, NAMED},
    },
    store,
};

/// Of which school or board.
#[derive(Debug, Clone, Copy)]
pub struct GetAccess {
    pub organisation: Place,
    pub for_export: bool,
}

pub async fn get_access(app: &App, cx: &Context, asked: GetAccess) -> Result<OrganisationAccess> {
    let Place(place) = asked.organisation;
    let action = if asked.for_export { Action::AccessExport } else { Action::AccessRead };
    cx.require(action, place)?;
    let there = store::place::names(&app.database.reader_within(asked.organisation).await?, &BTreeSet::from([place])).await?;
    if !there.contains_key(&place) {
        return Err(Error::not_found("organisation"));
    }
    let now = cx.clock.now();
    let changed_since = now.checked_sub_days(CHANGES_WITHIN).unwrap_or(now);

    let reached = cx.reached_by_functions(place);
    let reaching: Vec<Function> = reached.iter().map(|(function, _)| *function).collect();
    // Who holds a function above is counted, also for who may not see them.
    let holders = store::holders::count(&app.database.reader_within(Reach::Everything).await?, &reaching, now, changed_since).await?;
    let is_named = |function: &&Function| {
        let few = holders.get(function).is_some_and(|holders| holders.people <= NAMED);
        few && cx.permits(Action::FunctionRead, Resource::Function(**function))
    };
    let named: Vec<Function> = reaching.iter().filter(is_named).copied().collect();
    let mut names = store::holders::names(&app.database.reader_within(function_reach(cx)).await?, &named, now).await?;

    let of_function = |(function, reach): (Function, Vec<Permitted>)| FunctionAccess {
        function,
        holders: holders.get(&function).copied().unwrap_or_default(),
        names: names.remove(&function).unwrap_or_default(),
        reached: Reached::by_kind(&reach),
    };
    let functions: Vec<FunctionAccess> = reached.into_iter().map(of_function).collect();
    let of_service = |(name, kinds): &(&'static str, &[DataKind])| {
        let by_itself = cx.reached_by(&Principal::service(name), place);
        (*name, Reached::kept(kinds, &by_itself))
    };
    let services: Vec<_> = KEPT_BY_SERVICES.iter().map(of_service).collect();
    if asked.for_export {
        let rows = i64::try_from(functions.len() + services.len()).unwrap_or(i64::MAX);
        app.on_record.export_of(&app.database, cx, action, place, rows).await?;
    }
    Ok(OrganisationAccess { functions, services, changed_since })
}

/// What the caller reaches by each of their functions, and who sees something of them there.
pub async fn get_own_access(app: &App, cx: &Context) -> Result<Vec<OwnAccess>> {
    let person = cx.principal().person_id().ok_or_else(|| Error::not_found("person"))?;
    cx.require(Action::PersonRead, person)?;
    let functions = &cx.principal().functions;
    let places: BTreeSet<Resource> = functions.iter().filter_map(|function| function.place()).collect();
    let (appointed, names) = {
        let named = places.iter().filter(|place| **place != Resource::Platform).map(|place| Place(*place));
        let reader = app.database.reader_within(named.fold(Reach::one(person), Reach::or)).await?;
        (store::appointment::of_person(&reader, person, cx.clock.now()).await?, store::place::names(&reader, &places).await?)
    };

    let own = |function: &Function| {
        let function = *function;
        let term = appointed.iter().find(|held| held.function == function && held.from <= cx.clock.now());
        let by_it_alone = Principal { functions: vec![function], ..cx.principal().clone() };
        let reach = function.place().map(|place| cx.reached_by(&by_it_alone, place)).unwrap_or_default();
        OwnAccess {
            function,
            place_name: function.place().and_then(|place| names.get(&place).cloned()),
            term: term.map(|held| (held.from, held.ends())),
            reached: Reached::by_kind(&reach),
            viewers: viewers(cx, function),
        }
    };
    Ok(functions.iter().map(own).collect())
}

/// Who sees that somebody holds a function, and, of a school, what they read, exported and changed there.
fn viewers(cx: &Context, function: Function) -> Vec<(Function, DataKind, Vec<Policy>)> {
    let of_function = cx.permitting_policies(Action::FunctionRead, Resource::Function(function));
    let of_deeds = match function.place() {
        Some(school @ Resource::School(_)) => cx.permitting_policies(Action::HistoryRead, school),
        _ => Vec::new(),
    };
    let seen = |kind| move |(viewer, policies)| (viewer, kind, policies);
    of_function.into_iter().map(seen(DataKind::People)).chain(of_deeds.into_iter().map(seen(DataKind::History))).collect()
}
