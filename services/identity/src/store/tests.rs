//! What is stored is read back, and storing it again forgets nothing.

mod proving;
mod reach;

use auth::{Function, Role, Scope};
use chrono::DateTime;
use proptest::{array::uniform2, prelude::*};
use storage::RequestKey;
use strum::VariantArray as _;
use testkit::{
    arbitrary::{id, moment, samples, text, word},
    on_both_stores,
};

use super::*;
use crate::domain::{
    Answer, Appointment, Board, BoardKind, Contact, ContactDetails, Gateway, GatewayName, GatewayState, Invitation, OpenCode, Person,
    Place, Reminder, RevokeReason, School, SecretHash, Site,
};

fn number<T: std::str::FromStr<Err: std::fmt::Debug> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    (1..=999_999_u32).prop_map(|number| number.to_string().parse().unwrap())
}

prop_compose! {
    fn any_board()(
        id in id(),
        number in number(),
        name in text(),
        kind in prop::sample::select(BoardKind::VARIANTS),
    ) -> Board {
        Board { id, number, name, kind }
    }
}

prop_compose! {
    fn any_site()(id in id(), number in number(), name in text(), street in text(), postal_code in text(), municipality in text()) -> Site {
        Site { id, number, name, street, postal_code, municipality }
    }
}

prop_compose! {
    fn any_school()(
        id in id(),
        number in number(),
        name in text(),
        municipality in text(),
        board in any_board(),
        mut sites in uniform2(any_site()),
    ) -> School {
        sites.sort_by_key(|site| site.number);
        School { id, number, name, municipality, board, sites: sites.to_vec() }
    }
}

prop_compose! {
    fn any_contact()(
        id in id(),
        school_id in id(),
        name in word(),
        phone in "\\+?[0-9]{3,15}",
        out_of_hours in any::<bool>(),
        version in 0..=i32::MAX as u32,
    ) -> Contact {
        let details = ContactDetails { name: name.as_str().try_into().unwrap(), phone: phone.as_str().try_into().unwrap(), out_of_hours };
        Contact { id, school_id, details, version }
    }
}

fn any_state() -> impl Strategy<Value = GatewayState> {
    let code = (any::<[u8; 32]>(), moment()).prop_map(|(hash, expires)| OpenCode { hash: SecretHash::from_bytes(hash), expires });
    let active = (any::<[u8; 32]>(), moment(), prop::option::of(code));
    let revoked = (moment(), text(), word());
    prop_oneof![
        active.prop_map(|(secret, secret_since, code)| GatewayState::Active { secret: SecretHash::from_bytes(secret), secret_since, code }),
        revoked.prop_map(|(at, by, reason)| GatewayState::Revoked { at, by, reason: RevokeReason::parse(&reason).unwrap() }),
    ]
}

prop_compose! {
    fn any_gateway()(
        id in id(),
        school_id in id(),
        site_id in prop::option::of(id()),
        name in word(),
        enrolled_at in moment(),
        state in any_state(),
        version in 0..=i32::MAX as u32,
    ) -> Gateway {
        Gateway { id, school_id, site_id, name: GatewayName::parse(&name).unwrap(), enrolled_at, state, version }
    }
}

/// One that holds at a place.
fn any_function() -> impl Strategy<Value = Function> {
    (prop::sample::select(Role::ALL), id()).prop_filter_map("holds nowhere", |(role, place)| {
        [None, Some(place)].into_iter().find_map(|place| Function::new(role, place)).filter(|function| function.place().is_some())
    })
}

prop_compose! {
    fn any_person()(id in id(), name in word(), mailbox in "[a-z]{1,20}") -> Person {
        let email = format!("{mailbox}@school.example");
        Person::known(id, name.as_str().try_into().unwrap(), email.as_str().try_into().unwrap())
    }
}

prop_compose! {
    fn any_appointment()(
        id in id(),
        person in any_person(),
        function in any_function(),
        from in moment(),
        until in prop::option::of(moment()),
        confirm_by in moment(),
        reminded in prop::option::of(prop::sample::select(&[Reminder::Month, Reminder::Week])),
        appointed_by in text(),
        version in 0..=i32::MAX as u32,
    ) -> Appointment {
        Appointment { id, person, function, from, until, confirm_by, reminded, appointed_by, version }
    }
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        (any::<[u8; 32]>(), moment()).prop_map(|(token, expires)| Answer::Awaited { token: SecretHash::from_bytes(token), expires }),
        id().prop_map(|appointment| Answer::Accepted { appointment }),
        Just(Answer::Withdrawn),
    ]
}

prop_compose! {
    fn any_invitation()(
        id in id(),
        person in any_person(),
        function in any_function(),
        until in prop::option::of(moment()),
        invited_by in text(),
        created_at in moment(),
        answer in any_answer(),
        version in 0..=i32::MAX as u32,
    ) -> Invitation {
        Invitation { id, email: person.email().unwrap().clone(), function, until, invited_by, created_at, answer, version }
    }
}

async fn save(txn: &storage::Txn, school: &School) {
    school::save_boards(txn, std::slice::from_ref(&school.board)).await.unwrap();
    school::save(txn, std::slice::from_ref(school)).await.unwrap();
}

