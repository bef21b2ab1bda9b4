#![cfg(test)]
//! The permission matrix, as a golden file that shows a policy change in review.
//!
//! After reading the difference: `UPDATE_GOLDEN=1 cargo test -p schildwacht-auth --test permissions`.

use std::{fmt::Write as _, path::Path};

use runtime::{AppId, BoardId, Clock, ErrorKind, GatewayId, Ids, PersonId, SchoolId, SiteId, VendorId};
use schildwacht_auth::{Access, Action, Context, Function, HeldFunction, Policies, Principal, Resource, Role, Scope, Subject};
use uuid::Uuid;

fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

/// The person of the matrix.
const SOMEBODY: u128 = 99;

fn person(functions: &[Function]) -> Principal {
    Principal { subject: Subject::Person(id(SOMEBODY)), name: "somebody".into(), functions: functions.to_vec() }
}

fn principals() -> Vec<(&'static str, Principal)> {
    let gateway = Principal { subject: Subject::Gateway(id::<GatewayId>(7)), name: String::new(), functions: Vec::new() };
    let command_line = Principal { subject: Subject::Service("cli".into()), name: "cli".into(), functions: vec![Function::Operator] };
    vec![
        ("responder", person(&[Function::Responder])),
        ("response_lead", person(&[Function::ResponseLead])),
        ("operator", person(&[Function::Operator])),
        ("reviewer", person(&[Function::Reviewer])),
        ("editor", person(&[Function::Editor])),
        ("board_member", person(&[Function::BoardMember(id(1))])),
        ("dpo", person(&[Function::Dpo(id(1))])),
        ("director", person(&[Function::Director(id(1))])),
        ("ict_coordinator", person(&[Function::IctCoordinator(id(1))])),
        ("teacher", person(&[Function::Teacher(id(1))])),
        ("vendor_contact", person(&[Function::VendorContact(id(1))])),
        ("pupil", person(&[Function::Pupil])),
        ("parent", person(&[Function::Parent])),
        ("person_without_function", person(&[])),
        ("gateway", gateway),
        ("service:network-monitor", Principal::service("network-monitor")),
        ("service:identity", Principal::service("identity")),
        ("service:incident-intake", Principal::service("incident-intake")),
        ("service:demo", Principal::service("demo")),
        ("service:cli", command_line),
    ]
}

/// Number 1 of each kind stands below number 1 of the kind above it; number 2 below number 2.
fn policies() -> Policies {
    let policies = Policies::load().unwrap();
    for number in [1, 2] {
        policies.hierarchy().place(id::<SchoolId>(number), id::<BoardId>(number));
        policies.hierarchy().place(id::<SiteId>(number), id::<SchoolId>(number));
        policies.hierarchy().place(id::<AppId>(number), id::<VendorId>(number));
    }
    policies
}

fn resources() -> Vec<(char, Resource)> {
    vec![
        ('s', id::<SiteId>(1).into()),
        ('o', id::<SchoolId>(1).into()),
        ('x', id::<SchoolId>(2).into()),
        ('b', id::<BoardId>(1).into()),
        ('c', id::<BoardId>(2).into()),
        ('v', id::<VendorId>(1).into()),
        ('w', id::<VendorId>(2).into()),
        ('a', id::<AppId>(1).into()),
        ('d', id::<AppId>(2).into()),
        ('m', id::<PersonId>(SOMEBODY).into()),
        ('n', id::<PersonId>(98).into()),
        ('P', Resource::Platform),
    ]
}

/// Every function that can be given, at the own place and at another: `director:o`, `director:x`.
fn functions() -> Vec<(String, Function)> {
    let mut functions = Vec::new();
    for role in Role::ALL {
        if let Some(function) = Function::new(*role, None).filter(|function| function.place().is_some()) {
            functions.push((String::new(), function));
        }
        for number in [1, 2] {
            if let Some(function) = Function::new(*role, Some(Uuid::from_u128(number))) {
                let (sign, _) = resources().into_iter().find(|(_, resource)| Some(*resource) == function.place()).unwrap();
                functions.push((format!(":{sign}"), function));
            }
        }
    }
    functions
}

