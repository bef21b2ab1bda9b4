//! The people of the sample world.

use auth::{Function, Principal, Subject};
use runtime::{BoardId, PersonId, SchoolId};
use uuid::Uuid;

use super::sample::{HOEK, Named, ZANDLOPER};

fn person(number: u128, name: &str, functions: &[Function]) -> Principal {
    let id = PersonId::from(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number));
    Principal { subject: Subject::Person(id), name: name.to_owned(), functions: functions.to_vec() }
}

/// A board of the tests. The portals of all tests share their policies, so a school is below the same board in each of them.
pub fn board(number: u128) -> BoardId {
    Uuid::from_u128(0x0190_0000_0000_7000_9000_0000_0000_0000 + number).into()
}

fn school(name: Named) -> SchoolId {
    name.id().parse().unwrap()
}

pub fn noor() -> Principal {
    person(1, "Noor Claes", &[Function::Responder])
}

pub fn sam() -> Principal {
    person(2, "Sam Peeters", &[Function::Responder])
}

pub fn lotte_leads() -> Principal {
    person(3, "Lotte Wils", &[Function::ResponseLead])
}

pub fn els() -> Principal {
    els_at(school(ZANDLOPER))
}

/// For the telling of the sample, before its schools have their names.
pub fn els_at(school: SchoolId) -> Principal {
    person(4, "Els Vermeulen", &[Function::Director(school)])
}

pub fn director_of_two() -> Principal {
    person(9, "An Willems", &[Function::Director(school(ZANDLOPER)), Function::Director(school(HOEK))])
}

pub fn karim() -> Principal {
    karim_at(school(ZANDLOPER))
}

pub fn karim_at(school: SchoolId) -> Principal {
    person(5, "Karim Benali", &[Function::IctCoordinator(school)])
}

pub fn ict_coordinator_of_two() -> Principal {
    person(10, "Jo Maes", &[Function::IctCoordinator(school(ZANDLOPER)), Function::IctCoordinator(school(HOEK))])
}

pub fn mila_learns() -> Principal {
    person(40, "Mila Willems", &[Function::Pupil])
}

pub fn tom_is_a_parent() -> Principal {
    person(41, "Tom Willems", &[Function::Parent])
}

pub fn director_of_another_school() -> Principal {
    person(6, "Jef Aerts", &[Function::Director(school(HOEK))])
}

pub fn pieter_operates() -> Principal {
    person(7, "Pieter Wouters", &[Function::Operator])
}

pub fn dpo_of(board: BoardId) -> Principal {
    person(11, "Fatima Aziz", &[Function::Dpo(board)])
}

pub fn board_member_of(board: BoardId) -> Principal {
    person(12, "Rik Baert", &[Function::BoardMember(board)])
}

pub fn jonas() -> Principal {
    jonas_at(school(ZANDLOPER))
}

pub fn jonas_at(school: SchoolId) -> Principal {
    person(13, "Jonas De Smet", &[Function::Teacher(school)])
}

/// Whose only function is what a test gives her.
pub fn mia() -> Principal {
    person(14, "Mia Lemmens", &[])
}

/// One of many.
pub fn newcomer(number: u128) -> Principal {
    person(1_000 + number, &format!("Nieuw {number}"), &[])
}

pub fn nobody_in_particular() -> Principal {
    person(8, "Wim Zonder", &[])
}
