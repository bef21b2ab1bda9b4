//! Two schools that know nothing of each other, with something of everything.

use std::collections::BTreeMap;

use auth::{Function, Principal};
use chrono::{DateTime, TimeDelta, Utc};
use proto::{
    identity::v1::{
        CheckKind, CreateContactRequest, CreateVendorRequest, GetSchoolRequest, ProposeErasureRequest, ProposeOverrideRequest,
        contact_service_client::ContactServiceClient, enrolment_service_client::EnrolmentServiceClient,
        erasure_service_client::ErasureServiceClient, organisation_service_client::OrganisationServiceClient, propose_override_request,
        vendor_service_client::VendorServiceClient,
    },
    network_monitor::v1::{Alert, CreateSuppressionRequest, ListAlertsRequest, alert_service_client::AlertServiceClient},
    time::timestamp,
};
use runtime::{BoardId, Clock, EventId, Ids, SchoolId};

use crate::support::{
    Town,
    people::{self, newcomer},
    sample::Named,
};

/// What a tenant has, and requests name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    School,
    Site,
    Board,
    Vendor,
    Gateway,
    Contact,
    Appointment,
    Invitation,
    Person,
    Function,
    Case,
    Alert,
    /// Whole, as network-monitor gives them.
    Alerts,
    Device,
    Suppression,
    /// A proposal to let a check of the vendor count as passed.
    Override,
    /// A proposal to erase the person.
    Erasure,
    DeadLetter,
    /// The id of a request that made something.
    Request,
    /// What a search may look for.
    Name,
    /// Where a list goes on.
    PageToken,
}

/// A school with all that is of it.
#[derive(Clone)]
pub struct Tenant {
    ids: BTreeMap<Kind, String>,
    /// The revisions of what can be changed.
    pub etags: BTreeMap<Kind, String>,
    pub alerts: Vec<Alert>,
    pub director: Principal,
    pub tomorrow: DateTime<Utc>,
    /// Ids and names that nobody of another school may be shown.
    pub secrets: Vec<String>,
}

fn new_id() -> String {
    Ids::random(Clock::system()).next::<EventId>().to_string()
}

