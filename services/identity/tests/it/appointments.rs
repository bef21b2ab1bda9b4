//! Appointments and invitations: how somebody comes to hold a function, and loses it.

use auth::{Function, HeldFunction, Principal};
use chrono::{DateTime, TimeDelta, Utc};
use events::Topic;
use proto::{
    identity::v1::{
        AcceptInvitationRequest, Appointment, AppointmentState, ConfirmAppointmentRequest, CreateAppointmentRequest,
        CreateInvitationRequest, EndAppointmentRequest, GetAppointmentRequest, Invitation, InvitationState, ListAppointmentsRequest,
        ListInvitationsRequest, PersonFunctions, Place, ResendInvitationRequest, School, ShowInvitationRequest, WithdrawInvitationRequest,
        place,
    },
    time::timestamp,
};
use runtime::{BoardId, SchoolId};
use testkit::{on_both_stores, person};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, director, ict_coordinator, id_of, operator, responder};

fn board_of(school: &School) -> BoardId {
    school.board.as_ref().unwrap().board_id.parse().unwrap()
}

fn of_school(school: &School) -> Place {
    Place { place: Some(place::Place::SchoolId(school.school_id.clone())) }
}

fn of_board(school: &School) -> Place {
    Place { place: Some(place::Place::BoardId(board_of(school).to_string())) }
}

/// Somebody who has no function yet.
fn newcomer(number: u64) -> Principal {
    person(number, &[])
}

fn to_be(function: Function) -> CreateInvitationRequest {
    CreateInvitationRequest { email: "iemand@school.example".to_owned(), function: function.to_string(), ..Default::default() }
}

async fn invite(world: &World, who: &Principal, ask: CreateInvitationRequest) -> Result<Invitation, Status> {
    Ok(world.invitations().create_invitation(world.by(who, ask)).await?.into_inner())
}

async fn accept(world: &World, who: &Principal, token: &str) -> Result<Appointment, Status> {
    let ask = AcceptInvitationRequest { token: token.to_owned() };
    Ok(world.invitations().accept_invitation(world.by(who, ask)).await?.into_inner())
}

/// Invited by one, accepted by the other.
async fn appoint(world: &World, by: &Principal, who: &Principal, function: Function) -> Appointment {
    invite(world, by, to_be(function)).await.unwrap();
    let token = world.links().await.pop().unwrap();
    accept(world, who, &token).await.unwrap()
}

