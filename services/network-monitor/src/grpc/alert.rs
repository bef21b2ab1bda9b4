//! `schildwacht.network_monitor.v1.AlertService`.

use proto::{
    network_monitor::v1::{
        Alert, CreateSuppressionRequest, DeleteSuppressionRequest, GetAlertRequest, ListAlertsRequest, ListAlertsResponse,
        ListSuppressionsRequest, ListSuppressionsResponse, Suppression, alert_service_server::AlertService,
    },
    time::moment,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{
        App, CreateSuppression, ListAlerts, ListSuppressions, create_suppression, delete_suppression, get_alert, list_alerts,
        list_suppressions,
    },
    domain::{
        alert::AlertFilter,
        detection::{Severity, SignatureId},
    },
};

#[tonic::async_trait]
impl AlertService for App {
    async fn get_alert(&self, request: Request<GetAlertRequest>) -> Result<Response<Alert>, Status> {
        let read = |fields: &mut Violations, asked: GetAlertRequest| {
            fields.id("school_id", &asked.school_id).zip(fields.id("alert_id", &asked.alert_id))
        };
        let (cx, (school, id)) = auth::asked_with(request, read)?;
        let named = get_alert(self, &cx, school, id).await?;
        Ok(Response::new((&named).into()))
    }

    async fn list_alerts(&self, request: Request<ListAlertsRequest>) -> Result<Response<ListAlertsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_alerts(self, &cx, asked).await?;
        let alerts = page.rows.iter().map(Into::into).collect();
        Ok(Response::new(ListAlertsResponse { alerts, next_page_token: page.next_page_token, total_size: page.total }))
    }

    async fn create_suppression(&self, request: Request<CreateSuppressionRequest>) -> Result<Response<Suppression>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let suppression = create_suppression(self, &cx, asked).await?;
        Ok(Response::new((&suppression).into()))
    }

    async fn list_suppressions(&self, request: Request<ListSuppressionsRequest>) -> Result<Response<ListSuppressionsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_suppressions(self, &cx, asked).await?;
        let suppressions = page.rows.iter().map(Into::into).collect();
        Ok(Response::new(ListSuppressionsResponse { suppressions, next_page_token: page.next_page_token }))
    }

    async fn delete_suppression(&self, request: Request<DeleteSuppressionRequest>) -> Result<Response<()>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("suppression_id", &asked.suppression_id))?;
        Ok(Response::new(delete_suppression(self, &cx, id).await?))
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
        let request_id = fields.request_id(&request.request_id);
        fields.build(|| Some(Self { school, signature_id: signature_id?, reason: reason?, expires: expires?, request_id }))
    }
}

impl TryFrom<ListSuppressionsRequest> for ListSuppressions {
    type Error = Error;

    fn try_from(request: ListSuppressionsRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school = fields.optional_id("school_id", &request.school_id);
        fields.finish(Some(Self { school, page: (request.page_size, request.page_token).into() }))
    }
}

fn signature(fields: &mut Violations, text: &str) -> Option<SignatureId> {
    SignatureId::parse(text).map_err(|why| fields.complain("signature_id", why.to_string())).ok()
}