on_both_stores! {
    async fn schools_boards_and_sites_are_read_back(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (before, mut after) in samples(&(any_school(), any_school())) {
            let txn = database.begin().await.unwrap();
            save(&txn, &before).await;
            assert_eq!(school::find(&*txn, &Scope::Everything, before.id).await.unwrap().as_ref(), Some(&before));
            after.id = before.id;
            for (after, before) in after.sites.iter_mut().zip(&before.sites) {
                after.id = before.id;
            }
            save(&txn, &after).await;
            assert_eq!(school::find(&*txn, &Scope::Everything, before.id).await.unwrap().as_ref(), Some(&after));
            assert_eq!(school::all(&txn).await.unwrap(), [after]);
        }
    }

    async fn gateways_are_read_back_and_their_requests_kept(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        let requests = (text(), prop::option::of(id()));
        for (school, before, after, (requested_by, request_id)) in samples(&(any_school(), any_gateway(), any_gateway(), requests)) {
            let site = school.sites[0].id;
            let there = |gateway: Gateway| Gateway { id: before.id, school_id: school.id, site_id: gateway.site_id.map(|_| site), ..gateway };
            let (before, after) = (there(before.clone()), there(after));
            let key = RequestKey { requested_by, request_id };
            let txn = database.begin().await.unwrap();
            save(&txn, &school).await;
            gateway::insert(&txn, &before, &key).await.unwrap();
            assert_eq!(gateway::find(&*txn, &Scope::Everything, before.id).await.unwrap(), Some(before));
            gateway::update(&txn, &after).await.unwrap();
            assert_eq!(gateway::find(&*txn, &Scope::Everything, after.id).await.unwrap().as_ref(), Some(&after));
            let by_request = gateway::find_by_request(&*txn, &key).await.unwrap();
            assert_eq!(by_request, key.request_id.map(|_| after));
        }
    }

    async fn appointments_and_their_people_are_read_back(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        let requests = (text(), prop::option::of(id()));
        for (before, after, renamed, (requested_by, request_id)) in samples(&(any_appointment(), any_appointment(), any_person(), requests)) {
            let renamed = Person { id: before.person.id, ..renamed };
            let after = Appointment { id: before.id, person: renamed.clone(), ..after };
            let key = RequestKey { requested_by, request_id };
            let txn = database.begin().await.unwrap();
            person::save(&txn, &before.person).await.unwrap();
            appointment::insert(&txn, &before, &key).await.unwrap();
            assert_eq!(appointment::find(&*txn, before.id).await.unwrap().as_ref(), Some(&before));
            person::save(&txn, &renamed).await.unwrap();
            appointment::update(&txn, &after).await.unwrap();
            assert_eq!(appointment::find_to_change(&txn, &after).await.unwrap().as_ref(), Some(&after));
            assert_eq!(person::find_to_change(&txn, renamed.id).await.unwrap(), Some(renamed.clone()));
            let by_request = appointment::find_by_request(&*txn, &key).await.unwrap();
            assert_eq!(by_request, key.request_id.map(|_| after.clone()));
            let at = |now| appointment::of_person(&*txn, renamed.id, now);
            assert_eq!(at(DateTime::UNIX_EPOCH).await.unwrap(), if after.is_open(DateTime::UNIX_EPOCH) { vec![after.clone()] } else { vec![] });
            assert_eq!(at(after.ends()).await.unwrap(), []);
        }
    }

    async fn invitations_are_read_back_and_found_by_their_link(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        let requests = (text(), prop::option::of(id()));
        for (before, after, (requested_by, request_id)) in samples(&(any_invitation(), any_invitation(), requests)) {
            let after = Invitation { id: before.id, ..after };
            let key = RequestKey { requested_by, request_id };
            let txn = database.begin().await.unwrap();
            invitation::insert(&txn, &before, &key).await.unwrap();
            assert_eq!(invitation::find(&*txn, before.id).await.unwrap().as_ref(), Some(&before));
            invitation::update(&txn, &after).await.unwrap();
            assert_eq!(invitation::find_to_change(&txn, after.id).await.unwrap().as_ref(), Some(&after));
            assert_eq!(invitation::find_by_request(&*txn, &key).await.unwrap(), key.request_id.map(|_| after.clone()));
            let token = match &after.answer {
                Answer::Awaited { token, .. } => Some(*token),
                Answer::Accepted { .. } | Answer::Withdrawn => None,
            };
            if let Some(token) = token {
                assert_eq!(invitation::find_by_token(&*txn, token).await.unwrap().as_ref(), Some(&after));
            }
            let open = invitation::count_open(&*txn, Place::of(after.function).unwrap()).await.unwrap();
            assert_eq!(open, u64::from(token.is_some()));
        }
    }

    async fn contacts_are_read_back_and_their_requests_kept(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        let requests = (text(), prop::option::of(id()));
        for (school, before, after, (requested_by, request_id)) in samples(&(any_school(), any_contact(), any_contact(), requests)) {
            let there = |contact: Contact| Contact { id: before.id, school_id: school.id, ..contact };
            let (before, after) = (there(before.clone()), there(after));
            let key = RequestKey { requested_by, request_id };
            let txn = database.begin().await.unwrap();
            save(&txn, &school).await;
            contact::insert(&txn, &before, &key).await.unwrap();
            assert_eq!(contact::find(&*txn, &Scope::Everything, before.id).await.unwrap(), Some(before));
            contact::update(&txn, &after).await.unwrap();
            assert_eq!(contact::find_to_change(&txn, &Scope::Everything, after.id).await.unwrap().as_ref(), Some(&after));
            assert_eq!(contact::of_school(&*txn, school.id).await.unwrap(), std::slice::from_ref(&after));
            let by_request = contact::find_by_request(&*txn, &key).await.unwrap();
            assert_eq!(by_request, key.request_id.map(|_| after.clone()));
            contact::delete(&txn, after.id).await.unwrap();
            assert_eq!(contact::find(&*txn, &Scope::Everything, after.id).await.unwrap(), None);
        }
    }
}
