#![cfg(test)]
//! The permission matrix, as a golden file that shows a policy change in review.
//!
//! After reading the difference: `UPDATE_GOLDEN=1 cargo test -p schildwacht-auth --test permissions`.

use std::{fmt::Write as _, path::Path, sync::Arc};

use runtime::{Clock, ErrorKind, GatewayId, Ids, PersonId, SchoolId};
use schildwacht_auth::{Action, Context, Function, Policies, Principal, Resource, Scope, Subject};
use uuid::Uuid;

fn school(number: u128) -> SchoolId {
    Uuid::from_u128(number).into()
}

fn person(functions: &[Function]) -> Principal {
    Principal { subject: Subject::Person(PersonId::from(Uuid::from_u128(99))), name: "somebody".into(), functions: functions.to_vec() }
}

fn principals() -> Vec<(&'static str, Principal)> {
    let own = school(1);
    let gateway = Principal { subject: Subject::Gateway(GatewayId::from(Uuid::from_u128(7))), name: String::new(), functions: Vec::new() };
    let command_line = Principal { subject: Subject::Service("cli".into()), name: "cli".into(), functions: vec![Function::Operator] };
    vec![
        ("responder", person(&[Function::Responder])),
        ("response_lead", person(&[Function::ResponseLead])),
        ("operator", person(&[Function::Operator])),
        ("director", person(&[Function::Director(own)])),
        ("ict_coordinator", person(&[Function::IctCoordinator(own)])),
        ("person_without_function", person(&[])),
        ("gateway", gateway),
        ("service:network-monitor", Principal::service("network-monitor")),
        ("service:identity", Principal::service("identity")),
        ("service:incident-intake", Principal::service("incident-intake")),
        ("service:cli", command_line),
    ]
}

fn matrix() -> String {
    let policies = Policies::load().unwrap();
    let mut text = String::from("# o: own school   x: another school   P: platform   .: no\n");
    let names: Vec<&str> = principals().iter().map(|(name, _)| *name).collect();
    for action in Action::ALL {
        writeln!(text, "\n{}", action.name()).unwrap();
        for (name, (_, principal)) in names.iter().zip(principals()) {
            let mark = |resource, sign| if policies.permits(&principal, *action, resource) { sign } else { '.' };
            let own = mark(Resource::School(school(1)), 'o');
            let other = mark(Resource::School(school(2)), 'x');
            let platform = mark(Resource::Platform, 'P');
            writeln!(text, "  {name:<26}{own}{other}{platform}").unwrap();
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
    Context::new(principal, clock.clone(), Ids::random(clock), Arc::new(Policies::load().unwrap()))
}

#[test]
fn a_school_it_may_not_know_is_not_found_rather_than_forbidden() {
    let director = context(person(&[Function::Director(school(1))]));
    assert_eq!(director.require(Action::DeviceRead, school(2)).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(director.require(Action::CaseAssign, school(1)).unwrap_err().kind(), ErrorKind::PermissionDenied);
    director.require(Action::DeviceRead, school(1)).unwrap();
}

#[test]
fn a_scope_holds_exactly_the_callers_schools() {
    let both = context(person(&[Function::Director(school(1)), Function::IctCoordinator(school(3))]));
    assert_eq!(both.scope(Action::CaseRead).unwrap(), Scope::Schools([school(1), school(3)].into()));
    assert_eq!(both.scope(Action::GatewayEnrol).unwrap(), Scope::Schools([school(3)].into()));
    assert_eq!(context(person(&[Function::Responder])).scope(Action::CaseRead).unwrap(), Scope::Everything);
    assert_eq!(context(person(&[])).scope(Action::CaseRead).unwrap_err().kind(), ErrorKind::PermissionDenied);
}
