//! How far schools and vendors are proven: what is checked, by whom, and what it comes to.

use auth::{Function, Principal};
use chrono::{DateTime, TimeDelta, Utc};
use proto::{
    identity::v1::{
        AcceptInvitationRequest, AgreeOverrideRequest, Appointment, Check, CheckCompanyRequest, CheckKind, CheckOutcome,
        ConfirmAppointmentRequest, ConfirmSchoolRequest, CreateInvitationRequest, EndAppointmentRequest, EndOverrideRequest, Enrolment,
        EnrolmentDetails, EnrolmentLevel, GetEnrolmentRequest, ImportFormat, ListEnrolmentsRequest, OrganisationKind, Override,
        OverrideState, ProposeOverrideRequest, School, UpdateVendorRequest, Vendor, get_enrolment_request, propose_override_request,
    },
    time::timestamp,
};
use runtime::BoardId;
use sea_orm::{ConnectionTrait as _, DatabaseBackend, Statement};
use testkit::{Store, TestDatabase, eventually, on_both_stores, person};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    vendors::{NUMBERS, contact_of, create},
    world::{TWO_SCHOOLS, World, director, id_of, operator},
};

fn board_of(school: &School) -> BoardId {
    school.board.as_ref().unwrap().board_id.parse().unwrap()
}

fn board_member(school: &School) -> Principal {
    person(30, &[Function::BoardMember(board_of(school))])
}

/// The two schools, of which it is known that they stand below their board.
async fn two_schools(world: &World) -> (School, School) {
    let schools = world.with_two_schools().await;
    for school in [&schools.0, &schools.1] {
        world.people.hierarchy().place(id_of(school), board_of(school));
    }
    schools
}

fn second_operator() -> Principal {
    person(31, &[Function::Operator])
}

/// Somebody is invited by the board to direct the school, and accepts.
async fn appoint_director(world: &World, school: &School, number: u64) -> Appointment {
    let function = Function::Director(id_of(school)).to_string();
    let ask = CreateInvitationRequest { email: format!("directie{number}@school.example"), function, ..Default::default() };
    world.invitations().create_invitation(world.by(&operator(), ask)).await.unwrap();
    let accept = AcceptInvitationRequest { token: world.links().await.pop().unwrap() };
    world.invitations().accept_invitation(world.by(&person(number, &[]), accept)).await.unwrap().into_inner()
}

fn of_school(school: &School) -> GetEnrolmentRequest {
    GetEnrolmentRequest { organisation: Some(get_enrolment_request::Organisation::SchoolId(school.school_id.clone())) }
}

fn of_vendor(vendor: &Vendor) -> GetEnrolmentRequest {
    GetEnrolmentRequest { organisation: Some(get_enrolment_request::Organisation::VendorId(vendor.vendor_id.clone())) }
}

async fn get(world: &World, who: &Principal, ask: GetEnrolmentRequest) -> EnrolmentDetails {
    world.enrolments().get_enrolment(world.by(who, ask)).await.unwrap().into_inner()
}

async fn level(world: &World, ask: GetEnrolmentRequest) -> EnrolmentLevel {
    get(world, &operator(), ask).await.enrolment.unwrap().level()
}

async fn confirm(world: &World, who: &Principal, school: &School) -> Result<EnrolmentDetails, Status> {
    let ask = ConfirmSchoolRequest { school_id: school.school_id.clone() };
    Ok(world.enrolments().confirm_school(world.by(who, ask)).await?.into_inner())
}

async fn check_company(world: &World, who: &Principal, vendor: &Vendor, outcome: CheckOutcome) -> Result<EnrolmentDetails, Status> {
    let Vendor { vendor_id, etag, .. } = vendor.clone();
    let ask = CheckCompanyRequest { vendor_id, outcome: outcome.into(), reason: "KBO Public Search".to_owned(), etag };
    Ok(world.enrolments().check_company(world.by(who, ask)).await?.into_inner())
}

