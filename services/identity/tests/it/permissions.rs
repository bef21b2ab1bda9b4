//! Who may do what: every call by every role, at the own school, at another, and where there is none.

use std::sync::atomic::{AtomicU32, Ordering};

use auth::{Function, Principal};
use chrono::{DateTime, TimeDelta, Utc};
use proto::{
    history::v1::{ListHistoryRequest, ListUsesRequest, list_uses_request},
    identity::v1::{
        AcceptInvitationRequest, AgreeErasureRequest, AgreeOverrideRequest, CheckCompanyRequest, CheckDomainRequest, CheckKind,
        CheckOutcome, ConfirmAppointmentRequest, ConfirmSchoolRequest, Contact, CreateAppointmentRequest, CreateContactRequest,
        CreateInvitationRequest, CreateVendorRequest, DeleteContactRequest, EndAppointmentRequest, EndOverrideRequest, EndSessionsRequest,
        EnrolGatewayRequest, GetAccessRequest, GetAppointmentRequest, GetContactRequest, GetEnrolmentRequest, GetGatewayRequest,
        GetInvitationRequest, GetOwnAccessRequest, GetSchoolRequest, GetSignInPolicyRequest, GetVendorRequest, ImportFormat,
        IssueDomainProofRequest, IssueGatewayCodeRequest, ListAppointmentsRequest, ListContactsRequest, ListEnrolmentsRequest,
        ListErasuresRequest, ListGatewaysRequest, ListInvitationsRequest, ListSchoolsRequest, Place as WirePlace, ProposeErasureRequest,
        ProposeOverrideRequest, RegisterVendorRequest, ResendInvitationRequest, RevokeGatewayRequest, RotateGatewaySecretRequest, School,
        ShowInvitationRequest, UpdateContactRequest, UpdateVendorRequest, WithdrawErasureRequest, WithdrawInvitationRequest,
        get_access_request, get_enrolment_request, place, propose_override_request,
    },
    time::timestamp,
};
use runtime::{BoardId, Clock, Ids, PersonId, SchoolId, VendorId};
use testkit::{on_both_stores, person};
use tonic::Code;

use crate::world::{TWO_SCHOOLS, World, director, gateway, ict_coordinator, id_of, operator, responder};

/// A school, and one of each thing that it has.
pub struct Place {
    pub school_id: String,
    pub contact_id: String,
    pub gateway_id: String,
    /// Of a teacher of the school.
    person_id: String,
    pub appointment_id: String,
    /// To be an ICT coordinator of the school.
    pub invitation_id: String,
    token: String,
    vendor_id: String,
    /// A proposal for the vendor.
    override_id: String,
    /// A proposal for the teacher.
    erasure_id: String,
}

impl Place {
    pub async fn of(world: &World, school: &School) -> Self {
        let ask = CreateContactRequest { school_id: school.school_id.clone(), ..a_contact() };
        let contact = world.contacts().create_contact(world.by(&operator(), ask)).await.unwrap().into_inner();
        let gateway = world.enrol(&operator(), school).await.gateway.unwrap();
        let teacher = Function::Teacher(id_of(school));
        world.invitations().create_invitation(world.by(&director(school), invitation(teacher))).await.unwrap();
        let token = world.links().await.pop().unwrap();
        let accept = AcceptInvitationRequest { token };
        let colleague = person(200 + u64::from(school.institution_number.ends_with('2')), &[]);
        let appointment = world.invitations().accept_invitation(world.by(&colleague, accept)).await.unwrap().into_inner();
        let coordinator = Function::IctCoordinator(id_of(school));
        let invitation = world.invitations().create_invitation(world.by(&director(school), invitation(coordinator))).await.unwrap();
        let vendor = world.vendors().create_vendor(world.by(&operator(), a_vendor())).await.unwrap().into_inner();
        let ask = an_override(&vendor.vendor_id, world.now());
        let proposed = world.enrolments().propose_override(world.by(&operator(), ask)).await.unwrap().into_inner();
        // A person has one proposal at most, and places share their people.
        let somebody: PersonId = Ids::random(Clock::system()).next();
        let erasure = ProposeErasureRequest { person_id: somebody.to_string(), reason: "Verzoek".to_owned(), request_id: String::new() };
        let erasure = world.erasures().propose_erasure(world.by(&operator(), erasure)).await.unwrap().into_inner();
        Self {
            erasure_id: erasure.erasure_id,
            vendor_id: vendor.vendor_id,
            override_id: proposed.overrides[0].override_id.clone(),
            school_id: school.school_id.clone(),
            contact_id: contact.contact_id,
            gateway_id: gateway.gateway_id,
            person_id: appointment.person_id,
            appointment_id: appointment.appointment_id,
            invitation_id: invitation.into_inner().invitation_id,
            token: world.links().await.pop().unwrap(),
        }
    }