impl Tenant {
    /// A school of the sample, and what it does not yet have there.
    pub async fn of(town: &Town, school: Named, number: u128) -> Self {
        let world = &town.world;
        let id = school.id().to_owned();
        let (pieter, noor) = (people::pieter_operates(), people::noor());
        let asked = world.by(&pieter, GetSchoolRequest { school_id: id.clone() });
        let of_school = OrganisationServiceClient::new(world.channel()).get_school(asked).await.unwrap().into_inner();
        let board = of_school.board.unwrap().board_id;
        let (place, above): (SchoolId, BoardId) = (id.parse().unwrap(), board.parse().unwrap());
        town.issuer.tokens.hierarchy().place(place, above);

        let named = |offset: u128, name: &str, function: Function| Principal {
            name: format!("{name} van {number}"),
            functions: vec![function],
            ..newcomer(number + offset)
        };
        let (director, teacher) = (named(1, "Directeur", Function::Director(place)), named(2, "Leraar", Function::Teacher(place)));
        let mail = |name: &str| format!("{name}@school-{number}.example");
        world.appoint(&pieter, &director, &mail("directeur"), director.functions[0]).await;
        let appointment = world.appoint(&director, &teacher, &mail("leraar"), teacher.functions[0]).await;
        let invitation = world.invite(&director, &mail("nieuw"), teacher.functions[0]).await;
        let made_up = Self::made_up(&director, town);
        let contact = CreateContactRequest {
            school_id: id.clone(),
            name: format!("Contact van {number}"),
            phone: "09 374 12 34".to_owned(),
            out_of_hours: false,
            request_id: made_up.ids[&Kind::Request].clone(),
        };
        let contact = ContactServiceClient::new(world.channel()).create_contact(world.by(&director, contact)).await.unwrap().into_inner();
        let gateway = world.enrol(&id, &format!("Kast van {number}")).await;
        let suppression = CreateSuppressionRequest {
            school_id: id.clone(),
            signature_id: "suricata:1:2027865".to_owned(),
            reason: format!("Afspraak met {number}"),
            expire_time: Some(timestamp(world.clock.now() + TimeDelta::days(30))),
            request_id: String::new(),
        };
        let mut monitor = AlertServiceClient::new(world.channel());
        let suppression = monitor.create_suppression(world.by(&noor, suppression)).await.unwrap().into_inner();
        let question = ListAlertsRequest { school_id: id.clone(), page_size: 200, ..ListAlertsRequest::default() };
        let alerts = monitor.list_alerts(world.by(&noor, question)).await.unwrap().into_inner().alerts;
        let devices = world.devices(&id).await;
        let case = world.all_cases().await.into_iter().find(|case| case.school_id == id && case.close_reason == 0).unwrap();

        let ask = CreateVendorRequest {
            enterprise_number: format!("{number:08}{:02}", 97 - number % 97),
            name: format!("Leverancier van {number}"),
            domain: format!("leverancier-{number}.example"),
            security_contact: format!("security@leverancier-{number}.example"),
            request_id: String::new(),
        };
        let vendor = VendorServiceClient::new(world.channel()).create_vendor(world.by(&pieter, ask)).await.unwrap().into_inner();
        let ask = ProposeOverrideRequest {
            organisation: Some(propose_override_request::Organisation::VendorId(vendor.vendor_id.clone())),
            kind: CheckKind::Domain.into(),
            reason: format!("Brief van {number}"),
            end_time: Some(timestamp(world.clock.now() + TimeDelta::days(30))),
        };
        let proposed = EnrolmentServiceClient::new(world.channel()).propose_override(world.by(&pieter, ask)).await.unwrap();
        let proposed = proposed.into_inner().overrides.remove(0);

        let ask = ProposeErasureRequest {
            person_id: teacher.person_id().unwrap().to_string(),
            reason: format!("Verzoek {number}"),
            request_id: String::new(),
        };
        let erasure = ErasureServiceClient::new(world.channel()).propose_erasure(world.by(&pieter, ask)).await.unwrap().into_inner();

        let names =
            [director.name.clone(), teacher.name.clone(), mail("leraar"), mail("nieuw"), contact.name.clone(), gateway.name.clone()];
        let names = names.into_iter().chain([of_school.name.clone(), case.reference.clone(), suppression.reason.clone()]);
        let names = names.chain([vendor.name.clone(), vendor.domain.clone(), proposed.reason.clone(), erasure.reason.clone()]);
        let names = names.chain(devices.iter().flat_map(|device| device.names.iter().map(|name| name.value.clone())));
        let ids = [
            (Kind::School, id.clone()),
            (Kind::Site, of_school.sites[0].site_id.clone()),
            (Kind::Board, board),
            (Kind::Gateway, gateway.gateway_id),
            (Kind::Contact, contact.contact_id),
            (Kind::Appointment, appointment.appointment_id),
            (Kind::Invitation, invitation.invitation_id),
            (Kind::Person, teacher.person_id().unwrap().to_string()),
            (Kind::Case, case.case_id),
            (Kind::Alert, alerts[0].alert_id.clone()),
            (Kind::Device, devices[0].device_id.clone()),
            (Kind::Suppression, suppression.suppression_id),
            (Kind::Vendor, vendor.vendor_id),
            (Kind::Override, proposed.override_id),
            (Kind::Erasure, erasure.erasure_id),
        ];
        let more = devices.iter().map(|device| device.device_id.clone()).chain(alerts.iter().map(|alert| alert.alert_id.clone()));
        let secrets = ids.iter().map(|(_, id)| id.clone()).chain(more).chain(names).collect();
        let etags = [
            (Kind::Gateway, gateway.etag),
            (Kind::Contact, contact.etag),
            (Kind::Appointment, appointment.etag),
            (Kind::Invitation, invitation.etag),
            (Kind::Case, case.etag),
            (Kind::Vendor, vendor.etag),
            (Kind::Override, proposed.etag),
            (Kind::Erasure, erasure.etag),
        ];
        let own = ids.into_iter().chain([(Kind::Function, teacher.functions[0].to_string()), (Kind::Name, of_school.name)]);
        Self {
            ids: made_up.ids.into_iter().chain(own).collect(),
            etags: etags.into(),
            alerts,
            director,
            tomorrow: made_up.tomorrow,
            secrets,
        }
    }

    /// A tenant that there is not: an id of it and one of another tenant must be answered alike.
    pub fn absent(like: &Self, town: &Town) -> Self {
        let mut absent = Self { etags: like.etags.clone(), ..Self::made_up(&like.director, town) };
        absent.alerts = like.alerts.iter().map(|alert| Alert { alert_id: new_id(), ..alert.clone() }).collect();
        absent
    }

    fn made_up(director: &Principal, town: &Town) -> Self {
        use Kind::*;
        let kinds = [
            School,
            Site,
            Board,
            Vendor,
            Gateway,
            Contact,
            Appointment,
            Invitation,
            Person,
            Case,
            Alert,
            Device,
            Suppression,
            Override,
            Erasure,
            DeadLetter,
            Request,
        ];
        let ids = kinds.into_iter().map(|kind| (kind, new_id()));
        let ids = ids.chain([(Function, format!("teacher@{}", new_id())), (Name, "Zo heet niemand".to_owned())]).collect();
        let tomorrow = town.world.clock.now() + TimeDelta::days(1);
        Self { ids, etags: BTreeMap::new(), alerts: Vec::new(), director: director.clone(), tomorrow, secrets: Vec::new() }
    }

    /// How requests name something of it; `None` for what it does not have.
    pub fn id(&self, kind: Kind) -> Option<&str> {
        self.ids.get(&kind).map(String::as_str)
    }

    /// The same, but for this.
    pub fn with(&self, kind: Kind, id: String) -> Self {
        let mut changed = self.clone();
        changed.ids.insert(kind, id);
        changed
    }
}
