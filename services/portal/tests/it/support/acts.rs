//! What people do, asked of the real services as the portal would.

use auth::{Function, Principal};
use proto::{
    identity::v1::{
        AcceptInvitationRequest, Appointment, Contact, CreateContactRequest, CreateInvitationRequest, CreateVendorRequest,
        EnrolGatewayRequest, Gateway, GetGatewayRequest, ImportFormat, ImportOrganisationsRequest, Invitation, ListSchoolsRequest,
        RevokeGatewayRequest, School, Vendor, contact_service_client::ContactServiceClient, gateway_service_client::GatewayServiceClient,
        invitation_service_client::InvitationServiceClient, organisation_service_client::OrganisationServiceClient,
        vendor_service_client::VendorServiceClient,
    },
    incident_intake::v1::{
        AddCaseNoteRequest, AssignCaseRequest, Case, CasePhase, ChangeCasePhaseRequest, CloseCaseRequest, CloseReason, Evidence,
        GetCaseRequest, ListCasesRequest, ListEvidenceRequest, case_service_client::CaseServiceClient,
    },
    network_monitor::v1::{Device, ListDevicesRequest, device_service_client::DeviceServiceClient},
};
use tonic::transport::Channel;

use super::{people, world::World};

/// A file of schools.
const COLUMNS: &str = "board_number;board_name;board_kind;institution_number;school_name;school_municipality;site_number;site_name;street;postal_code;municipality";

impl World {
    fn cases(&self) -> CaseServiceClient<Channel> {
        CaseServiceClient::new(self.channel())
    }

    fn gateways(&self) -> GatewayServiceClient<Channel> {
        GatewayServiceClient::new(self.channel())
    }

    /// An operator imports schools, a line each.
    pub async fn import(&self, lines: &str) {
        let chunk = format!("{COLUMNS}\n{lines}").into();
        let request = ImportOrganisationsRequest { format: ImportFormat::Csv.into(), validate_only: false, chunk };
        let request = self.by(&people::pieter_operates(), tokio_stream::iter([request]));
        let answers = OrganisationServiceClient::new(self.channel()).import_organisations(request).await.unwrap();
        let mut answers = answers.into_inner();
        while answers.message().await.unwrap().is_some() {}
        self.settle().await;
    }

    pub async fn schools(&self) -> Vec<School> {
        let request = self.by(&people::pieter_operates(), ListSchoolsRequest::default());
        OrganisationServiceClient::new(self.channel()).list_schools(request).await.unwrap().into_inner().schools
    }

    pub async fn enrol(&self, school: &str, name: &str) -> Gateway {
        let request = EnrolGatewayRequest { school_id: school.to_owned(), name: name.to_owned(), ..EnrolGatewayRequest::default() };
        let answer = self.gateways().enrol_gateway(self.by(&people::pieter_operates(), request)).await.unwrap();
        answer.into_inner().gateway.unwrap()
    }

    pub async fn revoke(&self, gateway_id: &str, reason: &str) {
        let request = self.by(&people::pieter_operates(), GetGatewayRequest { gateway_id: gateway_id.to_owned() });
        let Gateway { gateway_id, etag, .. } = self.gateways().get_gateway(request).await.unwrap().into_inner();
        let request = RevokeGatewayRequest { gateway_id, etag, reason: reason.to_owned() };
        self.gateways().revoke_gateway(self.by(&people::pieter_operates(), request)).await.unwrap();
    }

    /// A school says whom to call, and every service has heard it.
    pub async fn add_contact(&self, school: &str, name: &str, phone: &str) -> Contact {
        let request = CreateContactRequest {
            school_id: school.to_owned(),
            name: name.to_owned(),
            phone: phone.to_owned(),
            ..CreateContactRequest::default()
        };
        let request = self.by(&people::karim(), request);
        let contact = ContactServiceClient::new(self.channel()).create_contact(request).await.unwrap().into_inner();
        self.settle().await;
        contact
    }

