//! What somebody may do, and where.

use std::collections::BTreeMap;

use auth::{Action, Function, Resource};
use portal_frame::{Visit, visitor::Visitor};
use proto::identity::v1 as wire;
use runtime::SchoolId;

/// Of these the names are asked for at once.
const MOST_NAMES: usize = 200;

/// A function, with the name of its place where that is at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldAt {
    pub(crate) function: Function,
    pub(crate) place: Option<String>,
}

/// What the visitor holds. The page must be there when identity is not, since sessions are ended on it: then places have no name.
pub(crate) async fn functions(visit: &Visit) -> Vec<HeldAt> {
    let functions = &visit.visitor().principal().functions;
    let schools = schools_to_name(visit.visitor());
    let names = if schools.is_empty() { BTreeMap::new() } else { names(visit, schools).await };
    let held = |function: &Function| HeldAt {
        function: *function,
        place: function.place().and_then(|place| names.get(&place.to_string()).cloned()),
    };
    functions.iter().map(held).collect()
}

/// Those that a function is at, and one of each board that a function is at, which is told with it.
fn schools_to_name(visitor: &Visitor) -> Vec<SchoolId> {
    let has_place =
        visitor.principal().functions.iter().any(|function| matches!(function.place(), Some(Resource::School(_) | Resource::Board(_))));
    let schools = if has_place { visitor.own_schools() } else { Vec::new() };
    schools.into_iter().filter(|school| visitor.may(Action::SchoolRead, *school)).take(MOST_NAMES).collect()
}

/// By the place as a function names it.
async fn names(visit: &Visit, schools: Vec<SchoolId>) -> BTreeMap<String, String> {
    let school_ids = schools.iter().map(ToString::to_string).collect();
    let request = wire::ListSchoolsRequest { school_ids, page_size: 200, ..wire::ListSchoolsRequest::default() };
    let answer = match visit.calls().schools().list_schools(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => {
            tracing::warn!(name: "account.places_unknown", code = ?status.code(), "names of schools not to be had, functions are shown without");
            return BTreeMap::new();
        }
    };
    let named = answer.schools.into_iter().flat_map(|school| {
        let board = school.board.map(|board| (format!("board:{}", board.board_id), board.name));
        board.into_iter().chain([(format!("school:{}", school.school_id), school.name)])
    });
    named.collect()
}
