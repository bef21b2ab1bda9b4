//! `schildwacht.network_monitor.v1.AlertService`.

use auth::Context;
use proto::{
    network_monitor::v1::{
        Alert, CreateSuppressionRequest, DeleteSuppressionRequest, DeleteSuppressionResponse, GetAlertRequest, ListAlertsRequest,
        ListAlertsResponse, ListSuppressionsRequest, ListSuppressionsResponse, Suppression,
        alert_service_server::{AlertService, AlertServiceServer},
    },
    time::moment,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{App, CreateSuppression, ListAlerts, create_suppression, delete_suppression, get_alert, list_alerts, list_suppressions},
    domain::{
        alert::AlertFilter,
        detection::{Severity, SignatureId},
    },
};

/// The RPCs of alerts and of what is kept quiet.
pub struct AlertApi {
    app: App,
}

impl AlertApi {
    /// Over these use cases.
    pub fn new(app: App) -> AlertServiceServer<Self> {
        AlertServiceServer::new(Self { app })
    }
}

#[tonic::async_trait]
impl AlertService for AlertApi {
    async fn get_alert(&self, request: Request<GetAlertRequest>) -> Result<Response<Alert>, Status> {
        let cx = Context::of(&request)?;
        let request = request.into_inner();
        let mut fields = Violations::default();
        let (school, id) = (fields.id("school_id", &request.school_id), fields.id("alert_id", &request.alert_id));
        let (school, id) = fields.finish(school.zip(id))?;
        let named = get_alert(&self.app, &cx, school, id).await?;
        Ok(Response::new((&named).into()))
    }

    async fn list_alerts(&self, request: Request<ListAlertsRequest>) -> Result<Response<ListAlertsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_alerts(&self.app, &cx, asked).await?;
        let alerts = page.rows.iter().map(Into::into).collect();
        Ok(Response::new(ListAlertsResponse { alerts, next_page_token: page.next_page_token, total_size: page.total }))
    }

    async fn create_suppression(&self, request: Request<CreateSuppressionRequest>) -> Result<Response<Suppression>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let suppression = create_suppression(&self.app, &cx, asked).await?;
        Ok(Response::new((&suppression).into()))
    }

    async fn list_suppressions(&self, request: Request<ListSuppressionsRequest>) -> Result<Response<ListSuppressionsResponse>, Status> {
        let cx = Context::of(&request)?;
        let mut fields = Violations::default();
        let school = fields.optional_id("school_id", &request.into_inner().school_id);
        let suppressions = list_suppressions(&self.app, &cx, fields.finish(Some(school))?).await?;
        Ok(Response::new(ListSuppressionsResponse { suppressions: suppressions.iter().map(Into::into).collect() }))
    }

    async fn delete_suppression(&self, request: Request<DeleteSuppressionRequest>) -> Result<Response<DeleteSuppressionResponse>, Status> {
        let cx = Context::of(&request)?;
        let mut fields = Violations::default();
        let id = fields.id("suppression_id", &request.into_inner().suppression_id);
        delete_suppression(&self.app, &cx, fields.finish(id)?).await?;
        Ok(Response::new(DeleteSuppressionResponse {}))
    }
}

impl TryFrom<ListAlertsRequest> for ListAlerts {
    type Error = Error;

    fn try_from(request: ListAlertsRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school = fields.optional_id("school_id", &request.school_id);
        let signature_id = if request.signature_id.is_empty() { None } else { signature(&mut fields, &request.signature_id) };
        let device = fields.optional_id("device_id", &request.device_id);
        let min_severity = Severity::from_repr(request.min_severity);
        let filter = AlertFilter { school, min_severity, signature_id, device };
        let page = (request.page_size, request.page_token).into();
        fields.finish(Some(Self { filter, include_raw_events: request.include_raw_events, page }))
    }
}

impl TryFrom<CreateSuppressionRequest> for CreateSuppression {
    type Error = Error;

    fn try_from(request: CreateSuppressionRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school = fields.optional_id("school_id", &request.school_id);
        let signature_id = signature(&mut fields, &request.signature_id);
        let reason = fields.text("reason", &request.reason);
        let expires = fields.require("expire_time", request.expire_time.and_then(moment), "say until when, at most 90 days ahead");
        fields.build(|| Some(Self { school, signature_id: signature_id?, reason: reason?, expires: expires? }))
    }
}

fn signature(fields: &mut Violations, text: &str) -> Option<SignatureId> {
    SignatureId::parse(text).map_err(|why| fields.complain("signature_id", why.to_string())).ok()
}
