//! What operators see of a running process: health and metrics.

use testkit::{eventually, http_client};
use tonic::transport::Endpoint;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::{eve, people::Person, town::Town};

#[tokio::test]
async fn health_is_told_over_http_and_grpc() {
    let (town, http) = (Town::shared().await, http_client());
    let live = http.get(town.site.admin_url("/live")).send().await.unwrap();
    assert!(live.status().is_success());
    let ready: serde_json::Value = http.get(town.site.admin_url("/ready")).send().await.unwrap().json().await.unwrap();
    assert_eq!(ready["ready"], true);
    for part in ["events.log", "identity.database", "telemetry-ingest.directory", "network-monitor.database", "incident-intake.database"] {
        let is_well = ready["probes"].as_array().unwrap().iter().any(|probe| probe[0] == part && probe[1] == "ok");
        assert!(is_well, "{part} in {ready}");
    }

    let channel = Endpoint::from_shared(town.site.grpc_url()).unwrap().connect_lazy();
    let mut health = HealthClient::new(channel);
    let answer = health.check(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
}

#[tokio::test]
async fn health_and_metrics_stay_off_the_port_that_others_reach() {
    let town = Town::shared().await;
    for path in ["/metrics", "/ready", "/live"] {
        assert_eq!(http_client().get(town.site.url(path)).send().await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_page_of_somebody_else_whose_name_leads_here_reads_nothing() {
    let town = Town::shared().await;
    for url in [town.site.admin_url("/metrics"), town.site.admin_url("/ready"), town.site.url("/")] {
        let answer = http_client().get(&url).header("host", "evil.example").send().await.unwrap();
        assert_eq!(answer.status(), 421, "{url}");
        let said = answer.text().await.unwrap();
        assert!(said.contains("listen.hosts") && said.lines().count() == 1, "{said}");
    }
    let by_name = http_client().get(town.site.admin_url("/metrics")).header("host", "localhost:9090").send().await.unwrap();
    assert_eq!(by_name.status(), 200);
}

#[tokio::test]
async fn the_metrics_that_alerts_are_built_on_are_there() {
    let town = Town::shared().await;
    let school = town.school("990106").await;
    let event = eve::contact_with_malware(eve::just_now(), 2_000_106, "10.20.4.37");
    town.post(&school, &[event]).await;
    let noor = Person::sign_in(&town.site, "noor").await;
    eventually("a case", async || noor.cases_of(&school.id).await.unwrap().into_iter().next()).await;

    // As the services' pages name them; Prometheus writes a dot as an underscore and adds units and `_total`.
    let wanted = [
        r#"telemetry_requests_total{"#,
        r#"outcome="accepted""#,
        r#"telemetry_events_total{"#,
        r#"telemetry_received_bytes_total"#,
        r#"telemetry_directory_gateways"#,
        r#"telemetry_directory_age"#,
        r#"event_log_records_total{topic="telemetry.batch.v1""#,
        r#"event_log_appended_bytes_total{topic="telemetry.batch.v1""#,
        r#"consumer_records_total{consumer="network-monitor",outcome="handled""#,
        r#"consumer_records_total{consumer="incident-intake",outcome="handled""#,
        r#"consumer_lag{consumer="incident-intake""#,
        r#"outbox_backlog"#,
        r#"incident_intake_alert_news_total{"#,
        r#"incident_intake_case_opened_total{"#,
        r#"incident_intake_queue_open"#,
        r#"incident_intake_queue_unassigned_late"#,
        r#"token_requests_total{"#,
        r#"gateway_changes_total{action="gateway.enrol""#,
        r#"organisation_imports_total{"#,
        r#"http_server_request_duration_seconds_bucket{"#,
    ];
    let http = http_client();
    let missing = eventually("all metrics", async || {
        let answer = http.get(town.site.admin_url("/metrics")).send().await.unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
        let text = answer.text().await.unwrap();
        assert!(!text.contains(&school.id), "no label names a school");
        let missing: Vec<&str> = wanted.into_iter().filter(|metric| !text.contains(metric)).collect();
        // The queue is measured now and then.
        missing.iter().all(|metric| !metric.contains("queue")).then_some(missing)
    })
    .await;
    assert_eq!(missing, [""; 0]);
}
