//! `schildwacht.identity.v1.InvitationService`.

use proto::{
    identity::v1::{
        AcceptInvitationRequest, Appointment, CreateInvitationRequest, GetInvitationRequest, Invitation, InvitationState,
        ListInvitationsRequest, ListInvitationsResponse, ResendInvitationRequest, ShowInvitationRequest, WithdrawInvitationRequest,
        invitation_service_server::InvitationService,
    },
    time::moment,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use super::appointment::{function_of, place_of};
use crate::{
    app::{
        App, ChangeInvitation, CreateInvitation, InvitationFilter, ListInvitations, accept_invitation, create_invitation, get_invitation,
        list_invitations, resend_invitation, show_invitation, withdraw_invitation,
    },
    domain::SecretHash,
    messages::{appointment, invitation},
};

#[tonic::async_trait]
impl InvitationService for App {
    async fn list_invitations(&self, request: Request<ListInvitationsRequest>) -> Result<Response<ListInvitationsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_invitations(self, &cx, asked).await?;
        let invitations = page.rows.iter().map(|row| invitation(row, cx.clock.now())).collect();
        Ok(Response::new(ListInvitationsResponse { invitations, next_page_token: page.next_page_token }))
    }

    async fn get_invitation(&self, request: Request<GetInvitationRequest>) -> Result<Response<Invitation>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("invitation_id", &asked.invitation_id))?;
        Ok(Response::new(invitation(&get_invitation(self, &cx, id).await?, cx.clock.now())))
    }

    async fn create_invitation(&self, request: Request<CreateInvitationRequest>) -> Result<Response<Invitation>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(invitation(&create_invitation(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn resend_invitation(&self, request: Request<ResendInvitationRequest>) -> Result<Response<Invitation>, Status> {
        let (cx, asked) = auth::asked_with(request, |fields, asked| change(fields, &asked.invitation_id, &asked.etag))?;
        Ok(Response::new(invitation(&resend_invitation(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn withdraw_invitation(&self, request: Request<WithdrawInvitationRequest>) -> Result<Response<Invitation>, Status> {
        let (cx, asked) = auth::asked_with(request, |fields, asked| change(fields, &asked.invitation_id, &asked.etag))?;
        Ok(Response::new(invitation(&withdraw_invitation(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn show_invitation(&self, request: Request<ShowInvitationRequest>) -> Result<Response<Invitation>, Status> {
        let (cx, token) = auth::asked_with(request, |_, asked| Some(SecretHash::of(&asked.token)))?;
        Ok(Response::new(invitation(&show_invitation(self, &cx, token).await?, cx.clock.now())))
    }

    async fn accept_invitation(&self, request: Request<AcceptInvitationRequest>) -> Result<Response<Appointment>, Status> {
        let (cx, token) = auth::asked_with(request, |_, asked| Some(SecretHash::of(&asked.token)))?;
        Ok(Response::new(appointment(&accept_invitation(self, &cx, token).await?, cx.clock.now())))
    }
}

impl TryFrom<ListInvitationsRequest> for ListInvitations {
    type Error = Error;

    fn try_from(request: ListInvitationsRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let only = match request.state() {
            InvitationState::Unspecified => None,
            InvitationState::Open => Some(InvitationFilter::Open),
            InvitationState::Accepted => Some(InvitationFilter::Accepted),
            InvitationState::Withdrawn => Some(InvitationFilter::Withdrawn),
            InvitationState::Expired => Some(InvitationFilter::Expired),
        };
        let place = place_of(&mut fields, request.place);
        fields.build(|| Some(Self { place: place?, only, page: (request.page_size, request.page_token).into() }))
    }
}

impl TryFrom<CreateInvitationRequest> for CreateInvitation {
    type Error = Error;

    fn try_from(request: CreateInvitationRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let email = fields.text("email", &request.email);
        let function = function_of(&mut fields, &request.function);
        let until = fields.optional_moment("end_time", request.end_time.map(moment));
        let request_id = fields.request_id(&request.request_id);
        fields.build(|| Some(Self { email: email?, function: function?, until, request_id }))
    }
}

fn change(fields: &mut Violations, id: &str, etag: &str) -> Option<ChangeInvitation> {
    let invitation_id = fields.id("invitation_id", id);
    let etag = fields.etag(etag);
    Some(ChangeInvitation { invitation_id: invitation_id?, etag: etag? })
}