/// A request of somebody who signed in with a password alone.
fn signed_in_weakly<T>(world: &World, who: &Principal, ask: T) -> Request<T> {
    let token = world.people.token_with(who, |claims| claims["acr"] = "urn:schildwacht:leerid".into());
    let mut request = Request::new(ask);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

async fn end(world: &World, who: &Principal, appointment: &Appointment) -> Result<Appointment, Status> {
    let Appointment { appointment_id, etag, .. } = appointment.clone();
    let ask = EndAppointmentRequest { appointment_id, etag, reason: "Met pensioen".to_owned(), end_time: None };
    Ok(world.appointments().end_appointment(world.by(who, ask)).await?.into_inner())
}

async fn list(world: &World, who: &Principal, place: Place, state: AppointmentState) -> Result<Vec<Appointment>, Code> {
    let ask = ListAppointmentsRequest { place: Some(place), state: state.into(), ..Default::default() };
    let answer = world.appointments().list_appointments(world.by(who, ask)).await.map_err(|status| status.code())?.into_inner();
    assert_eq!(usize::try_from(answer.total_size).unwrap(), answer.appointments.len());
    Ok(answer.appointments)
}

fn reason(refused: &Status) -> String {
    refused.get_error_details().error_info().unwrap().reason.clone()
}

/// The last that was told of a person: each function with its end.
async fn told(world: &World, appointment: &Appointment, events: usize) -> Vec<(String, String)> {
    let envelopes = world.events(Topic::Function, events).await;
    assert_eq!(envelopes.len(), events);
    let last = envelopes.iter().rfind(|envelope| envelope.key == appointment.person_id.as_bytes()).unwrap();
    let said = last.decode::<PersonFunctions>().unwrap();
    let end = |held: &proto::identity::v1::HeldFunction| proto::time::moment(held.end_time.unwrap()).unwrap().to_rfc3339();
    said.functions.iter().map(|held| (held.function.clone(), end(held))).collect()
}

on_both_stores! {
    async fn who_signed_in_too_weakly_is_asked_to_sign_in_again_and_not_told_that_nothing_is_there(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (head, teacher) = (director(&zandloper), newcomer(32));
        let appointment = appoint(&world, &head, &teacher, Function::Teacher(id_of(&zandloper))).await;
        let Appointment { appointment_id, etag, .. } = appointment.clone();
        let ask = EndAppointmentRequest { appointment_id: appointment_id.clone(), etag, ..Default::default() };
        for who in [&teacher, &head] {
            let refused = world.appointments().end_appointment(signed_in_weakly(&world, who, ask.clone())).await.unwrap_err();
            assert_eq!(refused.get_details_error_info().unwrap().reason, "step_up_required", "{}", who.name);
        }
        let look = GetAppointmentRequest { appointment_id };
        let refused = world.appointments().get_appointment(signed_in_weakly(&world, &head, look.clone())).await.unwrap_err();
        assert_eq!(refused.get_details_error_info().unwrap().reason, "step_up_required");
        let hidden = world.appointments().get_appointment(signed_in_weakly(&world, &newcomer(33), look)).await.unwrap_err();
        assert_eq!(hidden.code(), Code::NotFound, "who may not see it learns nothing");
        assert_eq!(end(&world, &teacher, &appointment).await.unwrap().appointment_id, appointment.appointment_id);
    }

    async fn somebody_who_is_invited_takes_the_function_with_the_link_of_the_mail(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let function = Function::IctCoordinator(id_of(&zandloper));
        let head = director(&zandloper);
        let invitation = invite(&world, &head, to_be(function)).await.unwrap();
        assert_eq!((invitation.state(), invitation.function.as_str()), (InvitationState::Open, function.to_string().as_str()));

        let (karim, token) = (newcomer(50), world.links().await.pop().unwrap());
        let shown = world.invitations().show_invitation(world.by(&karim, ShowInvitationRequest { token: token.clone() })).await;
        assert_eq!(shown.unwrap().into_inner(), invitation);
        let appointment = accept(&world, &karim, &token).await.unwrap();
        assert_eq!(appointment.person_id, karim.person_id().unwrap().to_string());
        assert_eq!((appointment.name.as_str(), appointment.email.as_str()), ("Person 50", "iemand@school.example"));
        assert_eq!((appointment.appointed_by.clone(), appointment.state()), (head.actor(), AppointmentState::Open));
        assert_eq!(list(&world, &head, of_school(&zandloper), AppointmentState::Open).await.unwrap(), std::slice::from_ref(&appointment));
        assert_eq!(told(&world, &appointment, 1).await, [(function.to_string(), "2027-11-24T09:00:00+00:00".to_owned())]);

        let again = accept(&world, &newcomer(51), &token).await.unwrap_err();
        assert_eq!(again.code(), Code::NotFound, "a link works once");
        let acts = world.acts_at(&zandloper).await;
        let expected = [(head.actor(), "function.grant"), (karim.actor(), "function.grant"), (karim.actor(), "invitation.accept")];
        assert_eq!(acts[acts.len() - 3..], expected.map(|(actor, action)| (actor, action.to_owned())));
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_function_that_ends_is_told_at_once(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (head, karim) = (director(&zandloper), newcomer(50));
        let teacher = appoint(&world, &head, &karim, Function::Teacher(id_of(&zandloper))).await;
        let coordinator = appoint(&world, &head, &karim, Function::IctCoordinator(id_of(&zandloper))).await;
        let ended = end(&world, &head, &coordinator).await.unwrap();
        assert_eq!((ended.state(), ended.end_time), (AppointmentState::Ended, Some(timestamp(world.now()))));
        assert_eq!(told(&world, &coordinator, 3).await, [(teacher.function.clone(), "2027-11-24T09:00:00+00:00".to_owned())]);
        let late = end(&world, &head, &ended).await.unwrap_err();
        assert_eq!(reason(&late), "already_ended");
        let stale = end(&world, &head, &Appointment { etag: ended.etag.clone(), ..teacher.clone() }).await.unwrap_err();
        assert_eq!(stale.code(), Code::Aborted);
        end(&world, &karim, &teacher).await.unwrap();
        assert_eq!(told(&world, &coordinator, 4).await, [], "everybody may lay down what they hold");
        assert_eq!(list(&world, &head, of_school(&zandloper), AppointmentState::Ended).await.unwrap().len(), 2);
    }

    async fn nobody_gives_what_they_have_no_authority_over(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let (here, there) = (id_of(&zandloper), id_of(&vuurvogel));
        let head = director(&zandloper);
        for (who, function, code) in [
            (&head, Function::Director(here), Code::PermissionDenied),
            (&head, Function::Operator, Code::NotFound),
            (&head, Function::Teacher(there), Code::NotFound),
            (&ict_coordinator(&zandloper), Function::Teacher(here), Code::PermissionDenied),
            (&responder(), Function::Teacher(here), Code::NotFound),
            (&operator(), Function::Director("0190c0de-0000-7000-8000-000000000009".parse().unwrap()), Code::NotFound),
        ] {
            assert_eq!(invite(&world, who, to_be(function)).await.unwrap_err().code(), code, "{} {function}", who.name);
        }
        for nothing in ["", "director", "emperor@0190c0de-0000-7000-8000-000000000009", "pupil"] {
            let ask = CreateInvitationRequest { function: nothing.to_owned(), ..to_be(Function::Editor) };
            assert_eq!(invite(&world, &operator(), ask).await.unwrap_err().code(), Code::InvalidArgument, "{nothing}");
        }
        let (people, invitations) = (world.appointments(), world.invitations());
        let elsewhere = ListAppointmentsRequest { place: Some(of_school(&vuurvogel)), ..Default::default() };
        assert_eq!(people.clone().list_appointments(world.by(&head, elsewhere)).await.unwrap_err().code(), Code::NotFound);
        let elsewhere = ListInvitationsRequest { place: Some(of_school(&vuurvogel)), ..Default::default() };
        assert_eq!(invitations.clone().list_invitations(world.by(&head, elsewhere)).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(world.links().await, Vec::<String>::new(), "nothing was sent");
    }

    async fn nobody_gives_longer_than_their_own_authority_lasts(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let deputy = newcomer(60);
        let from: DateTime<Utc> = world.now();
        let until = from + TimeDelta::days(30);
        let held = HeldFunction { function: Function::Director(id_of(&zandloper)), from, until: Some(until) };
        world.people.functions().put(deputy.person_id().unwrap(), vec![held]);
        let teacher = to_be(Function::Teacher(id_of(&zandloper)));
        let longer = CreateInvitationRequest { end_time: Some(timestamp(until + TimeDelta::seconds(1))), ..teacher.clone() };
        for ask in [teacher.clone(), longer] {
            assert_eq!(reason(&invite(&world, &deputy, ask).await.unwrap_err()), "outlives_authority");
        }
        let within = CreateInvitationRequest { end_time: Some(timestamp(until)), ..teacher.clone() };
        invite(&world, &deputy, within).await.unwrap();
        world.clock.advance(TimeDelta::days(30));
        assert_eq!(invite(&world, &deputy, teacher).await.unwrap_err().code(), Code::NotFound, "now they have none left");
    }

    async fn nobody_appoints_or_confirms_themselves(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let member = person(70, &[Function::BoardMember(board_of(&zandloper))]);
        world.people.hierarchy().place(id_of(&zandloper), board_of(&zandloper));
        invite(&world, &member, to_be(Function::Director(id_of(&zandloper)))).await.unwrap();
        let token = world.links().await.pop().unwrap();
        assert_eq!(reason(&accept(&world, &member, &token).await.unwrap_err()), "own_function");
        let els = newcomer(71);
        let other = appoint(&world, &operator(), &els, Function::BoardMember(board_of(&zandloper))).await;
        let els = person(71, &[Function::BoardMember(board_of(&zandloper))]);
        let ask = ConfirmAppointmentRequest { appointment_id: other.appointment_id.clone(), etag: other.etag.clone() };
        let own = world.appointments().confirm_appointment(world.by(&els, ask.clone())).await.unwrap_err();
        assert_eq!(reason(&own), "own_function");
        world.clock.advance(TimeDelta::days(100));
        let confirmed = world.appointments().confirm_appointment(world.by(&member, ask)).await.unwrap().into_inner();
        assert_eq!(confirmed.confirm_by_time, Some(timestamp(world.now() + TimeDelta::days(365))));
        let create = CreateAppointmentRequest {
            person_id: els.person_id().unwrap().to_string(),
            function: Function::Dpo(board_of(&zandloper)).to_string(),
            ..Default::default()
        };
        let own = world.appointments().create_appointment(world.by(&els, create.clone())).await.unwrap_err();
        assert_eq!(reason(&own), "own_function");
        let given = world.appointments().create_appointment(world.by(&member, create.clone())).await.unwrap().into_inner();
        assert_eq!(given.function, create.function);
        let twice = world.appointments().create_appointment(world.by(&member, create)).await.unwrap_err();
        assert_eq!(reason(&twice), "already_held");
    }

    async fn a_person_of_whom_the_caller_knows_nothing_is_not_found(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let there = appoint(&world, &director(&vuurvogel), &newcomer(50), Function::Teacher(id_of(&vuurvogel))).await;
        let ask = |person_id: &str| CreateAppointmentRequest {
            person_id: person_id.to_owned(),
            function: Function::Teacher(id_of(&zandloper)).to_string(),
            ..Default::default()
        };
        for person_id in [there.person_id.as_str(), "0190c0de-0000-7000-8000-000000000009"] {
            let refused = world.appointments().create_appointment(world.by(&director(&zandloper), ask(person_id))).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::NotFound, "person not found"));
        }
        let ask = GetAppointmentRequest { appointment_id: there.appointment_id.clone() };
        let foreign = world.appointments().get_appointment(world.by(&director(&zandloper), ask.clone())).await.unwrap_err();
        assert_eq!(foreign.code(), Code::NotFound);
        assert_eq!(world.appointments().get_appointment(world.by(&director(&vuurvogel), ask)).await.unwrap().into_inner(), there);
        assert_eq!(end(&world, &director(&zandloper), &there).await.unwrap_err().code(), Code::NotFound);
    }

    async fn the_last_who_administers_a_place_stays_unless_somebody_above_ends_it(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let board = Function::BoardMember(board_of(&zandloper));
        let (first, second) = (newcomer(80), newcomer(81));
        let one = appoint(&world, &operator(), &first, board).await;
        assert_eq!(reason(&end(&world, &first, &one).await.unwrap_err()), "last_administrator");
        let other = appoint(&world, &operator(), &second, board).await;
        let (left, right) = tokio::join!(end(&world, &first, &one), end(&world, &second, &other));
        let refused = [left.err(), right.err()].into_iter().flatten().map(|status| reason(&status)).collect::<Vec<_>>();
        assert_eq!(refused, ["last_administrator"], "at the same moment, one of them may");
        let still = list(&world, &operator(), of_board(&zandloper), AppointmentState::Open).await.unwrap();
        assert_eq!(still.len(), 1);
        end(&world, &operator(), &still[0]).await.unwrap();
        assert_eq!(list(&world, &operator(), of_board(&zandloper), AppointmentState::Open).await.unwrap(), []);
    }

    async fn what_nobody_confirms_within_a_year_is_over(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (head, now) = (director(&zandloper), world.now());
        let lapsing = appoint(&world, &head, &newcomer(50), Function::Teacher(id_of(&zandloper))).await;
        world.clock.advance(TimeDelta::days(1));
        let later = appoint(&world, &head, &newcomer(51), Function::Teacher(id_of(&zandloper))).await;
        let due = ListAppointmentsRequest {
            place: Some(of_school(&zandloper)),
            confirm_before_time: Some(timestamp(now + TimeDelta::days(366))),
            ..Default::default()
        };
        let due = world.appointments().list_appointments(world.by(&head, due)).await.unwrap().into_inner().appointments;
        assert_eq!(due, std::slice::from_ref(&lapsing));
        world.clock.advance(TimeDelta::days(364));
        assert_eq!(list(&world, &head, of_school(&zandloper), AppointmentState::Open).await.unwrap(), [later]);
        let ask = ConfirmAppointmentRequest { appointment_id: lapsing.appointment_id.clone(), etag: lapsing.etag.clone() };
        let late = world.appointments().confirm_appointment(world.by(&head, ask)).await.unwrap_err();
        assert_eq!(reason(&late), "already_ended");
    }

    async fn a_link_works_until_it_is_replaced_withdrawn_or_a_week_old(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (head, karim) = (director(&zandloper), newcomer(50));
        let function = Function::Teacher(id_of(&zandloper));
        let code = async |token: &str| accept(&world, &karim, token).await.map_or_else(|status| status.code(), |_| Code::Ok);

        let invitation = invite(&world, &head, to_be(function)).await.unwrap();
        let resend = ResendInvitationRequest { invitation_id: invitation.invitation_id.clone(), etag: invitation.etag.clone() };
        let resent = world.invitations().resend_invitation(world.by(&head, resend.clone())).await.unwrap().into_inner();
        let stale = world.invitations().resend_invitation(world.by(&head, resend)).await.unwrap_err();
        assert_eq!(stale.code(), Code::Aborted);
        let [old, new] = world.links().await.try_into().unwrap();
        assert_eq!(code(&old).await, Code::NotFound);
        let withdraw = WithdrawInvitationRequest { invitation_id: resent.invitation_id.clone(), etag: resent.etag.clone() };
        let withdrawn = world.invitations().withdraw_invitation(world.by(&head, withdraw)).await.unwrap().into_inner();
        assert_eq!(withdrawn.state(), InvitationState::Withdrawn);
        assert_eq!(code(&new).await, Code::NotFound);

        invite(&world, &head, to_be(function)).await.unwrap();
        let token = world.links().await.pop().unwrap();
        world.clock.advance(TimeDelta::days(7));
        assert_eq!(code(&token).await, Code::NotFound);
        let states = async |state: InvitationState| {
            let ask = ListInvitationsRequest { place: Some(of_school(&zandloper)), state: state.into(), ..Default::default() };
            world.invitations().list_invitations(world.by(&head, ask)).await.unwrap().into_inner().invitations.len()
        };
        assert_eq!((states(InvitationState::Expired).await, states(InvitationState::Withdrawn).await), (1, 1));
        assert_eq!((states(InvitationState::Open).await, states(InvitationState::Unspecified).await), (0, 2));
        for garbage in ["", "x", &token[1..]] {
            assert_eq!(code(garbage).await, Code::NotFound, "{garbage:?}");
        }
    }

    async fn asking_twice_invites_once(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let request_id = "0190c0de-0000-7000-8000-00000000000a".to_owned();
        let ask = CreateInvitationRequest { request_id, ..to_be(Function::Teacher(id_of(&zandloper))) };
        let first = invite(&world, &director(&zandloper), ask.clone()).await.unwrap();
        assert_eq!(invite(&world, &director(&zandloper), ask.clone()).await.unwrap(), first);
        let other = CreateInvitationRequest { email: "ander@school.example".to_owned(), ..ask };
        assert_eq!(reason(&invite(&world, &director(&zandloper), other).await.unwrap_err()), "request_id_reused");
        assert_eq!(world.links().await.len(), 1);
    }

    async fn nobodys_mailbox_is_filled_with_invitations(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let head = director(&zandloper);
        let resend = async |Invitation { invitation_id, etag, .. }: Invitation| {
            let ask = ResendInvitationRequest { invitation_id, etag };
            world.invitations().resend_invitation(world.by(&head, ask)).await.map(tonic::Response::into_inner)
        };
        let mut invitation = invite(&world, &head, to_be(Function::Teacher(id_of(&zandloper)))).await.unwrap();
        for _ in 0..3 {
            invitation = resend(invitation).await.unwrap();
        }
        invite(&world, &head, to_be(Function::IctCoordinator(id_of(&zandloper)))).await.unwrap();
        assert_eq!(reason(&resend(invitation.clone()).await.unwrap_err()), "too_many_letters");
        let again = invite(&world, &head, to_be(Function::Teacher(id_of(&zandloper)))).await.unwrap_err();
        assert_eq!(reason(&again), "too_many_letters");
        let other: SchoolId = id_of(&vuurvogel);
        let elsewhere = CreateInvitationRequest { email: "ander@school.example".to_owned(), ..to_be(Function::Teacher(other)) };
        invite(&world, &director(&vuurvogel), elsewhere).await.unwrap();
        assert_eq!(world.links().await.len(), 6);
        world.clock.advance(TimeDelta::days(1));
        resend(invitation).await.unwrap();
    }

    async fn a_place_has_only_so_many_open_invitations(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let head = director(&zandloper);
        let to = |number: u32| {
            let email = format!("collega{number}@school.example");
            CreateInvitationRequest { email, ..to_be(Function::Teacher(id_of(&zandloper))) }
        };
        let mut last = None;
        for number in 0..200 {
            last = Some(invite(&world, &head, to(number)).await.unwrap());
        }
        assert_eq!(reason(&invite(&world, &head, to(200)).await.unwrap_err()), "too_many_invitations");
        let Invitation { invitation_id, etag, .. } = last.unwrap();
        let withdraw = WithdrawInvitationRequest { invitation_id, etag };
        world.invitations().withdraw_invitation(world.by(&head, withdraw)).await.unwrap();
        assert_eq!(reason(&invite(&world, &head, to(200)).await.unwrap_err()), "too_many_invitations", "as many were made today");
        world.clock.advance(TimeDelta::days(1));
        invite(&world, &head, to(200)).await.unwrap();
        let other: SchoolId = id_of(&vuurvogel);
        invite(&world, &director(&vuurvogel), to_be(Function::Teacher(other))).await.unwrap();
    }
}
