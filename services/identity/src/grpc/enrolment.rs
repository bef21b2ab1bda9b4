//! `schildwacht.identity.v1.EnrolmentService`.

use proto::{
    identity::v1::{
        AgreeOverrideRequest, CheckCompanyRequest, CheckDomainRequest, CheckOutcome as WireOutcome, ConfirmSchoolRequest,
        EndOverrideRequest, EnrolmentDetails, GetEnrolmentRequest, IssueDomainProofRequest, ListEnrolmentsRequest, ListEnrolmentsResponse,
        OrganisationKind, ProposeOverrideRequest, enrolment_service_server::EnrolmentService, get_enrolment_request,
        propose_override_request,
    },
    time::moment,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{
        App, ChangeOverride, CheckCompany, EnrolmentKind, ListEnrolments, ProposeOverride, agree_override, check_company, check_domain,
        confirm_school, end_override, get_enrolment, issue_domain_proof, list_enrolments, propose_override,
    },
    domain::{CheckKind, EnrolmentLevel, Subject},
    messages::{enrolment, enrolment_details},
};

#[tonic::async_trait]
impl EnrolmentService for App {
    async fn list_enrolments(&self, request: Request<ListEnrolmentsRequest>) -> Result<Response<ListEnrolmentsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_enrolments(self, &cx, asked).await?;
        let enrolments = page.rows.iter().map(|standing| enrolment(standing, cx.clock.now())).collect();
        let total_size = i32::try_from(page.total).unwrap_or(i32::MAX);
        Ok(Response::new(ListEnrolmentsResponse { enrolments, next_page_token: page.next_page_token, total_size }))
    }

    async fn get_enrolment(&self, request: Request<GetEnrolmentRequest>) -> Result<Response<EnrolmentDetails>, Status> {
        let (cx, subject) = auth::asked_with(request, |fields, asked| {
            use get_enrolment_request::Organisation::{SchoolId, VendorId};
            match asked.organisation {
                Some(SchoolId(id)) => school(fields, &id),
                Some(VendorId(id)) => vendor(fields, &id),
                None => no_subject(fields),
            }
        })?;
        Ok(Response::new(enrolment_details(&get_enrolment(self, &cx, subject).await?, cx.clock.now())))
    }

    async fn confirm_school(&self, request: Request<ConfirmSchoolRequest>) -> Result<Response<EnrolmentDetails>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("school_id", &asked.school_id))?;
        Ok(Response::new(enrolment_details(&confirm_school(self, &cx, id).await?, cx.clock.now())))
    }

    async fn check_company(&self, request: Request<CheckCompanyRequest>) -> Result<Response<EnrolmentDetails>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(enrolment_details(&check_company(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn issue_domain_proof(&self, request: Request<IssueDomainProofRequest>) -> Result<Response<EnrolmentDetails>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("vendor_id", &asked.vendor_id))?;
        Ok(Response::new(enrolment_details(&issue_domain_proof(self, &cx, id).await?, cx.clock.now())))
    }

    async fn check_domain(&self, request: Request<CheckDomainRequest>) -> Result<Response<EnrolmentDetails>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("vendor_id", &asked.vendor_id))?;
        Ok(Response::new(enrolment_details(&check_domain(self, &cx, id).await?, cx.clock.now())))
    }

    async fn propose_override(&self, request: Request<ProposeOverrideRequest>) -> Result<Response<EnrolmentDetails>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(enrolment_details(&propose_override(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn agree_override(&self, request: Request<AgreeOverrideRequest>) -> Result<Response<EnrolmentDetails>, Status> {
        let (cx, asked) = auth::asked_with(request, |fields, asked| change(fields, &asked.override_id, &asked.etag))?;
        Ok(Response::new(enrolment_details(&agree_override(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn end_override(&self, request: Request<EndOverrideRequest>) -> Result<Response<EnrolmentDetails>, Status> {
        let (cx, asked) = auth::asked_with(request, |fields, asked| change(fields, &asked.override_id, &asked.etag))?;
        Ok(Response::new(enrolment_details(&end_override(self, &cx, asked).await?, cx.clock.now())))
    }
}

impl TryFrom<ListEnrolmentsRequest> for ListEnrolments {
    type Error = Error;

    fn try_from(request: ListEnrolmentsRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let kind = match request.kind() {
            OrganisationKind::Unspecified => None,
            OrganisationKind::School => Some(EnrolmentKind::Schools),
            OrganisationKind::Vendor => Some(EnrolmentKind::Vendors),
        };
        // Numbers are those of the wire.
        let levels: Option<Vec<EnrolmentLevel>> =
            request.levels.iter().map(|level| EnrolmentLevel::from_repr(usize::try_from(*level).ok()?)).collect();
        let levels = fields.require("levels", levels, "name levels that there are");
        let ends_before = fields.optional_moment("ends_before_time", request.ends_before_time.map(moment));
        let query = fields.search("query", &request.query);
        let page = (request.page_size, request.page_token).into();
        fields.build(|| Some(Self { kind, levels: levels?, ends_before, query, for_export: request.for_export, page }))
    }
}

impl TryFrom<CheckCompanyRequest> for CheckCompany {
    type Error = Error;

    fn try_from(request: CheckCompanyRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let vendor_id = fields.id("vendor_id", &request.vendor_id);
        let is_active = match request.outcome() {
            WireOutcome::Passed => Some(true),
            WireOutcome::Failed => Some(false),
            WireOutcome::Unspecified | WireOutcome::Unanswered | WireOutcome::Ended => {
                fields.complain("outcome", "say PASSED when the company is active under this name, else FAILED");
                None
            }
        };
        let reason = fields.text("reason", &request.reason);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { vendor_id: vendor_id?, is_active: is_active?, reason: reason?, etag: etag? }))
    }
}

impl TryFrom<ProposeOverrideRequest> for ProposeOverride {
    type Error = Error;

    fn try_from(request: ProposeOverrideRequest) -> Result<Self, Error> {
        use propose_override_request::Organisation::{SchoolId, VendorId};
        let mut fields = Violations::default();
        let asked_kind = request.kind();
        let subject = match &request.organisation {
            Some(SchoolId(id)) => school(&mut fields, id),
            Some(VendorId(id)) => vendor(&mut fields, id),
            None => no_subject(&mut fields),
        };
        let kind = subject.and_then(|subject| {
            let kind = CheckKind::of(subject).iter().copied().find(|kind| *kind as i32 == asked_kind as i32);
            fields.require("kind", kind, "name a check of this kind of organisation")
        });
        let reason = fields.text("reason", &request.reason);
        let until = fields.optional_moment("end_time", request.end_time.map(moment));
        let until = fields.require("end_time", until, "say until when it counts");
        fields.build(|| Some(Self { subject: subject?, kind: kind?, reason: reason?, until: until? }))
    }
}

fn school(fields: &mut Violations, id: &str) -> Option<Subject> {
    fields.id("school_id", id).map(Subject::School)
}

fn vendor(fields: &mut Violations, id: &str) -> Option<Subject> {
    fields.id("vendor_id", id).map(Subject::Vendor)
}

fn no_subject(fields: &mut Violations) -> Option<Subject> {
    fields.complain("organisation", "say which: school_id or vendor_id");
    None
}

fn change(fields: &mut Violations, id: &str, etag: &str) -> Option<ChangeOverride> {
    let override_id = fields.id("override_id", id);
    let etag = fields.etag(etag);
    Some(ChangeOverride { override_id: override_id?, etag: etag? })
}
