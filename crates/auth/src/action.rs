//! Everything that can be asked of the platform, by the name that policies and audit rows use.

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Something a caller wants to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[$doc])* $variant,)+
        }

        impl Action {
            /// All actions.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in policies and audit rows.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

actions! {
    /// See that a school exists, its name and sites.
    SchoolRead = "school.read",
    /// See a school's gateways.
    GatewayRead = "gateway.read",
    /// See a school's devices.
    DeviceRead = "device.read",
    /// See a school's alerts.
    AlertRead = "alert.read",
    /// See a school's cases.
    CaseRead = "case.read",
    /// Add a gateway and get its secret.
    GatewayEnrol = "gateway.enrol",
    /// Replace a gateway's secret.
    GatewayRotate = "gateway.rotate",
    /// End a gateway's access.
    GatewayRevoke = "gateway.revoke",
    /// Bring the issuer in step with the gateways that are kept.
    GatewayAlign = "gateway.align",
    /// Take or give a case.
    CaseAssign = "case.assign",
    /// Move a case to another phase.
    CaseChangePhase = "case.change_phase",
    /// Write a note in a case.
    CaseNote = "case.note",
    /// Close a case.
    CaseClose = "case.close",
    /// Reopen a closed case.
    CaseReopen = "case.reopen",
    /// See what is kept quiet.
    SuppressionRead = "suppression.read",
    /// Keep a signature quiet.
    SuppressionCreate = "suppression.create",
    /// No longer keep it quiet.
    SuppressionDelete = "suppression.delete",
    /// Open a case because of an alert.
    CaseOpen = "case.open",
    /// Record an alert because of an event.
    AlertRecord = "alert.record",
    /// Replace master data of boards, schools and sites.
    OrganisationImport = "organisation.import",
    /// See what consumers could not take in, and why; not what it says.
    DeadLetterRead = "dead_letter.read",
    /// See the beginning of what it says, on record.
    DeadLetterShow = "dead_letter.show",
    /// Give it to them again.
    DeadLetterReplay = "dead_letter.replay",
    /// Check the audit chains.
    AuditVerify = "audit.verify",
    /// Send telemetry.
    TelemetryPost = "telemetry.post",
}
