//! `schildwacht.identity.v1.AccessService`.

use auth::{Context, Resource};
use proto::identity::v1::{
    GetAccessRequest, GetAccessResponse, GetOwnAccessRequest, GetOwnAccessResponse, access_service_server::AccessService,
    get_access_request::Organisation,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{App, GetAccess, get_access, get_own_access},
    domain::Place,
};

#[tonic::async_trait]
impl AccessService for App {
    async fn get_access(&self, request: Request<GetAccessRequest>) -> Result<Response<GetAccessResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(get_access(self, &cx, asked).await?.into()))
    }

    async fn get_own_access(&self, request: Request<GetOwnAccessRequest>) -> Result<Response<GetOwnAccessResponse>, Status> {
        let functions = get_own_access(self, &Context::of(&request)?).await?;
        Ok(Response::new(GetOwnAccessResponse { functions: functions.into_iter().map(Into::into).collect() }))
    }
}

impl TryFrom<GetAccessRequest> for GetAccess {
    type Error = Error;

    fn try_from(request: GetAccessRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let place = match &request.organisation {
            Some(Organisation::SchoolId(id)) => fields.id("school_id", id).map(Resource::School),
            Some(Organisation::BoardId(id)) => fields.id("board_id", id).map(Resource::Board),
            None => {
                fields.complain("organisation", "say which: school_id or board_id");
                None
            }
        };
        fields.build(|| Some(Self { organisation: Place(place?), for_export: request.for_export }))
    }
}
