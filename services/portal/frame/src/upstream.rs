//! The services, asked on behalf of the person who looks: their token, the trace and a deadline go with every call. A service
//! at an https address is asked over TLS and must show a certificate that holds, before it hears anything.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http::uri::Scheme;
use proto::{
    identity::v1::{
        access_service_client::AccessServiceClient, appointment_service_client::AppointmentServiceClient,
        contact_service_client::ContactServiceClient, enrolment_service_client::EnrolmentServiceClient,
        erasure_service_client::ErasureServiceClient, gateway_service_client::GatewayServiceClient,
        history_service_client::HistoryServiceClient as SchoolHistoryClient, invitation_service_client::InvitationServiceClient,
        organisation_service_client::OrganisationServiceClient, session_service_client::SessionServiceClient,
        vendor_service_client::VendorServiceClient,
    },
    incident_intake::v1::{case_service_client::CaseServiceClient, history_service_client::HistoryServiceClient as IncidentHistoryClient},
    network_monitor::v1::{
        alert_service_client::AlertServiceClient, device_service_client::DeviceServiceClient,
        gateway_contact_service_client::GatewayContactServiceClient, history_service_client::HistoryServiceClient as DeviceHistoryClient,
    },
};
use runtime::telemetry::current_trace_headers;
use tonic::{
    metadata::{Ascii, AsciiMetadataKey, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

use crate::config::Config;

/// A page is worth waiting for this long; after that, saying so is better.
const DEADLINE: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Connections to the services, made when first needed and made again when lost.
#[derive(Clone)]
pub struct Upstream {
    identity: Channel,
    network_monitor: Channel,
    incident_intake: Channel,
}

/// A service's connection that speaks for one person.
type Personal = InterceptedService<Channel, OnBehalf>;

/// Puts a person's token, the trace and perhaps a deadline on each call.
#[derive(Clone)]
pub struct OnBehalf {
    token: Arc<str>,
    deadline: Option<Duration>,
}

/// The services, as one person may use them.
#[derive(Clone)]
pub struct Calls {
    upstream: Upstream,
    token: Arc<str>,
}

/// Why the services cannot be asked as configured.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error("services.ca_file: {} cannot be read", .0.display())]
    UnreadableCertificates(PathBuf, #[source] io::Error),
    #[error("services.ca_file: {} holds no certificate in PEM", .0.display())]
    NoCertificates(PathBuf),
    #[error("the address of a service cannot be used")]
    Address(#[from] tonic::transport::Error),
}

impl Upstream {
    /// Reads the certificates. Connections are made on the first call.
    pub fn new(config: &Config) -> Result<Self, UpstreamError> {
        let tls = tls(config.ca_file.as_deref())?;
        Ok(Self {
            identity: channel(&config.identity_url, &tls)?,
            network_monitor: channel(&config.network_monitor_url, &tls)?,
            incident_intake: channel(&config.incident_intake_url, &tls)?,
        })
    }

    pub fn on_behalf_of(&self, token: &Arc<str>) -> Calls {
        Calls { upstream: self.clone(), token: Arc::clone(token) }
    }
}

/// Trusts the certificates in the file alone; without a file, the system's.
fn tls(ca_file: Option<&Path>) -> Result<ClientTlsConfig, UpstreamError> {
    let tls = ClientTlsConfig::new().timeout(CONNECT_TIMEOUT);
    let Some(file) = ca_file else { return Ok(tls.with_native_roots()) };
    let pem = fs::read_to_string(file).map_err(|error| UpstreamError::UnreadableCertificates(file.to_owned(), error))?;
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(UpstreamError::NoCertificates(file.to_owned()));
    }
    Ok(tls.ca_certificate(Certificate::from_pem(pem)))
}

fn channel(url: &str, tls: &ClientTlsConfig) -> Result<Channel, tonic::transport::Error> {
    let mut endpoint = Endpoint::from_shared(url.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true);
    let is_encrypted = endpoint.uri().scheme() == Some(&Scheme::HTTPS);
    if is_encrypted {
        endpoint = endpoint.tls_config(tls.clone())?;
    }
    Ok(endpoint.connect_lazy())
}

impl Calls {
    pub fn cases(&self) -> CaseServiceClient<Personal> {
        CaseServiceClient::with_interceptor(self.upstream.incident_intake.clone(), self.with_deadline())
    }

    /// For a stream that stays open.
    pub fn cases_without_deadline(&self) -> CaseServiceClient<Personal> {
        let on_behalf = OnBehalf { token: Arc::clone(&self.token), deadline: None };
        CaseServiceClient::with_interceptor(self.upstream.incident_intake.clone(), on_behalf)
    }

    pub fn devices(&self) -> DeviceServiceClient<Personal> {
        DeviceServiceClient::with_interceptor(self.upstream.network_monitor.clone(), self.with_deadline())
    }

    pub fn alerts(&self) -> AlertServiceClient<Personal> {
        AlertServiceClient::with_interceptor(self.upstream.network_monitor.clone(), self.with_deadline())
    }

    pub fn gateway_contacts(&self) -> GatewayContactServiceClient<Personal> {
        GatewayContactServiceClient::with_interceptor(self.upstream.network_monitor.clone(), self.with_deadline())
    }

    pub fn schools(&self) -> OrganisationServiceClient<Personal> {
        OrganisationServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn contacts(&self) -> ContactServiceClient<Personal> {
        ContactServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn access(&self) -> AccessServiceClient<Personal> {
        AccessServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn appointments(&self) -> AppointmentServiceClient<Personal> {
        AppointmentServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn invitations(&self) -> InvitationServiceClient<Personal> {
        InvitationServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn vendors(&self) -> VendorServiceClient<Personal> {
        VendorServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn enrolments(&self) -> EnrolmentServiceClient<Personal> {
        EnrolmentServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn erasures(&self) -> ErasureServiceClient<Personal> {
        ErasureServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn sessions(&self) -> SessionServiceClient<Personal> {
        SessionServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn gateways(&self) -> GatewayServiceClient<Personal> {
        GatewayServiceClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn history_of_school(&self) -> SchoolHistoryClient<Personal> {
        SchoolHistoryClient::with_interceptor(self.upstream.identity.clone(), self.with_deadline())
    }

    pub fn history_of_devices(&self) -> DeviceHistoryClient<Personal> {
        DeviceHistoryClient::with_interceptor(self.upstream.network_monitor.clone(), self.with_deadline())
    }

    pub fn history_of_incidents(&self) -> IncidentHistoryClient<Personal> {
        IncidentHistoryClient::with_interceptor(self.upstream.incident_intake.clone(), self.with_deadline())
    }

    fn with_deadline(&self) -> OnBehalf {
        OnBehalf { token: Arc::clone(&self.token), deadline: Some(DEADLINE) }
    }
}

impl Interceptor for OnBehalf {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> {
        let mut bearer: MetadataValue<Ascii> =
            format!("Bearer {}", self.token).parse().map_err(|_| tonic::Status::unauthenticated("the session's token cannot be sent"))?;
        bearer.set_sensitive(true);
        request.metadata_mut().insert("authorization", bearer);
        for (name, value) in current_trace_headers() {
            if let (Ok(name), Ok(value)) = (name.parse::<AsciiMetadataKey>(), value.parse()) {
                request.metadata_mut().insert(name, value);
            }
        }
        if let Some(deadline) = self.deadline {
            request.set_timeout(deadline);
        }
        Ok(request)
    }
}
