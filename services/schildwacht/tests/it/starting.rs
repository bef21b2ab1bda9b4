//! Starting: what a person reads first, and one clear line when it cannot be.

use std::net::{SocketAddr, TcpListener};

use crate::{
    people::Person,
    site::{Outcome, Site},
};

/// Why `schildwacht serve …` ends before it serves.
async fn complaint(site: &Site, arguments: &[&str]) -> String {
    let outcome = Outcome::of(site.start(arguments)).await;
    assert_eq!(outcome.stdout, "", "nothing is announced that does not run");
    outcome.complaint()
}

#[tokio::test]
async fn a_newcomer_is_told_where_to_go_and_soon_finds_a_case_there() {
    let site = Site::new();
    let process = site.until_ready(site.start(&[])).await;
    let said = testkit::eventually("the last line", async || Some(process.stdout()).filter(|said| said.contains("Ctrl-C stops"))).await;
    for wanted in
        [site.url("").as_str(), "Noor Claes", "Els Vermeulen", "Karim Benali", "Bram Janssens", &site.data_dir().display().to_string()]
    {
        assert!(said.contains(wanted), "{wanted} is not in:\n{said}");
    }
    assert!(!said.contains('\x1b'), "no colours where nobody sees them");

    let noor = Person::sign_in(&site, "noor").await;
    let case = testkit::eventually("a case in the queue", async || noor.cases_of("").await.unwrap().into_iter().next()).await;
    testkit::eventually("devices known for longer than a week", async || {
        let devices = noor.devices_of(&case.school_id).await.unwrap();
        let now = runtime::Clock::system().now().timestamp();
        let is_known = |seconds: i64| now - seconds > 7 * 24 * 3_600;
        devices.values().any(|device| device.first_seen_time.is_some_and(|seen| is_known(seen.seconds))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_the_demo_nobody_is_named() {
    let site = Site::new();
    let process = site.serve().await;
    let said = testkit::eventually("the last line", async || Some(process.stdout()).filter(|said| said.contains("Ctrl-C stops"))).await;
    assert!(!said.contains("Noor"), "{said}");
    assert!(!site.data_dir().join("demo").exists());
}

#[tokio::test]
async fn a_port_in_use_is_said() {
    let site = Site::new();
    let _taken = TcpListener::bind(site.address()).unwrap();
    let complaint = complaint(&site, &[]).await;
    assert!(complaint.contains(&site.address().to_string()) && complaint.contains("in use"), "{complaint}");
    assert!(complaint.contains("listen.address"), "where to choose another: {complaint}");
    assert!(!site.data_dir().exists(), "a start that failed leaves no folder");
}

#[tokio::test]
async fn a_port_of_a_service_in_use_is_said() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let site =
        Site::new().with("SCHILDWACHT_TELEMETRY_INGEST__OTLP_HTTP_LISTEN", &address).with("SCHILDWACHT_TELEMETRY__LOG_FILTER", "error");
    let complaint = complaint(&site, &[]).await;
    assert!(complaint.contains(&address) && complaint.contains("in use"), "{complaint}");
    assert!(complaint.contains("telemetry_ingest.otlp_http_listen"), "where to choose another: {complaint}");
}

#[tokio::test]
async fn all_ports_in_use_are_said_at_once() {
    let site = Site::new();
    let _running = site.serve().await;
    let beside = Site::new().at(site.address()).with_ports_of(&site);
    let complaint = complaint(&beside, &[]).await;
    for key in ["listen.address", "listen.grpc_address", "telemetry_ingest.otlp_grpc_listen", "telemetry_ingest.otlp_http_listen"] {
        assert!(complaint.contains(key), "{complaint}");
    }
    assert_eq!(complaint.matches("in use").count(), 4, "{complaint}");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_said_with_its_place() {
    let site = Site::new();
    let file = site.file("broken.toml", "[listen]\naddress = [\n").display().to_string();
    let complaint = complaint(&site, &["--config", &file]).await;
    assert!(complaint.contains("broken.toml") && complaint.contains("line 2"), "{complaint}");
    assert!(!complaint.contains(" | "), "a drawing makes no sense in one line: {complaint}");
}

#[tokio::test]
async fn a_configuration_that_is_not_there_is_said() {
    let complaint = complaint(&Site::new(), &["--config", "nowhere.toml"]).await;
    assert!(complaint.contains("nowhere.toml"), "{complaint}");
}

#[tokio::test]
async fn an_unknown_key_is_refused_wherever_it_stands() {
    let site = Site::new();
    let file = site.file("misspelt.toml", "[listen]\nadress = \"127.0.0.1:8080\"\n").display().to_string();
    let in_file = complaint(&site, &["--config", &file]).await;
    assert!(in_file.contains("listen.adress") && in_file.contains("misspelt.toml"), "{in_file}");

    let site = Site::new().with("SCHILDWACHT_LISTEN__ADRESS", "127.0.0.1:8080");
    let in_environment = complaint(&site, &[]).await;
    assert!(in_environment.contains("listen.adress") && in_environment.contains("environment"), "{in_environment}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_said_once() {
    let site = Site::new();
    site.file("var", "a file, where the folder should be");
    let complaint = complaint(&site, &[]).await;
    assert!(complaint.contains(&site.data_dir().display().to_string()) && complaint.contains("--data-dir"), "{complaint}");
    assert_eq!(complaint.matches("os error").count(), 1, "{complaint}");
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused_and_the_first_serves_on() {
    let site = Site::new();
    let mut first = site.serve().await;
    let refusal = complaint(&site, &[]).await;
    assert!(refusal.contains("in use by another schildwacht"), "{refusal}");
    assert_eq!(first.ended(), None);
    assert!(testkit::http_client().get(site.admin_url("/ready")).send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn one_service_alone_needs_a_log_that_processes_can_share() {
    let site = Site::new().with("SCHILDWACHT_AUTH__ISSUER", "https://sso.example/realms/schildwacht");
    let complaint = complaint(&site, &["incident-intake"]).await;
    assert!(complaint.contains("events.log") && complaint.contains("kafka"), "{complaint}");
}

#[tokio::test]
async fn half_a_configuration_of_tls_to_kafka_is_refused() {
    let site = Site::new();
    let file = site.file("half.toml", "[events.kafka.properties]\n\"ssl.ca.location\" = \"/etc/kafka/ca.pem\"\n").display().to_string();
    let complaint = complaint(&site, &["--config", &file]).await;
    assert!(complaint.contains("ssl.ca.location") && complaint.contains("SASL_SSL"), "{complaint}");
}

#[tokio::test]
async fn one_service_alone_needs_an_issuer() {
    let complaint = complaint(&Site::new(), &["incident-intake"]).await;
    assert!(complaint.contains("auth.issuer"), "{complaint}");
}

#[tokio::test]
async fn an_issuer_where_anyone_is_anyone_is_kept_on_this_machine() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], testkit::free_port()));
    let site =
        |address: &str| Site::new().with("SCHILDWACHT_LISTEN__PUBLIC_URL", address).with("SCHILDWACHT_TELEMETRY__LOG_FILTER", "error");
    let by_address = complaint(&site("http://127.0.0.1:8080").at(everywhere), &[]).await;
    assert!(by_address.contains(&everywhere.to_string()) && by_address.contains("loopback"), "{by_address}");

    let by_name = complaint(&site("https://schildwacht.example"), &[]).await;
    assert!(by_name.contains("this machine") && by_name.contains("auth.issuer"), "{by_name}");
}

#[tokio::test]
async fn a_configuration_can_be_checked_without_serving() {
    let site = Site::new();
    let good = site.file("good.toml", "[listen]\nmax_connections = 50\n").display().to_string();
    assert!(site.run(&["config", "check", "--config", &good]).await.ok().contains("can be used"));
    let bad = site.file("bad.toml", "[listen]\nmax_connections = \"many\"\n").display().to_string();
    let complaint = site.run(&["config", "check", "--config", &bad]).await.complaint();
    assert!(complaint.contains("listen.max_connections"), "{complaint}");
    assert!(!site.data_dir().exists(), "nothing was made");
}

#[tokio::test]
async fn the_printed_configuration_is_one_that_can_be_used() {
    let site = Site::new();
    let printed = site.run(&["config", "print"]).await.ok();
    let file = site.file("printed.toml", printed).display().to_string();
    site.run(&["config", "check", "--config", &file]).await.ok();
}