    /// An operator makes a vendor.
    pub async fn create_vendor(&self) -> Vendor {
        let request = CreateVendorRequest {
            enterprise_number: "1000.000.021".to_owned(),
            name: "Leermaat BV".to_owned(),
            domain: "leermaat.example".to_owned(),
            security_contact: "security@leermaat.example".to_owned(),
            request_id: String::new(),
        };
        let request = self.by(&people::pieter_operates(), request);
        VendorServiceClient::new(self.channel()).create_vendor(request).await.unwrap().into_inner()
    }

    fn invitations(&self) -> InvitationServiceClient<Channel> {
        InvitationServiceClient::new(self.channel())
    }

    /// Somebody asks somebody to take a function.
    pub async fn invite(&self, by: &Principal, email: &str, function: Function) -> Invitation {
        let request =
            CreateInvitationRequest { email: email.to_owned(), function: function.to_string(), ..CreateInvitationRequest::default() };
        self.invitations().create_invitation(self.by(by, request)).await.unwrap().into_inner()
    }

    /// The same, and they take it.
    pub async fn appoint(&self, by: &Principal, who: &Principal, email: &str, function: Function) -> Appointment {
        self.invite(by, email, function).await;
        let token = self.links().await.pop().unwrap();
        self.invitations().accept_invitation(self.by(who, AcceptInvitationRequest { token })).await.unwrap().into_inner()
    }

    /// The devices of a school, at most 200.
    pub async fn devices(&self, school: &str) -> Vec<Device> {
        let question = ListDevicesRequest { school_id: school.to_owned(), page_size: 200, ..ListDevicesRequest::default() };
        let request = self.by(&people::noor(), question);
        DeviceServiceClient::new(self.channel()).list_devices(request).await.unwrap().into_inner().devices
    }

    /// The cases of all schools, closed ones too, at most 200.
    pub async fn all_cases(&self) -> Vec<Case> {
        let phases = (CasePhase::Open.into()..=CasePhase::Closed.into()).collect();
        let request = self.by(&people::noor(), ListCasesRequest { phases, page_size: 200, ..ListCasesRequest::default() });
        self.cases().list_cases(request).await.unwrap().into_inner().cases
    }

    pub async fn case(&self, case_id: &str) -> Case {
        let request = self.by(&people::noor(), GetCaseRequest { case_id: case_id.to_owned() });
        self.cases().get_case(request).await.unwrap().into_inner()
    }

    /// All that a case is about, with the sensors' own messages.
    pub async fn evidence(&self, case_id: &str) -> Vec<Evidence> {
        let question =
            ListEvidenceRequest { case_id: case_id.to_owned(), page_size: 50, include_raw_events: true, ..ListEvidenceRequest::default() };
        self.cases().list_evidence(self.by(&people::noor(), question)).await.unwrap().into_inner().evidence
    }

    /// Gives a case to `me`, a person or nobody.
    pub async fn assign(&self, who: &Principal, case: &str, assignee: &str) {
        let Case { case_id, etag, .. } = self.case(case).await;
        let request = AssignCaseRequest { case_id, etag, assignee: assignee.to_owned() };
        self.cases().assign_case(self.by(who, request)).await.unwrap();
    }

    pub async fn change_phase(&self, who: &Principal, case: &str, phase: CasePhase) {
        let Case { case_id, etag, .. } = self.case(case).await;
        let request = ChangeCasePhaseRequest { case_id, etag, phase: phase.into() };
        self.cases().change_case_phase(self.by(who, request)).await.unwrap();
    }

    /// A note for the team and the school.
    pub async fn note(&self, who: &Principal, case: &str, text: &str) {
        let request = AddCaseNoteRequest {
            case_id: case.to_owned(),
            text: text.to_owned(),
            tlp: "TLP:AMBER".to_owned(),
            ..AddCaseNoteRequest::default()
        };
        self.cases().add_case_note(self.by(who, request)).await.unwrap();
    }

    /// Closes a case as resolved.
    pub async fn close(&self, who: &Principal, case: &str, text: &str) {
        let Case { case_id, etag, .. } = self.case(case).await;
        let request = CloseCaseRequest { case_id, etag, reason: CloseReason::Resolved.into(), text: text.to_owned() };
        self.cases().close_case(self.by(who, request)).await.unwrap();
    }
}
