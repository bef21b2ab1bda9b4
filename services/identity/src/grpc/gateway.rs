//! `schildwacht.identity.v1.GatewayService`.

use proto::identity::v1::{
    EnrolGatewayRequest, EnrolGatewayResponse, Gateway, GetGatewayRequest, IssueGatewayCodeRequest, IssueGatewayCodeResponse,
    ListGatewaysRequest, ListGatewaysResponse, RevokeGatewayRequest, RotateGatewaySecretRequest, RotateGatewaySecretResponse,
    gateway_service_server::GatewayService,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::app::{
    App, EnrolGateway, HandedOver, IssueGatewayCode, ListGateways, RevokeGateway, RotateGatewaySecret, enrol_gateway, get_gateway,
    issue_gateway_code, list_gateways, revoke_gateway, rotate_gateway_secret,
};

#[tonic::async_trait]
impl GatewayService for App {
    async fn enrol_gateway(&self, request: Request<EnrolGatewayRequest>) -> Result<Response<EnrolGatewayResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let enrolled = enrol_gateway(self, &cx, asked).await?;
        let (client_secret, code) = match &enrolled.handed_over {
            Some(HandedOver::Secret(secret)) => (secret.reveal(), ""),
            Some(HandedOver::Code(code)) => ("", code.reveal()),
            None => ("", ""),
        };
        let gateway = Some((&enrolled.gateway).into());
        Ok(Response::new(EnrolGatewayResponse { gateway, client_secret: client_secret.to_owned(), code: code.to_owned() }))
    }

    async fn get_gateway(&self, request: Request<GetGatewayRequest>) -> Result<Response<Gateway>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("gateway_id", &asked.gateway_id))?;
        Ok(Response::new((&get_gateway(self, &cx, id).await?).into()))
    }

    async fn list_gateways(&self, request: Request<ListGatewaysRequest>) -> Result<Response<ListGatewaysResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_gateways(self, &cx, asked).await?;
        let gateways = page.rows.iter().map(Into::into).collect();
        Ok(Response::new(ListGatewaysResponse { gateways, next_page_token: page.next_page_token }))
    }

    async fn rotate_gateway_secret(
        &self,
        request: Request<RotateGatewaySecretRequest>,
    ) -> Result<Response<RotateGatewaySecretResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let (gateway, secret) = rotate_gateway_secret(self, &cx, asked).await?;
        let client_secret = secret.reveal().to_owned();
        Ok(Response::new(RotateGatewaySecretResponse { gateway: Some((&gateway).into()), client_secret }))
    }

    async fn issue_gateway_code(&self, request: Request<IssueGatewayCodeRequest>) -> Result<Response<IssueGatewayCodeResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let (gateway, code) = issue_gateway_code(self, &cx, asked).await?;
        Ok(Response::new(IssueGatewayCodeResponse { gateway: Some((&gateway).into()), code: code.reveal().to_owned() }))
    }

    async fn revoke_gateway(&self, request: Request<RevokeGatewayRequest>) -> Result<Response<Gateway>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let gateway = revoke_gateway(self, &cx, asked).await?;
        Ok(Response::new((&gateway).into()))
    }
}

impl TryFrom<EnrolGatewayRequest> for EnrolGateway {
    type Error = Error;

    fn try_from(request: EnrolGatewayRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school_id = fields.id("school_id", &request.school_id);
        let site_id = fields.optional_id("site_id", &request.site_id);
        let name = fields.text("name", &request.name);
        let request_id = fields.request_id(&request.request_id);
        let with_code = request.with_code;
        fields.build(|| Some(Self { school_id: school_id?, site_id, name: name?, request_id, with_code }))
    }
}

impl TryFrom<ListGatewaysRequest> for ListGateways {
    type Error = Error;

    fn try_from(request: ListGatewaysRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school_id = fields.optional_id("school_id", &request.school_id);
        let ListGatewaysRequest { page_size, page_token, include_revoked, .. } = request;
        fields.finish(Some(Self { school_id, include_revoked, page: (page_size, page_token).into() }))
    }
}

impl TryFrom<RotateGatewaySecretRequest> for RotateGatewaySecret {
    type Error = Error;

    fn try_from(request: RotateGatewaySecretRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let gateway_id = fields.id("gateway_id", &request.gateway_id);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { gateway_id: gateway_id?, etag: etag? }))
    }
}

impl TryFrom<IssueGatewayCodeRequest> for IssueGatewayCode {
    type Error = Error;

    fn try_from(request: IssueGatewayCodeRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let gateway_id = fields.id("gateway_id", &request.gateway_id);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { gateway_id: gateway_id?, etag: etag? }))
    }
}

impl TryFrom<RevokeGatewayRequest> for RevokeGateway {
    type Error = Error;

    fn try_from(request: RevokeGatewayRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let gateway_id = fields.id("gateway_id", &request.gateway_id);
        let reason = fields.text("reason", &request.reason);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { gateway_id: gateway_id?, reason: reason?, etag: etag? }))
    }
}
