//! A case in a list, with the devices of the school that it is about.

use std::collections::HashMap;

use portal_frame::answer::Unreadable;
use proto::incident_intake::v1 as wire;

use crate::case::Case;

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct ListedCase {
    pub(crate) case: Case,
    pub(crate) devices: CaseDevices,
}

/// Devices of a school in the evidence of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CaseDevices {
    /// Names, or addresses of what has none; of the first few in the evidence.
    pub(crate) first: Vec<String>,
    pub(crate) total: i64,
}

impl CaseDevices {
    /// The first, and how many more there are.
    pub(crate) fn first_and_more(&self) -> Option<(&str, i64)> {
        let first = self.first.first()?;
        Some((first, (self.total - 1).max(0)))
    }
}

impl ListedCase {
    /// Made-up cases, each about two devices.
    pub(crate) fn samples() -> Vec<Self> {
        let devices = CaseDevices { first: vec!["SEC-PC-02".to_owned()], total: 2 };
        Case::samples().into_iter().map(|case| Self { case, devices: devices.clone() }).collect()
    }

    /// The rows of an answer, in its order.
    pub(crate) fn all_of(cases: Vec<wire::Case>, mut devices: HashMap<String, wire::CaseDevices>) -> Result<Vec<Self>, Unreadable> {
        let row = |case: wire::Case| {
            let devices = devices.remove(&case.case_id).map(CaseDevices::from).unwrap_or_default();
            Ok(Self { case: case.try_into()?, devices })
        };
        cases.into_iter().map(row).collect()
    }
}

impl From<wire::CaseDevices> for CaseDevices {
    fn from(devices: wire::CaseDevices) -> Self {
        let label = |device: wire::CaseDevice| if device.name.is_empty() { device.ip } else { device.name };
        let first = devices.devices.into_iter().map(label).filter(|label| !label.is_empty()).collect();
        Self { first, total: devices.total_size }
    }
}
