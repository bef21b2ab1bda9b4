//! Which devices of the school a case is about.

/// A device of the school in the evidence of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseDevice {
    /// As network-monitor knows it; `None` when only its address is known.
    pub id: Option<String>,
    /// May be empty.
    pub name: String,
    /// May be empty.
    pub ip: String,
}

/// Some of a case's devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseDevices {
    /// In the order in which they came into the evidence.
    pub first: Vec<CaseDevice>,
    /// How many there are in all.
    pub total: u64,
}
