//! What a list gives can be read by itself, and what no list gives is not found, whatever functions the caller holds.

use auth::Principal;
use proto::identity::v1::{
    GetAppointmentRequest, GetContactRequest, GetGatewayRequest, GetInvitationRequest, GetSchoolRequest, ImportFormat, InvitationState,
    ListAppointmentsRequest, ListContactsRequest, ListGatewaysRequest, ListInvitationsRequest, ListSchoolsRequest, School,
};
use runtime::BoardId;
use testkit::{
    arbitrary::{functions, samples},
    assert_agreement, on_both_stores, person,
};

use crate::{
    permissions::Place,
    world::{World, id_of, operator},
};

/// Two schools of one board and one of another.
const THREE_SCHOOLS: &str = "\
board_number;board_name;board_kind;institution_number;school_name;school_municipality;site_number;site_name;street;postal_code;municipality
990010;Vzw Vaart;free;990101;Basisschool De Zandloper;Aalter;1;Dorp;Zandloperstraat 12;9880;Aalter
990010;Vzw Vaart;free;990102;Basisschool De Vuurvogel;Lier;1;;;2500;Lier
990020;Vzw Noorderlicht;free;990191;De Kompas;Gent;1;;;9000;Gent
";

async fn three_schools(world: &World) -> Vec<School> {
    let (_, report) = world.import(&operator(), ImportFormat::Csv, THREE_SCHOOLS, false).await.unwrap();
    assert!(report.imported, "{report:?}");
    let request = world.by(&operator(), ListSchoolsRequest::default());
    world.organisations().list_schools(request).await.unwrap().into_inner().schools
}

/// Of schools, gateways, contacts, appointments and invitations: how many could be read and how many could not.
async fn compare(world: &World, who: &Principal, places: &[Place]) -> [[usize; 2]; 5] {
    let mut counts = [[0; 2]; 5];

    let list = world.organisations().list_schools(world.by(who, ListSchoolsRequest::default())).await;
    let list = list.map(|answer| answer.into_inner().schools.into_iter().map(|school| school.school_id).collect());
    let all: Vec<String> = places.iter().map(|place| place.school_id.clone()).collect();
    counts[0] = assert_agreement(who, list, &all, async |school_id| {
        let ask = GetSchoolRequest { school_id: school_id.clone() };
        world.organisations().get_school(world.by(who, ask)).await.map(drop)
    })
    .await;

    let list = world.gateways().list_gateways(world.by(who, ListGatewaysRequest::default())).await;
    let list = list.map(|answer| answer.into_inner().gateways.into_iter().map(|gateway| gateway.gateway_id).collect());
    let all: Vec<String> = places.iter().map(|place| place.gateway_id.clone()).collect();
    counts[1] = assert_agreement(who, list, &all, async |gateway_id| {
        let ask = GetGatewayRequest { gateway_id: gateway_id.clone() };
        world.gateways().get_gateway(world.by(who, ask)).await.map(drop)
    })
    .await;

    for place in places {
        let at_place = compare_at(world, who, place).await;
        for (total, count) in counts[2..].as_flattened_mut().iter_mut().zip(at_place.as_flattened()) {
            *total += count;
        }
    }
    counts
}

/// Of contacts, appointments and invitations.
async fn compare_at(world: &World, who: &Principal, place: &Place) -> [[usize; 2]; 3] {
    let ask = ListContactsRequest { school_id: place.school_id.clone(), ..Default::default() };
    let list = world.contacts().list_contacts(world.by(who, ask)).await;
    let list = list.map(|answer| answer.into_inner().contacts.into_iter().map(|contact| contact.contact_id).collect());
    let contacts = assert_agreement(who, list, std::slice::from_ref(&place.contact_id), async |contact_id| {
        let ask = GetContactRequest { contact_id: contact_id.clone() };
        world.contacts().get_contact(world.by(who, ask)).await.map(drop)
    })
    .await;

    let ask = ListAppointmentsRequest { place: place.wire(), ..Default::default() };
    let list = world.appointments().list_appointments(world.by(who, ask)).await;
    let list = list.map(|answer| answer.into_inner().appointments.into_iter().map(|appointment| appointment.appointment_id).collect());
    let appointments = assert_agreement(who, list, std::slice::from_ref(&place.appointment_id), async |appointment_id| {
        let ask = GetAppointmentRequest { appointment_id: appointment_id.clone() };
        world.appointments().get_appointment(world.by(who, ask)).await.map(drop)
    })
    .await;

    // The other one was accepted.
    let ask = ListInvitationsRequest { place: place.wire(), state: InvitationState::Open.into(), ..Default::default() };
    let list = world.invitations().list_invitations(world.by(who, ask)).await;
    let list = list.map(|answer| answer.into_inner().invitations.into_iter().map(|invitation| invitation.invitation_id).collect());
    let invitations = assert_agreement(who, list, std::slice::from_ref(&place.invitation_id), async |invitation_id| {
        let ask = GetInvitationRequest { invitation_id: invitation_id.clone() };
        world.invitations().get_invitation(world.by(who, ask)).await.map(drop)
    })
    .await;
    [contacts, appointments, invitations]
}

on_both_stores! {
    async fn lists_and_single_reads_agree(database: TestDatabase) {
        let world = World::start(&database).await;
        let schools = three_schools(&world).await;
        let mut places = Vec::new();
        let mut boards: Vec<BoardId> = Vec::new();
        for school in &schools {
            let board = school.board.as_ref().unwrap().board_id.parse().unwrap();
            world.people.hierarchy().place(id_of(school), board);
            boards.push(board);
            places.push(Place::of(&world, school).await);
        }
        boards.sort_unstable();
        boards.dedup();
        let ids: Vec<_> = schools.iter().map(id_of).collect();

        let mut totals = [[0; 2]; 5];
        for (functions, number) in samples(&functions(&ids, &boards)).into_iter().take(24).zip(300..) {
            let counts = compare(&world, &person(number, &functions), &places).await;
            for (total, count) in totals.as_flattened_mut().iter_mut().zip(counts.as_flattened()) {
                *total += count;
            }
        }
        assert!(totals.as_flattened().iter().all(|total| *total > 5), "each kind was often read and often not found: {totals:?}");
    }
}