fn told(checks: &[Check]) -> Vec<(CheckKind, CheckOutcome, &str)> {
    checks.iter().map(|check| (check.kind(), check.outcome(), check.reason.as_str())).collect()
}

fn reason(refused: &Status) -> String {
    refused.get_details_error_info().unwrap().reason
}

async fn list(world: &World, ask: ListEnrolmentsRequest) -> Vec<(String, EnrolmentLevel)> {
    let answer = world.enrolments().list_enrolments(world.by(&operator(), ask)).await.unwrap().into_inner();
    assert_eq!(usize::try_from(answer.total_size).unwrap(), answer.enrolments.len());
    answer.enrolments.iter().map(|one| (one.name.clone(), one.level())).collect()
}

fn override_of(school: &School, until: DateTime<Utc>) -> ProposeOverrideRequest {
    ProposeOverrideRequest {
        organisation: Some(propose_override_request::Organisation::SchoolId(school.school_id.clone())),
        kind: CheckKind::Board.into(),
        reason: "Brief van het bestuur".to_owned(),
        end_time: Some(timestamp(until)),
    }
}

async fn propose(world: &World, who: &Principal, ask: ProposeOverrideRequest) -> Result<Override, Status> {
    let answer = world.enrolments().propose_override(world.by(who, ask)).await?.into_inner();
    Ok(answer.overrides.into_iter().next().unwrap())
}

/// By its contact.
async fn change(world: &World, vendor: &Vendor, alter: impl FnOnce(&mut UpdateVendorRequest)) -> Vendor {
    let Vendor { vendor_id, name, domain, security_contact, etag, .. } = vendor.clone();
    let mut ask = UpdateVendorRequest { vendor_id, name, domain, security_contact, etag };
    alter(&mut ask);
    world.vendors().update_vendor(world.by(&contact_of(vendor), ask)).await.unwrap().into_inner()
}

async fn agree(world: &World, who: &Principal, proposed: &Override) -> Result<EnrolmentDetails, Status> {
    let Override { override_id, etag, .. } = proposed.clone();
    Ok(world.enrolments().agree_override(world.by(who, AgreeOverrideRequest { override_id, etag })).await?.into_inner())
}

