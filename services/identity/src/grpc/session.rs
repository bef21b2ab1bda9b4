//! `schildwacht.identity.v1.SessionService`.

use proto::identity::v1::{EndSessionsRequest, session_service_server::SessionService};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::app::{App, EndSessions, end_sessions};

#[tonic::async_trait]
impl SessionService for App {
    async fn end_sessions(&self, request: Request<EndSessionsRequest>) -> Result<Response<()>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(end_sessions(self, &cx, asked).await?))
    }
}

impl TryFrom<EndSessionsRequest> for EndSessions {
    type Error = Error;

    fn try_from(request: EndSessionsRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let person_id = fields.id("person_id", &request.person_id);
        let reason = fields.text("reason", &request.reason);
        fields.build(|| Some(Self { person_id: person_id?, reason: reason? }))
    }
}
