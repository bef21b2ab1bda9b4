//! Kinds of data of an organisation, and what is done with them. Each action of `policies/*.cedarschema` says of which kind the data is that
//! it shows (`@sees`) or changes (`@changes`); `none` is what tells nothing of an organisation.

/// A kind of data of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum DataKind {
    /// Its name, number and sites.
    Organisation = 1,
    /// Who holds which function there, and who is invited to one.
    People,
    /// Whom to call there.
    Contacts,
    /// What sensors see: devices, alerts, suppressions.
    Network,
    /// Cases, their timeline and evidence.
    Incidents,
    Gateways,
    /// Who read, exported and changed what there.
    History,
    /// Messages that a service could not process: they may hold what sensors sent.
    Messages,
}

/// What an action does with data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    Sees,
    Changes,
}

impl DataKind {
    /// All kinds.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;
}