/// Roles that may nothing are left out of an action.
fn matrix() -> String {
    let policies = policies();
    let mut text = String::from(
        "# s: a site of the own school   o: own school, or one of the own board   x: another school   b: own board   c: another board\n\
         # v: own vendor   w: another vendor   a: own app   d: another app   m: oneself   n: somebody else   P: platform   .: no\n\
         # An act on a function names the function and the sign of its place: director:o is the director of the own school.\n\
         # The class of information is what content/sign-in/ asks a sign-in for; beside it the kind of data that is shown or changed.\n",
    );
    for action in Action::ALL {
        let reaches = match action.reaches() {
            Some((data, Access::Sees)) => format!(", sees {}", data.into_str()),
            Some((data, Access::Changes)) => format!(", changes {}", data.into_str()),
            None => String::new(),
        };
        writeln!(text, "\n{} (class {}{reaches})", action.name(), action.information_class()).unwrap();
        for (name, principal) in principals() {
            let marks: String = resources()
                .into_iter()
                .map(|(sign, resource)| if policies.permits(&principal, *action, resource) { sign } else { '.' })
                .collect();
            if marks.contains(|mark| mark != '.') {
                writeln!(text, "  {name:<26}{marks}").unwrap();
            }
            let functions: Vec<String> = functions()
                .into_iter()
                .filter(|(_, function)| policies.permits(&principal, *action, Resource::Function(*function)))
                .map(|(sign, function)| format!("{}{sign}", function.role()))
                .collect();
            if !functions.is_empty() {
                writeln!(text, "  {name:<26}{}", functions.join(" ")).unwrap();
            }
        }
    }
    text
}

#[test]
fn the_permission_matrix_is_the_reviewed_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/permissions.golden");
    let now = matrix();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let reviewed = std::fs::read_to_string(&file).unwrap();
    assert_eq!(now, reviewed, "permissions changed: read the difference, then accept it as the head of this file says");
}

fn context(principal: Principal) -> Context {
    let clock = Clock::system();
    Context::for_tests(principal, clock.clone(), Ids::random(clock), policies())
}