    fn nowhere(ids: &Ids) -> Self {
        let none = || ids.next::<SchoolId>().to_string();
        Self {
            school_id: none(),
            contact_id: none(),
            gateway_id: none(),
            person_id: none(),
            appointment_id: none(),
            invitation_id: none(),
            token: none(),
            vendor_id: none(),
            override_id: none(),
            erasure_id: none(),
        }
    }

    fn teacher(&self) -> Function {
        Function::Teacher(self.school_id.parse().unwrap())
    }

    pub fn wire(&self) -> Option<WirePlace> {
        Some(WirePlace { place: Some(place::Place::SchoolId(self.school_id.clone())) })
    }
}

fn invitation(function: Function) -> CreateInvitationRequest {
    // One address is written to a few times a day only.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let email = format!("iemand{}@school.example", NEXT.fetch_add(1, Ordering::Relaxed));
    CreateInvitationRequest { email, function: function.to_string(), ..Default::default() }
}

/// With a number of its own.
fn a_vendor() -> CreateVendorRequest {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let base = NEXT.fetch_add(1, Ordering::Relaxed);
    CreateVendorRequest {
        enterprise_number: format!("{base:08}{:02}", 97 - base % 97),
        name: "Leermaat".to_owned(),
        domain: "leermaat.example".to_owned(),
        // One address is written to a few times a day only.
        security_contact: format!("security{base}@leermaat.example"),
        request_id: String::new(),
    }
}

fn an_override(vendor_id: &str, now: DateTime<Utc>) -> ProposeOverrideRequest {
    ProposeOverrideRequest {
        organisation: Some(propose_override_request::Organisation::VendorId(vendor_id.to_owned())),
        kind: CheckKind::Domain.into(),
        reason: "Brief".to_owned(),
        end_time: Some(timestamp(now + TimeDelta::days(30))),
    }
}

fn a_contact() -> CreateContactRequest {
    CreateContactRequest { name: "Onthaal".to_owned(), phone: "09 374 12 34".to_owned(), ..Default::default() }
}

