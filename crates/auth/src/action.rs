//! Everything that can be asked of the platform, by the name that policies and audit rows use.

/// Something a caller wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray)]
pub enum Action {
    /// See that a school or a site exists, with its name.
    #[strum(serialize = "school.read")]
    SchoolRead,
    /// See that a board exists, with its name.
    #[strum(serialize = "board.read")]
    BoardRead,
    /// See that a vendor exists, with its name.
    #[strum(serialize = "vendor.read")]
    VendorRead,
    /// See that an app exists, with its name.
    #[strum(serialize = "app.read")]
    AppRead,
    /// See what the platform holds of a person.
    #[strum(serialize = "person.read")]
    PersonRead,
    /// See a school's gateways.
    #[strum(serialize = "gateway.read")]
    GatewayRead,
    /// See whom to call at a school.
    #[strum(serialize = "contact.read")]
    ContactRead,
    /// Say whom to call at a school.
    #[strum(serialize = "contact.edit")]
    ContactEdit,
    /// See a school's devices.
    #[strum(serialize = "device.read")]
    DeviceRead,
    /// See a school's alerts.
    #[strum(serialize = "alert.read")]
    AlertRead,
    /// See a school's cases.
    #[strum(serialize = "case.read")]
    CaseRead,
    /// See what a case holds for the response team alone: notes under TLP:RED and TLP:AMBER+STRICT.
    #[strum(serialize = "case.read_internal")]
    CaseReadInternal,
    /// Add a gateway and get its secret.
    #[strum(serialize = "gateway.enrol")]
    GatewayEnrol,
    /// Replace a gateway's secret.
    #[strum(serialize = "gateway.rotate")]
    GatewayRotate,
    /// End a gateway's access.
    #[strum(serialize = "gateway.revoke")]
    GatewayRevoke,
    /// Bring the issuer in step with the gateways that are kept.
    #[strum(serialize = "gateway.align")]
    GatewayAlign,
    /// Take or give a case.
    #[strum(serialize = "case.assign")]
    CaseAssign,
    /// Move a case to another phase.
    #[strum(serialize = "case.change_phase")]
    CaseChangePhase,
    /// Write a note in a case.
    #[strum(serialize = "case.note")]
    CaseNote,
    #[strum(serialize = "case.close")]
    CaseClose,
    /// Reopen a closed case.
    #[strum(serialize = "case.reopen")]
    CaseReopen,
    /// See which alerts are suppressed.
    #[strum(serialize = "suppression.read")]
    SuppressionRead,
    /// Suppress the alerts of a signature.
    #[strum(serialize = "suppression.create")]
    SuppressionCreate,
    /// End a suppression.
    #[strum(serialize = "suppression.delete")]
    SuppressionDelete,
    /// Open a case because of an alert.
    #[strum(serialize = "case.open")]
    CaseOpen,
    /// Record an alert because of an event.
    #[strum(serialize = "alert.record")]
    AlertRecord,
    /// Replace master data of boards, schools and sites.
    #[strum(serialize = "organisation.import")]
    OrganisationImport,
    /// See which messages consumers could not process, and why; not their content.
    #[strum(serialize = "dead_letter.read")]
    DeadLetterRead,
    /// See the beginning of such a message's content; every look is audited.
    #[strum(serialize = "dead_letter.show")]
    DeadLetterShow,
    /// Send such messages back to be processed again.
    #[strum(serialize = "dead_letter.replay")]
    DeadLetterReplay,
    /// Verify the audit chains.
    #[strum(serialize = "audit.verify")]
    AuditVerify,
    /// Send telemetry.
    #[strum(serialize = "telemetry.post")]
    TelemetryPost,
}

impl Action {
    /// All actions.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The name in policies and audit rows.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