#[test]
fn a_school_it_may_not_know_is_not_found_rather_than_forbidden() {
    let director = context(person(&[Function::Director(id(1))]));
    assert_eq!(director.require(Action::DeviceRead, id::<SchoolId>(2)).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(director.require(Action::CaseAssign, id::<SchoolId>(1)).unwrap_err().kind(), ErrorKind::PermissionDenied);
    director.require(Action::DeviceRead, id::<SchoolId>(1)).unwrap();
}

#[test]
fn a_scope_holds_exactly_the_callers_schools() {
    let both = context(person(&[Function::Director(id(1)), Function::IctCoordinator(id(3))]));
    assert_eq!(both.scope(Action::CaseRead).unwrap(), Scope::<SchoolId>::Only([id(1), id(3)].into()));
    assert_eq!(both.scope(Action::GatewayEnrol).unwrap(), Scope::<SchoolId>::Only([id(3)].into()));
    assert_eq!(context(person(&[Function::Responder])).scope(Action::CaseRead).unwrap(), Scope::<SchoolId>::Everything);
    assert_eq!(context(person(&[])).scope::<SchoolId>(Action::CaseRead).unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn a_function_at_a_board_reaches_its_schools_and_no_others() {
    let policies = policies();
    policies.hierarchy().place(id::<SchoolId>(3), id::<BoardId>(1));
    let clock = Clock::system();
    let member = Context::for_tests(person(&[Function::BoardMember(id(1))]), clock.clone(), Ids::random(clock), policies);
    assert_eq!(member.scope(Action::CaseRead).unwrap(), Scope::<SchoolId>::Only([id(1), id(3)].into()));
    assert_eq!(member.scope(Action::BoardRead).unwrap(), Scope::<BoardId>::Only([id(1)].into()), "a scope is of one kind");
    assert_eq!(member.require(Action::CaseRead, id::<SchoolId>(2)).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(member.require(Action::GatewayEnrol, id::<SchoolId>(3)).unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn a_function_at_a_school_reaches_its_sites_and_not_its_board() {
    let director = context(person(&[Function::Director(id(1))]));
    director.require(Action::SchoolRead, id::<SiteId>(1)).unwrap();
    assert_eq!(director.require(Action::SchoolRead, id::<SiteId>(2)).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(director.require(Action::BoardRead, id::<BoardId>(1)).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn somebody_reaches_a_school_by_their_first_function_at_it_or_above_it() {
    let cx = context(person(&[]));
    let reaching = |functions: &[Function]| cx.reaching(functions, id::<SchoolId>(1));
    let (director, member) = (Function::Director(id(1)), Function::BoardMember(id(1)));
    assert_eq!(reaching(&[Function::Director(id(2)), Function::BoardMember(id(2)), member, director]), Some(member));
    assert_eq!(reaching(&[Function::Pupil, director, Function::Responder]), Some(director));
    assert_eq!(reaching(&[Function::Responder, director]), Some(Function::Responder));
    assert_eq!(reaching(&[Function::Parent, Function::Teacher(id(2)), Function::VendorContact(id(1))]), None);
}

#[test]
fn what_identity_says_that_somebody_holds_counts_beside_their_token() {
    let policies = policies();
    let now = "2026-11-29T09:00:00Z".parse().unwrap();
    let from = "2026-09-01T00:00:00Z".parse().unwrap();
    let until = "2026-12-01T00:00:00Z".parse().unwrap();
    let held = HeldFunction { function: Function::Director(id(1)), from, until: Some(until) };
    policies.functions().put(id(SOMEBODY), vec![held]);
    let token_alone = person(&[Function::Editor]);
    let (caller, terms) = policies.with_held(&token_alone, now).unwrap();
    assert_eq!(caller.functions, [Function::Editor, Function::Director(id(1))]);
    assert_eq!(terms, [held]);
    let (later, _) = policies.with_held(&token_alone, until).unwrap();
    assert_eq!(later.functions, [Function::Editor]);
}

#[test]
fn what_is_permitted_ends_with_the_last_function_that_permits_it() {
    let (clock, school) = (Clock::system(), id::<SchoolId>(1));
    let [soon, late] = ["2099-01-01T00:00:00Z", "2099-06-01T00:00:00Z"].map(|text| text.parse().unwrap());
    let from = "2020-01-01T00:00:00Z".parse().unwrap();
    let director = HeldFunction { function: Function::Director(school), from, until: Some(soon) };
    let member = HeldFunction { function: Function::BoardMember(id(1)), from, until: Some(late) };
    let teacher = Resource::Function(Function::Teacher(school));
    let of_school = Resource::Function(Function::Director(school));
    let by = |claimed: &[Function]| {
        let policies = policies();
        policies.functions().put(id(SOMEBODY), vec![director, member]);
        Context::for_tests(person(claimed), clock.clone(), Ids::random(clock.clone()), policies)
    };
    let both = by(&[]);
    assert_eq!(both.permitted_until(Action::FunctionGrant, teacher), Some(soon), "a board member appoints no teachers");
    assert_eq!(both.permitted_until(Action::FunctionGrant, of_school), Some(late));
    assert_eq!(both.permitted_until(Action::SchoolRead, school), Some(late), "either function is enough");
    assert_eq!(
        by(&[Function::Operator]).permitted_until(Action::FunctionGrant, of_school),
        None,
        "what a token says has no end that we know"
    );
}

#[test]
fn the_functions_that_permit_an_act_are_told_from_the_nearest_place_up() {
    let (board, school) = (id::<BoardId>(1), id::<SchoolId>(1));
    let context = context(Principal::service("identity"));
    let confirming = |function| context.permitting_functions(Action::FunctionConfirm, Resource::Function(function));
    let director =
        [(school.into(), vec![]), (board.into(), vec![Function::BoardMember(board)]), (Resource::Platform, vec![Function::Operator])];
    assert_eq!(confirming(Function::Director(school)), director);
    let teacher = [(school.into(), vec![Function::Director(school)]), (board.into(), vec![]), (Resource::Platform, vec![])];
    assert_eq!(confirming(Function::Teacher(school)), teacher);
    assert_eq!(confirming(Function::Responder), [(Resource::Platform, vec![Function::ResponseLead])]);
    let unknown = Function::Director(id(9));
    assert_eq!(confirming(unknown), [(id::<SchoolId>(9).into(), vec![]), (Resource::Platform, vec![Function::Operator])]);
    let seeing = context.permitting_functions(Action::AppRead, id::<AppId>(1));
    let expected = [
        (id::<AppId>(1).into(), vec![]),
        (id::<VendorId>(1).into(), vec![Function::VendorContact(id(1))]),
        (Resource::Platform, vec![Function::Reviewer]),
    ];
    assert_eq!(seeing, expected, "also of what is no function");
}