/// Makes a call that would succeed, but for permission; where it needs an etag, it has an old one.
async fn call(world: &World, who: &Principal, name: &str, place: &Place) -> Code {
    let Place { school_id, contact_id, gateway_id, person_id, appointment_id, invitation_id, token, vendor_id, override_id, erasure_id } =
        place;
    let (erasure_id, mut erasures) = (erasure_id.clone(), world.erasures());
    let (vendor_id, override_id) = (vendor_id.clone(), override_id.clone());
    let (mut vendors, mut enrolments) = (world.vendors(), world.enrolments());
    let (person_id, appointment_id, invitation_id) = (person_id.clone(), appointment_id.clone(), invitation_id.clone());
    let (mut appointments, mut invitations) = (world.appointments(), world.invitations());
    let (school_id, contact_id, gateway_id, etag) = (school_id.clone(), contact_id.clone(), gateway_id.clone(), "r0".to_owned());
    let (mut contacts, mut gateways, mut organisations) = (world.contacts(), world.gateways(), world.organisations());
    let outcome = match name {
        "ImportOrganisations" => world.import(who, ImportFormat::Csv, TWO_SCHOOLS, true).await.map(drop),
        "GetSchool" => organisations.get_school(world.by(who, GetSchoolRequest { school_id })).await.map(drop),
        "ListSchools" => {
            let question = ListSchoolsRequest { school_ids: vec![school_id], ..Default::default() };
            organisations.list_schools(world.by(who, question)).await.map(drop)
        }
        "ListContacts" => contacts.list_contacts(world.by(who, ListContactsRequest { school_id, ..Default::default() })).await.map(drop),
        "GetContact" => contacts.get_contact(world.by(who, GetContactRequest { contact_id })).await.map(drop),
        "CreateContact" => {
            let made = contacts.create_contact(world.by(who, CreateContactRequest { school_id, ..a_contact() })).await;
            remove_again(world, made.map(|answer| answer.into_inner())).await
        }
        "UpdateContact" => {
            let CreateContactRequest { name, phone, .. } = a_contact();
            let ask = UpdateContactRequest { contact_id, name, phone, out_of_hours: false, etag };
            contacts.update_contact(world.by(who, ask)).await.map(drop)
        }
        "DeleteContact" => contacts.delete_contact(world.by(who, DeleteContactRequest { contact_id, etag })).await.map(drop),
        "ListAppointments" => {
            let ask = ListAppointmentsRequest { place: place.wire(), ..Default::default() };
            appointments.list_appointments(world.by(who, ask)).await.map(drop)
        }
        "GetAppointment" => appointments.get_appointment(world.by(who, GetAppointmentRequest { appointment_id })).await.map(drop),
        "CreateAppointment" => {
            let ask = CreateAppointmentRequest { person_id, function: place.teacher().to_string(), ..Default::default() };
            appointments.create_appointment(world.by(who, ask)).await.map(drop)
        }
        "EndAppointment" => {
            let ask = EndAppointmentRequest { appointment_id, etag, ..Default::default() };
            appointments.end_appointment(world.by(who, ask)).await.map(drop)
        }
        "ConfirmAppointment" => {
            appointments.confirm_appointment(world.by(who, ConfirmAppointmentRequest { appointment_id, etag })).await.map(drop)
        }
        "ListInvitations" => {
            let ask = ListInvitationsRequest { place: place.wire(), ..Default::default() };
            invitations.list_invitations(world.by(who, ask)).await.map(drop)
        }
        "GetInvitation" => invitations.get_invitation(world.by(who, GetInvitationRequest { invitation_id })).await.map(drop),
        "CreateInvitation" => invitations.create_invitation(world.by(who, invitation(place.teacher()))).await.map(drop),
        "ResendInvitation" => invitations.resend_invitation(world.by(who, ResendInvitationRequest { invitation_id, etag })).await.map(drop),
        "WithdrawInvitation" => {
            invitations.withdraw_invitation(world.by(who, WithdrawInvitationRequest { invitation_id, etag })).await.map(drop)
        }
        "ShowInvitation" => invitations.show_invitation(world.by(who, ShowInvitationRequest { token: token.clone() })).await.map(drop),
        // With a good link everybody may.
        "AcceptInvitation" => {
            invitations.accept_invitation(world.by(who, AcceptInvitationRequest { token: format!("{token}x") })).await.map(drop)
        }
        "EnrolGateway" => {
            let ask = EnrolGatewayRequest { school_id, name: "kelder".to_owned(), ..Default::default() };
            gateways.enrol_gateway(world.by(who, ask)).await.map(drop)
        }
        "GetGateway" => gateways.get_gateway(world.by(who, GetGatewayRequest { gateway_id })).await.map(drop),
        "ListGateways" => gateways.list_gateways(world.by(who, ListGatewaysRequest { school_id, ..Default::default() })).await.map(drop),
        "RotateGatewaySecret" => {
            gateways.rotate_gateway_secret(world.by(who, RotateGatewaySecretRequest { gateway_id, etag })).await.map(drop)
        }
        "IssueGatewayCode" => gateways.issue_gateway_code(world.by(who, IssueGatewayCodeRequest { gateway_id, etag })).await.map(drop),
        "RevokeGateway" => {
            let ask = RevokeGatewayRequest { gateway_id, reason: "Gestolen".to_owned(), etag };
            gateways.revoke_gateway(world.by(who, ask)).await.map(drop)
        }
        "EndSessions" => {
            let ask = EndSessionsRequest { person_id, reason: "Toestel gestolen".to_owned() };
            world.sessions().end_sessions(world.by(who, ask)).await.map(drop)
        }
        "ListHistory" => {
            let ask = ListHistoryRequest { school_id, ..Default::default() };
            world.history().list_history(world.by(who, ask)).await.map(drop)
        }
        "ListUses" => {
            let organisation = Some(list_uses_request::Organisation::SchoolId(school_id));
            world.history().list_uses(world.by(who, ListUsesRequest { organisation })).await.map(drop)
        }
        "GetAccess" => {
            let organisation = Some(get_access_request::Organisation::SchoolId(school_id));
            world.access().get_access(world.by(who, GetAccessRequest { organisation, for_export: false })).await.map(drop)
        }
        "GetSignInPolicy" => world.sign_in().get_sign_in_policy(world.by(who, GetSignInPolicyRequest::default())).await.map(drop),
        "CheckConformance" => world.sign_in().check_conformance(world.by(who, crate::conformance::an_app())).await.map(drop),
        "GetOwnAccess" => world.access().get_own_access(world.by(who, GetOwnAccessRequest {})).await.map(drop),
        "GetVendor" => vendors.get_vendor(world.by(who, GetVendorRequest { vendor_id })).await.map(drop),
        "CreateVendor" => vendors.create_vendor(world.by(who, a_vendor())).await.map(drop),
        "RegisterVendor" => {
            let CreateVendorRequest { enterprise_number, name, domain, security_contact, request_id } = a_vendor();
            let ask = RegisterVendorRequest { enterprise_number, name, domain, security_contact, request_id };
            vendors.register_vendor(world.by(who, ask)).await.map(drop)
        }
        "UpdateVendor" => {
            let CreateVendorRequest { name, domain, security_contact, .. } = a_vendor();
            vendors.update_vendor(world.by(who, UpdateVendorRequest { vendor_id, name, domain, security_contact, etag })).await.map(drop)
        }
        "ListEnrolments" => enrolments.list_enrolments(world.by(who, ListEnrolmentsRequest::default())).await.map(drop),
        "GetEnrolment" => {
            let organisation = Some(get_enrolment_request::Organisation::SchoolId(school_id));
            enrolments.get_enrolment(world.by(who, GetEnrolmentRequest { organisation })).await.map(drop)
        }
        "ConfirmSchool" => enrolments.confirm_school(world.by(who, ConfirmSchoolRequest { school_id })).await.map(drop),
        "CheckCompany" => {
            let ask = CheckCompanyRequest { vendor_id, outcome: CheckOutcome::Passed.into(), reason: "KBO".to_owned(), etag };
            enrolments.check_company(world.by(who, ask)).await.map(drop)
        }
        "IssueDomainProof" => enrolments.issue_domain_proof(world.by(who, IssueDomainProofRequest { vendor_id })).await.map(drop),
        "CheckDomain" => enrolments.check_domain(world.by(who, CheckDomainRequest { vendor_id })).await.map(drop),
        // An organisation has few proposals at once: one that ends too late is refused after permission.
        "ProposeOverride" => {
            let ask = an_override(&vendor_id, world.now() + TimeDelta::days(400));
            enrolments.propose_override(world.by(who, ask)).await.map(drop)
        }
        "AgreeOverride" => enrolments.agree_override(world.by(who, AgreeOverrideRequest { override_id, etag })).await.map(drop),
        "EndOverride" => enrolments.end_override(world.by(who, EndOverrideRequest { override_id, etag })).await.map(drop),
        "ListErasures" => erasures.list_erasures(world.by(who, ListErasuresRequest::default())).await.map(drop),
        "ProposeErasure" => {
            let ask = ProposeErasureRequest { person_id, reason: "Verzoek".to_owned(), request_id: String::new() };
            erasures.propose_erasure(world.by(who, ask)).await.map(drop)
        }
        "AgreeErasure" => erasures.agree_erasure(world.by(who, AgreeErasureRequest { erasure_id, etag })).await.map(drop),
        "WithdrawErasure" => erasures.withdraw_erasure(world.by(who, WithdrawErasureRequest { erasure_id, etag })).await.map(drop),
        other => panic!("{other} is new: call it here, then read the difference of the golden table"),
    };
    outcome.map_or_else(|status| status.code(), |()| Code::Ok)
}