on_both_stores! {
    async fn a_school_is_proven_by_register_director_and_board_each_on_record(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = two_schools(&world).await;
        assert_eq!(level(&world, of_school(&school)).await, EnrolmentLevel::Unproven);
        let refused = confirm(&world, &board_member(&school), &school).await.unwrap_err();
        assert_eq!(reason(&refused), "no_director");

        world.clock.advance(TimeDelta::minutes(1));
        let appointment = appoint_director(&world, &school, 50).await;
        assert_eq!(level(&world, of_school(&school)).await, EnrolmentLevel::Provisional);

        world.clock.advance(TimeDelta::minutes(1));
        let confirmed = confirm(&world, &board_member(&school), &school).await.unwrap();
        let enrolment = confirmed.enrolment.clone().unwrap();
        assert_eq!((enrolment.level(), enrolment.number.as_str()), (EnrolmentLevel::Confirmed, "990101"));
        assert_eq!(enrolment.level_end_time, appointment.confirm_by_time, "the director's function ends first");
        assert_eq!(told(&confirmed.checks), [
            (CheckKind::Board, CheckOutcome::Passed, "confirmed_by_board"),
            (CheckKind::Director, CheckOutcome::Passed, "invitation_accepted"),
            (CheckKind::SchoolRegister, CheckOutcome::Passed, "imported"),
        ]);
        assert!(confirmed.checks.iter().all(|check| check.evidence_sha256.len() == 64));
        assert_eq!(confirmed.checks[1].value, format!("appointment:{}", appointment.appointment_id));
        assert!(confirmed.requirements.iter().all(|one| one.holds));
        assert_eq!(get(&world, &director(&school), of_school(&school)).await, confirmed, "the school reads the same");
        let acts = world.acts_at(&school).await;
        let checks: Vec<&str> = acts.iter().map(|(_, action)| action.as_str()).filter(|action| action.starts_with("enrolment")).collect();
        assert_eq!(checks, ["enrolment.check", "enrolment.confirm"]);
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_director_who_sits_on_the_board_does_not_confirm_the_own_school(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = two_schools(&world).await;
        appoint_director(&world, &school, 50).await;
        let functions = [board_member(&school).functions[0], Function::Director(id_of(&school))];
        let refused = confirm(&world, &person(50, &functions), &school).await.unwrap_err();
        assert_eq!(reason(&refused), "own_school");
        assert_eq!(level(&world, of_school(&school)).await, EnrolmentLevel::Provisional);
    }

    async fn a_school_falls_when_its_director_stops_and_after_a_year_without_the_board(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = two_schools(&world).await;
        let first = appoint_director(&world, &school, 50).await;
        confirm(&world, &board_member(&school), &school).await.unwrap();
        world.clock.advance(TimeDelta::days(300));
        let Appointment { appointment_id, etag, .. } = first;
        let ask = ConfirmAppointmentRequest { appointment_id, etag };
        let renewed = world.appointments().confirm_appointment(world.by(&board_member(&school), ask)).await.unwrap().into_inner();
        world.clock.advance(TimeDelta::days(65));
        assert_eq!(level(&world, of_school(&school)).await, EnrolmentLevel::Provisional, "the board confirmed 365 days ago");
        confirm(&world, &board_member(&school), &school).await.unwrap();

        let Appointment { appointment_id, etag, .. } = renewed;
        let end = EndAppointmentRequest { appointment_id, etag, ..Default::default() };
        world.appointments().end_appointment(world.by(&operator(), end)).await.unwrap();
        let details = get(&world, &operator(), of_school(&school)).await;
        assert_eq!(details.enrolment.unwrap().level(), EnrolmentLevel::Lapsed);
        assert_eq!(told(&details.checks)[..1], [(CheckKind::Director, CheckOutcome::Ended, "function_ended")]);
        world.clock.advance(TimeDelta::minutes(1));
        appoint_director(&world, &school, 51).await;
        assert_eq!(level(&world, of_school(&school)).await, EnrolmentLevel::Confirmed, "the board's word still holds");
    }

    async fn an_operator_says_what_the_register_of_companies_has(database: TestDatabase) {
        let world = World::start(&database).await;
        let vendor = create(&world, NUMBERS[0]).await;
        assert_eq!(level(&world, of_vendor(&vendor)).await, EnrolmentLevel::Draft);
        let details = check_company(&world, &operator(), &vendor, CheckOutcome::Passed).await.unwrap();
        assert_eq!(details.enrolment.unwrap().level(), EnrolmentLevel::Draft, "its domain is not proven");
        assert_eq!(details.requirements.iter().map(|one| one.holds).collect::<Vec<_>>(), [true, false]);
        assert_eq!((details.checks[0].value.as_str(), details.checks[0].made_by.starts_with("person:")), ("1000.000.021@Leermaat BV", true));
        world.clock.advance(TimeDelta::minutes(1));
        let details = check_company(&world, &operator(), &vendor, CheckOutcome::Failed).await.unwrap();
        assert_eq!(details.enrolment.unwrap().level(), EnrolmentLevel::Suspended);
        for outcome in [CheckOutcome::Unspecified, CheckOutcome::Unanswered, CheckOutcome::Ended] {
            assert_eq!(check_company(&world, &operator(), &vendor, outcome).await.unwrap_err().code(), Code::InvalidArgument);
        }
        assert_eq!(check_company(&world, &contact_of(&vendor), &vendor, CheckOutcome::Passed).await.unwrap_err().code(), Code::PermissionDenied);
        let old = Vendor { etag: "r0".to_owned(), ..vendor };
        assert_eq!(check_company(&world, &operator(), &old, CheckOutcome::Passed).await.unwrap_err().code(), Code::Aborted);
    }

    async fn an_override_counts_from_when_a_second_operator_agrees_until_its_end(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = two_schools(&world).await;
        appoint_director(&world, &school, 50).await;
        let proposed = propose(&world, &operator(), override_of(&school, world.now() + TimeDelta::days(30))).await.unwrap();
        assert_eq!(proposed.state(), OverrideState::Proposed);
        assert_eq!(level(&world, of_school(&school)).await, EnrolmentLevel::Provisional);
        assert_eq!(reason(&agree(&world, &operator(), &proposed).await.unwrap_err()), "own_override");
        world.clock.advance(TimeDelta::minutes(1));
        let agreed = agree(&world, &second_operator(), &proposed).await.unwrap();
        let enrolment = agreed.enrolment.unwrap();
        assert_eq!((enrolment.level(), enrolment.level_end_time), (EnrolmentLevel::Confirmed, proposed.end_time));
        assert_eq!(told(&agreed.checks)[..1], [(CheckKind::Board, CheckOutcome::Passed, "Brief van het bestuur")]);
        assert_eq!(agree(&world, &second_operator(), &proposed).await.unwrap_err().code(), Code::Aborted, "it has changed");
        assert_eq!(reason(&agree(&world, &second_operator(), &agreed.overrides[0]).await.unwrap_err()), "override_not_open");

        world.clock.advance(TimeDelta::minutes(1));
        let Override { override_id, etag, .. } = agreed.overrides[0].clone();
        let end = EndOverrideRequest { override_id, etag };
        let ended = world.enrolments().end_override(world.by(&operator(), end)).await.unwrap().into_inner();
        assert_eq!((ended.enrolment.unwrap().level(), ended.overrides[0].state()), (EnrolmentLevel::Provisional, OverrideState::Ended));
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_proposal_is_for_people_expires_after_a_week_and_a_few_wait_at_once(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = two_schools(&world).await;
        let in_days = |days| world.now() + TimeDelta::days(days);
        let command = Principal { functions: vec![Function::Operator], ..Principal::service("cli") };
        let refused = propose(&world, &command, override_of(&school, in_days(30))).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let wrong_kind = ProposeOverrideRequest { kind: CheckKind::Domain.into(), ..override_of(&school, in_days(30)) };
        for ask in [wrong_kind, override_of(&school, in_days(366)), override_of(&school, in_days(0))] {
            assert_eq!(propose(&world, &operator(), ask).await.unwrap_err().code(), Code::InvalidArgument);
        }
        let first = propose(&world, &operator(), override_of(&school, in_days(30))).await.unwrap();
        for _ in 1..5 {
            propose(&world, &operator(), override_of(&school, in_days(30))).await.unwrap();
        }
        let refused = propose(&world, &operator(), override_of(&school, in_days(30))).await.unwrap_err();
        assert_eq!(reason(&refused), "too_many_overrides");
        world.clock.advance(TimeDelta::days(7));
        assert_eq!(reason(&agree(&world, &second_operator(), &first).await.unwrap_err()), "override_not_open");
        propose(&world, &operator(), override_of(&school, in_days(30))).await.unwrap();
    }

    async fn an_override_counts_for_the_domain_that_the_vendor_had_when_it_was_proposed(database: TestDatabase) {
        let world = World::start(&database).await;
        let vendor = create(&world, NUMBERS[0]).await;
        check_company(&world, &operator(), &vendor, CheckOutcome::Passed).await.unwrap();
        let ask = || ProposeOverrideRequest {
            organisation: Some(propose_override_request::Organisation::VendorId(vendor.vendor_id.clone())),
            kind: CheckKind::Domain.into(),
            reason: "Domein bij het ministerie".to_owned(),
            end_time: Some(timestamp(world.now() + TimeDelta::days(30))),
        };
        let first = propose(&world, &operator(), ask()).await.unwrap();
        assert_eq!(first.about, vendor.domain);
        let agreed = agree(&world, &second_operator(), &first).await.unwrap();
        assert_eq!(agreed.enrolment.unwrap().level(), EnrolmentLevel::MaySubmit);
        world.clock.advance(TimeDelta::minutes(1));
        let open = propose(&world, &operator(), ask()).await.unwrap();

        let moved = change(&world, &vendor, |ask| ask.domain = "anders.example".to_owned()).await;
        assert_eq!(level(&world, of_vendor(&vendor)).await, EnrolmentLevel::Draft);
        let drafts = ListEnrolmentsRequest { levels: vec![EnrolmentLevel::Draft.into()], ..Default::default() };
        assert_eq!(list(&world, drafts).await, [("Leermaat BV".to_owned(), EnrolmentLevel::Draft)]);
        assert_eq!(reason(&agree(&world, &second_operator(), &open).await.unwrap_err()), "override_not_open");

        // Ended while the vendor is elsewhere, it counts no more when the vendor comes back.
        let Override { override_id, etag, .. } = agreed.overrides[0].clone();
        world.enrolments().end_override(world.by(&operator(), EndOverrideRequest { override_id, etag })).await.unwrap();
        change(&world, &moved, |ask| ask.domain = vendor.domain.clone()).await;
        assert_eq!(level(&world, of_vendor(&vendor)).await, EnrolmentLevel::Lapsed);
    }

    async fn a_vendor_that_takes_another_name_is_looked_up_again(database: TestDatabase) {
        let world = World::start(&database).await;
        let vendor = create(&world, NUMBERS[0]).await;
        let holds = |details: EnrolmentDetails| details.requirements[0].holds;
        assert!(holds(check_company(&world, &operator(), &vendor, CheckOutcome::Passed).await.unwrap()));
        let renamed = change(&world, &vendor, |ask| ask.name = "Microsoft".to_owned()).await;
        assert!(!holds(get(&world, &operator(), of_vendor(&vendor)).await));
        assert!(holds(check_company(&world, &operator(), &renamed, CheckOutcome::Passed).await.unwrap()));
    }

    async fn the_ministry_finds_who_is_incomplete_and_what_ends_soon(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = two_schools(&world).await;
        create(&world, NUMBERS[0]).await;
        appoint_director(&world, &zandloper, 50).await;
        let (unproven, provisional, draft) = (EnrolmentLevel::Unproven, EnrolmentLevel::Provisional, EnrolmentLevel::Draft);
        let all = [(vuurvogel.name.clone(), unproven), (zandloper.name.clone(), provisional), ("Leermaat BV".to_owned(), draft)];
        assert_eq!(list(&world, ListEnrolmentsRequest::default()).await, all);
        let at = |level: EnrolmentLevel| ListEnrolmentsRequest { levels: vec![level.into()], ..Default::default() };
        for one in &all {
            assert_eq!(list(&world, at(one.1)).await, std::slice::from_ref(one));
        }
        let vendors = ListEnrolmentsRequest { kind: OrganisationKind::Vendor.into(), ..Default::default() };
        assert_eq!(list(&world, vendors).await, all[2..]);
        for query in ["ZANDLOPER", "990101"] {
            assert_eq!(list(&world, ListEnrolmentsRequest { query: query.to_owned(), ..Default::default() }).await, all[1..2], "{query}");
        }
        assert_eq!(list(&world, ListEnrolmentsRequest { query: "1000000021".to_owned(), ..Default::default() }).await, all[2..]);
        let before = |days| ListEnrolmentsRequest { ends_before_time: Some(timestamp(world.now() + TimeDelta::days(days))), ..Default::default() };
        assert_eq!(list(&world, before(365)).await, []);
        assert_eq!(list(&world, before(366)).await, all[1..2]);
        world.clock.advance(TimeDelta::days(365));
        assert_eq!(list(&world, at(EnrolmentLevel::Lapsed)).await, [(zandloper.name.clone(), EnrolmentLevel::Lapsed)]);
        assert_eq!(list(&world, before(366)).await, [], "what has ended is not about to");
    }

    async fn a_list_goes_on_and_an_export_is_on_record(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = two_schools(&world).await;
        let mut names = Vec::new();
        let mut ask = ListEnrolmentsRequest { page_size: 1, for_export: true, ..Default::default() };
        loop {
            let answer = world.enrolments().list_enrolments(world.by(&operator(), ask.clone())).await.unwrap().into_inner();
            assert_eq!(answer.total_size, 2);
            names.extend(answer.enrolments.into_iter().map(|one: Enrolment| one.name));
            if answer.next_page_token.is_empty() {
                break;
            }
            ask.page_token = answer.next_page_token;
        }
        assert_eq!(names, [vuurvogel.name, zandloper.name]);
        let [_, action, resource, detail] = world.last_act_of_the_platform().await;
        assert_eq!((action.as_str(), resource.as_str()), ("enrolment.export", "platform"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&detail).unwrap()["rows"], 2);
    }

    async fn a_school_that_the_register_renames_keeps_its_level_and_is_found_by_its_new_name(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = two_schools(&world).await;
        appoint_director(&world, &school, 50).await;
        let renamed = TWO_SCHOOLS.replace("De Zandloper", "De Klepsydra");
        world.import(&operator(), ImportFormat::Csv, &renamed, false).await.unwrap();
        let ask = ListEnrolmentsRequest { query: "klepsydra".to_owned(), ..Default::default() };
        assert_eq!(list(&world, ask).await, [("Basisschool De Klepsydra".to_owned(), EnrolmentLevel::Provisional)]);
    }
}

/// Others lock what is proven of a school first, then its audit trail: the other way round the two would wait for each other for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_director_proves_is_locked_before_the_trail_of_the_school() {
    let Some(database) = TestDatabase::new(Store::Postgres).await else { return };
    let world = World::start(&database).await;
    let (_, school) = two_schools(&world).await;
    let appointed = appoint_director(&world, &school, 50).await;
    let Appointment { appointment_id, etag, .. } = appointed.clone();
    let confirm = ConfirmAppointmentRequest { appointment_id: appointment_id.clone(), etag };
    let invite = CreateInvitationRequest {
        email: "directie51@school.example".to_owned(),
        function: Function::Director(id_of(&school)).to_string(),
        ..Default::default()
    };
    world.invitations().create_invitation(world.by(&operator(), invite)).await.unwrap();
    let accept = AcceptInvitationRequest { token: world.links().await.pop().unwrap() };

    let (mut appointments, mut invitations) = (world.appointments(), world.invitations());
    let confirming = async { appointments.confirm_appointment(world.by(&board_member(&school), confirm)).await.unwrap().into_inner() };
    let confirmed = waits_for_the_proof_alone(&world, &school, confirming).await;
    let accepting = async { invitations.accept_invitation(world.by(&person(51, &[]), accept)).await.unwrap() };
    waits_for_the_proof_alone(&world, &school, accepting).await;
    let end = EndAppointmentRequest { appointment_id, etag: confirmed.etag, ..Default::default() };
    let ending = async { appointments.end_appointment(world.by(&board_member(&school), end)).await.unwrap() };
    waits_for_the_proof_alone(&world, &school, ending).await;
}

/// Does this while somebody else has locked what is proven of the school, and sees that nobody is kept from its trail meanwhile.
async fn waits_for_the_proof_alone<T>(world: &World, school: &School, act: impl Future<Output = T>) -> T {
    let other = world.database.begin().await.unwrap();
    let proof = format!("SELECT 1 FROM enrolment WHERE subject = 'school:{}' FOR UPDATE", school.school_id);
    other.execute_unprepared(&proof).await.unwrap();
    let meanwhile = async {
        eventually("the act waits for the lock", async || {
            let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            other.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, waits)).await.unwrap()
        })
        .await;
        let trail = format!("SELECT 1 FROM audit_head WHERE chain = 'school:{}' FOR UPDATE NOWAIT", school.school_id);
        other.execute_unprepared(&trail).await.unwrap();
        other.commit().await.unwrap();
    };
    tokio::join!(act, meanwhile).0
}
