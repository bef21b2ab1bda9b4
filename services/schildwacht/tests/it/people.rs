//! People of the demo, signed in as the portal signs them in, and what they ask over gRPC.

use std::collections::BTreeMap;

use proto::{
    identity::v1::{gateway_service_client::GatewayServiceClient, organisation_service_client::OrganisationServiceClient},
    incident_intake::v1::{Case, CasePhase, ListCasesRequest, case_service_client::CaseServiceClient},
    network_monitor::v1::{
        Alert, Device, ListAlertsRequest, ListDevicesRequest, alert_service_client::AlertServiceClient,
        device_service_client::DeviceServiceClient,
    },
};
use reqwest::Response;
use serde_json::Value;
use testkit::http_client;
use tonic::{
    Request, Status,
    transport::{Channel, Endpoint},
};
use url::Url;

use crate::site::Site;

const PAGE: i32 = 200;

/// The example of RFC 7636, appendix B: a verifier and its challenge. No secret here, everybody knows it.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct Person {
    pub token: String,
    channel: Channel,
}

impl Person {
    pub fn with_token(site: &Site, token: String) -> Self {
        Self::at(site.grpc_url(), token)
    }

    pub fn at(url: String, token: String) -> Self {
        let channel = Endpoint::from_shared(url).unwrap().connect_lazy();
        Self { token, channel }
    }

    /// Signs in as one of the demo's people: `noor`, `els` …
    pub async fn sign_in(site: &Site, persona: &str) -> Self {
        let http = http_client();
        let back = site.url("/aanmelden/terug");
        let asked = [
            ("response_type", "code"),
            ("client_id", "schildwacht-portal"),
            ("redirect_uri", back.as_str()),
            ("scope", "openid profile"),
            ("state", "s"),
            ("nonce", "n"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let choice = location(http.get(site.url("/issuer/authorize")).query(&asked).send().await.unwrap());
        let chosen = [("request", parameter(&choice, "request")), ("persona", persona.to_owned())];
        let returned = location(http.post(site.url("/issuer/authorize/continue")).form(&chosen).send().await.unwrap());
        let code = parameter(&returned, "code");
        let secret = std::fs::read_to_string(site.data_dir().join("issuer/clients/schildwacht-portal.secret")).unwrap();
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &back), ("code_verifier", VERIFIER)];
        let request = http.post(site.url("/issuer/token")).basic_auth("schildwacht-portal", Some(secret.trim())).form(&form);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        Self::with_token(site, answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned())
    }

    /// A request of this person's.
    pub fn asks<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        request
    }

    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub fn organisations(&self) -> OrganisationServiceClient<Channel> {
        OrganisationServiceClient::new(self.channel.clone())
    }

    pub fn gateways(&self) -> GatewayServiceClient<Channel> {
        GatewayServiceClient::new(self.channel.clone())
    }

    pub fn cases(&self) -> CaseServiceClient<Channel> {
        CaseServiceClient::new(self.channel.clone())
    }

    pub fn alerts(&self) -> AlertServiceClient<Channel> {
        AlertServiceClient::new(self.channel.clone())
    }

    /// All alerts of a school, or of all schools one may see when empty.
    pub async fn alerts_of(&self, school_id: &str) -> Result<Vec<Alert>, Status> {
        let mut client = self.alerts();
        let mut request = ListAlertsRequest { school_id: school_id.to_owned(), page_size: PAGE, ..Default::default() };
        let mut alerts = Vec::new();
        loop {
            let page = client.list_alerts(self.asks(request.clone())).await?.into_inner();
            alerts.extend(page.alerts);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return Ok(alerts);
            }
        }
    }

    /// All devices of a school by hardware address, or by IP address where that is all we know.
    pub async fn devices_of(&self, school_id: &str) -> Result<BTreeMap<String, Device>, Status> {
        let mut client = DeviceServiceClient::new(self.channel.clone());
        let mut request = ListDevicesRequest { school_id: school_id.to_owned(), page_size: PAGE, ..Default::default() };
        let mut devices = BTreeMap::new();
        loop {
            let page = client.list_devices(self.asks(request.clone())).await?.into_inner();
            for device in page.devices {
                let key = if device.mac.is_empty() { device.ips[0].value.clone() } else { device.mac.clone() };
                assert!(devices.insert(key, device).is_none(), "a device stands there twice");
            }
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return Ok(devices);
            }
        }
    }

    /// All cases of a school, closed ones too, or of all schools one may see when empty.
    pub async fn cases_of(&self, school_id: &str) -> Result<Vec<Case>, Status> {
        let phases = (CasePhase::Open as i32..=CasePhase::Closed as i32).collect();
        let mut request = ListCasesRequest { school_id: school_id.to_owned(), page_size: PAGE, phases, ..Default::default() };
        let mut cases = Vec::new();
        loop {
            let page = self.cases().list_cases(self.asks(request.clone())).await?.into_inner();
            cases.extend(page.cases);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return Ok(cases);
            }
        }
    }
}

fn location(answer: Response) -> Url {
    assert!(answer.status().is_redirection(), "{answer:?}");
    answer.headers()["location"].to_str().unwrap().parse().unwrap()
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}
