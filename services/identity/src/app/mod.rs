//! Use cases, a file for each aggregate: authorize, load, decide, record. A long one has a file of its own.

mod access;
mod aging;
mod align_gateway_clients;
mod appointment;
mod check_override;
mod contact;
mod domain_proof;
mod enrolment;
mod erase_person;
mod erasure;
mod gateway;
mod gateway_code;
mod history;
mod import_organisations;
mod invitation;
mod keep_check;
mod know_again;
mod metrics;
mod queue_letter;
mod remind_of_confirmations;
mod school;
mod session;
mod sign_in;
mod vendor;

use std::sync::Arc;

use runtime::Result;
use storage::{Database, audit::OnRecord};
use tokio::sync::{Notify, Semaphore};
use url::Url;

pub use access::{GetAccess, get_access, get_own_access};
pub use aging::aging;
pub use align_gateway_clients::{Aligned, align_gateway_clients};
pub use appointment::{
    ConfirmAppointment, CreateAppointment, EndAppointment, ListAppointments, confirm_appointment, create_appointment, end_appointment,
    get_appointment, list_appointments,
};
pub use check_override::{ChangeOverride, ProposeOverride, agree_override, end_override, propose_override};
pub use contact::{
    CreateContact, DeleteContact, ListContacts, UpdateContact, create_contact, delete_contact, get_contact, list_contacts, update_contact,
};
pub use domain_proof::{check_domain, issue_domain_proof, look_at_domains};
pub use enrolment::{CheckCompany, EnrolmentKind, ListEnrolments, check_company, confirm_school, get_enrolment, list_enrolments};
pub use erasure::{ChangeErasure, ListErasures, ProposeErasure, agree_erasure, list_erasures, propose_erasure, withdraw_erasure};
pub use gateway::{
    EnrolGateway, HandedOver, ListGateways, RevokeGateway, RotateGatewaySecret, enrol_gateway, get_gateway, list_gateways, revoke_gateway,
    rotate_gateway_secret,
};
pub use gateway_code::{IssueGatewayCode, issue_gateway_code, redeem_gateway_code};
pub use import_organisations::{Import, ImportReport, Outcome, Progress};
pub use invitation::{
    ChangeInvitation, CreateInvitation, InvitationFilter, ListInvitations, accept_invitation, create_invitation, get_invitation,
    list_invitations, resend_invitation, show_invitation, withdraw_invitation,
};
pub use remind_of_confirmations::remind_of_confirmations;
pub use school::{ListSchools, get_school, list_schools};
pub use session::{EndSessions, end_sessions};
pub use sign_in::{CheckConformance, Finding, PolicyVersion, check_conformance, get_sign_in_policy};
pub use vendor::{CreateVendor, UpdateVendor, create_vendor, get_vendor, register_vendor, update_vendor};

use crate::{
    config::GatewayBounds,
    dns::Dns,
    keycloak::{Keycloak, KeycloakError},
};
use metrics::Metrics;

/// What use cases work with.
#[derive(Debug, Clone)]
pub struct App {
    database: Database,
    metrics: Arc<Metrics>,
    bounds: GatewayBounds,
    /// Looks at the domains of vendors.
    dns: Arc<Dns>,
    /// Where its pages are, for links in mails.
    portal: Url,
    /// Where gateways are clients; `None` with the development issuer, which looks into our table.
    keycloak: Option<Arc<Keycloak>>,
    /// Rung when Keycloak did not hear of a change.
    out_of_step: Arc<Notify>,
    /// An import holds a whole file in memory, and all schools while it compares.
    one_import: Arc<Semaphore>,
    /// Exports that are on record.
    on_record: OnRecord,
}

impl App {
    /// Over this database, with room for so many gateways, with names looked up there, with pages there, and with Keycloak where that is the
    /// issuer.
    pub fn new(database: Database, bounds: GatewayBounds, dns: Arc<Dns>, portal: Url, keycloak: Option<Arc<Keycloak>>) -> Self {
        let metrics = Arc::new(Metrics::new());
        Self {
            database,
            metrics,
            bounds,
            dns,
            portal,
            keycloak,
            out_of_step: Arc::default(),
            one_import: Arc::new(Semaphore::new(1)),
            on_record: OnRecord::default(),
        }
    }

    /// Waits until Keycloak was not told of a change that is kept.
    pub async fn is_out_of_step(&self) {
        self.out_of_step.notified().await;
    }

    /// Told after a commit, so it can no longer fail: what Keycloak did not hear now, it hears soon.
    fn told_later(&self, told: Result<(), KeycloakError>) {
        if let Err(error) = told {
            tracing::warn!(name: "gateway.client_out_of_step", error = %runtime::error::chain(&error), "keycloak not told, will retry");
            self.out_of_step.notify_one();
        }
    }
}
