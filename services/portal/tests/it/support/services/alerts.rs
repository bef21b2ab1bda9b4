//! Warnings, as network-monitor lists them and incident-intake explains them.

use proto::{
    incident_intake::v1 as intake,
    network_monitor::v1::{self as monitor, alert_service_server::AlertService},
};
use tonic::{Request, Response, Status};

use super::{
    super::world::{ALERT_OF_CLOSED_CASE, CASE_CLOSED, World},
    Answer, Play, paged,
};

/// What the alerts of the sample mean.
pub(super) fn explained(world: &World, request: intake::ExplainAlertsRequest) -> intake::ExplainAlertsResponse {
    assert!(request.alerts.len() <= 200, "what is too much is refused");
    let explain = |alert: monitor::Alert| {
        assert_eq!(alert.raw_event, "", "what is not needed is not sent");
        let has_it = |evidence: &Vec<intake::Evidence>| evidence.iter().any(|piece| piece.alert_id == alert.alert_id);
        let in_evidence =
            (world.cases.iter()).find(|case| case.school_id == request.school_id && world.evidence.get(&case.case_id).is_some_and(has_it));
        let in_closed = world.cases.iter().find(|case| alert.alert_id == ALERT_OF_CLOSED_CASE && case.case_id == CASE_CLOSED);
        let case = in_closed.or(in_evidence).cloned();
        let by_class = || intake::LocalizedText {
            nl: "Iemand zoekt van buiten naar open deuren in uw netwerk".to_owned(),
            en: "Somebody outside is looking for open doors in your network".to_owned(),
        };
        intake::AlertExplanation {
            alert_id: alert.alert_id,
            title: Some(case.as_ref().and_then(|case| case.title.clone()).unwrap_or_else(by_class)),
            severity: case.as_ref().map_or(intake::CaseSeverity::Low.into(), |case| case.severity),
            case,
        }
    };
    let explanations = request.alerts.into_iter().map(explain).collect();
    intake::ExplainAlertsResponse { explanations }
}

#[tonic::async_trait]
impl AlertService for Play {
    async fn get_alert(&self, _request: Request<monitor::GetAlertRequest>) -> Answer<monitor::Alert> {
        Err(Status::unimplemented("the portal asks for lists"))
    }

    async fn list_alerts(&self, request: Request<monitor::ListAlertsRequest>) -> Answer<monitor::ListAlertsResponse> {
        let request = self.hear("list_alerts", request)?;
        let world = self.world();
        let takes_part = |alert: &&monitor::Alert| {
            let ends = [&alert.source, &alert.destination];
            let is_there = ends.into_iter().flatten().any(|end| end.device_id == request.device_id);
            alert.school_id == request.school_id && (is_there || world.lists_alerts_of_the_whole_school)
        };
        let alerts: Vec<monitor::Alert> = world.alerts.iter().filter(takes_part).cloned().collect();
        let total_size = i64::try_from(alerts.len()).unwrap();
        let (alerts, next_page_token) = paged(&alerts, request.page_size, &request.page_token);
        Ok(Response::new(monitor::ListAlertsResponse { alerts, next_page_token, total_size }))
    }

    async fn create_suppression(&self, _request: Request<monitor::CreateSuppressionRequest>) -> Answer<monitor::Suppression> {
        Err(Status::unimplemented("the portal keeps nothing quiet"))
    }

    async fn list_suppressions(&self, _request: Request<monitor::ListSuppressionsRequest>) -> Answer<monitor::ListSuppressionsResponse> {
        Err(Status::unimplemented("the portal keeps nothing quiet"))
    }

    async fn delete_suppression(&self, _request: Request<monitor::DeleteSuppressionRequest>) -> Answer<monitor::DeleteSuppressionResponse> {
        Err(Status::unimplemented("the portal keeps nothing quiet"))
    }
}
