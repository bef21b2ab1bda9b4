//! `schildwacht.identity.v1.ErasureService`.

use proto::identity::v1::{
    AgreeErasureRequest, Erasure, ListErasuresRequest, ListErasuresResponse, ProposeErasureRequest, WithdrawErasureRequest,
    erasure_service_server::ErasureService,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{App, ChangeErasure, ListErasures, ProposeErasure, agree_erasure, list_erasures, propose_erasure, withdraw_erasure},
    messages::erasure,
};

#[tonic::async_trait]
impl ErasureService for App {
    async fn propose_erasure(&self, request: Request<ProposeErasureRequest>) -> Result<Response<Erasure>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(erasure(&propose_erasure(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn agree_erasure(&self, request: Request<AgreeErasureRequest>) -> Result<Response<Erasure>, Status> {
        let (cx, asked) = auth::asked_with(request, |fields, asked| change(fields, &asked.erasure_id, &asked.etag))?;
        Ok(Response::new(erasure(&agree_erasure(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn withdraw_erasure(&self, request: Request<WithdrawErasureRequest>) -> Result<Response<Erasure>, Status> {
        let (cx, asked) = auth::asked_with(request, |fields, asked| change(fields, &asked.erasure_id, &asked.etag))?;
        Ok(Response::new(erasure(&withdraw_erasure(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn list_erasures(&self, request: Request<ListErasuresRequest>) -> Result<Response<ListErasuresResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_erasures(self, &cx, asked).await?;
        let erasures = page.rows.iter().map(|details| erasure(details, cx.clock.now())).collect();
        let total_size = i32::try_from(page.total).unwrap_or(i32::MAX);
        Ok(Response::new(ListErasuresResponse { erasures, next_page_token: page.next_page_token, total_size }))
    }
}

impl TryFrom<ProposeErasureRequest> for ProposeErasure {
    type Error = Error;

    fn try_from(request: ProposeErasureRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let person_id = fields.id("person_id", &request.person_id);
        let reason = fields.text("reason", &request.reason);
        let request_id = fields.request_id(&request.request_id);
        fields.build(|| Some(Self { person_id: person_id?, reason: reason?, request_id }))
    }
}

impl TryFrom<ListErasuresRequest> for ListErasures {
    type Error = Error;

    fn try_from(request: ListErasuresRequest) -> Result<Self, Error> {
        Ok(Self { only_open: request.only_open, page: (request.page_size, request.page_token).into() })
    }
}

fn change(fields: &mut Violations, id: &str, etag: &str) -> Option<ChangeErasure> {
    let erasure_id = fields.id("erasure_id", id);
    let etag = fields.etag(etag);
    Some(ChangeErasure { erasure_id: erasure_id?, etag: etag? })
}