/// So that a school never has more contacts than it may have.
async fn remove_again(world: &World, made: Result<Contact, tonic::Status>) -> Result<(), tonic::Status> {
    let Contact { contact_id, etag, .. } = made?;
    world.contacts().delete_contact(world.by(&operator(), DeleteContactRequest { contact_id, etag })).await.map(drop)
}

on_both_stores! {
    async fn every_call_by_every_role_gives_what_it_should(database: TestDatabase) {
        let world = World::start(&database).await;
        let (other, own) = world.with_two_schools().await;
        let ids = Ids::counted();
        let board: BoardId = ids.next();
        world.people.hierarchy().place(id_of(&own), board);
        let (at_own, at_other) = (Place::of(&world, &own).await, Place::of(&world, &other).await);
        let nowhere = Place::nowhere(&ids);
        let vendor: VendorId = at_own.vendor_id.parse().unwrap();
        let roles = [
            ("responder", responder()), ("response lead", person(15, &[Function::ResponseLead])), ("operator", operator()),
            ("director", director(&own)), ("ict coordinator", ict_coordinator(&own)),
            ("board member", person(16, &[Function::BoardMember(board)])), ("DPO", person(17, &[Function::Dpo(board)])),
            ("reviewer", person(18, &[Function::Reviewer])), ("vendor contact", person(19, &[Function::VendorContact(vendor)])),
            ("pupil", person(20, &[Function::Pupil])), ("parent", person(21, &[Function::Parent])),
            ("editor", person(22, &[Function::Editor])), ("teacher", person(23, &[Function::Teacher(id_of(&own))])),
            ("nobody", person(99, &[])), ("gateway", gateway(&at_own.gateway_id)),
        ];

        let mut table = format!("{:16} {:20} {:20} {:20} {}\n", "", "", "own school", "other school", "no such thing");
        for (role, who) in &roles {
            for name in testkit::grpc_methods_of("schildwacht.identity.v1") {
                let mut codes = Vec::new();
                for place in [&at_own, &at_other, &nowhere] {
                    codes.push(format!("{:?}", call(&world, who, &name, place).await));
                }
                table.push_str(format!("{role:16} {name:20} {:20} {:20} {}", codes[0], codes[1], codes[2]).trim_end());
                table.push('\n');
            }
        }
        insta::assert_snapshot!("every_call_by_every_role", table);
    }
}
