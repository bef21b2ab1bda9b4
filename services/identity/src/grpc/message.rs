//! Domain values as messages.

use std::time::SystemTime;

use proto::identity::v1 as wire;

use crate::{
    app::{ImportReport, Outcome, Progress},
    domain::{Board, BoardKind, Gateway, GatewayState, School, Site, import::BadLine},
};

impl From<&School> for wire::School {
    fn from(school: &School) -> Self {
        Self {
            school_id: school.id.to_string(),
            institution_number: school.number.to_string(),
            name: school.name.clone(),
            municipality: school.municipality.clone(),
            board: Some((&school.board).into()),
            sites: school.sites.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Board> for wire::Board {
    fn from(board: &Board) -> Self {
        Self {
            board_id: board.id.to_string(),
            board_number: board.number.to_string(),
            name: board.name.clone(),
            kind: wire::BoardKind::from(board.kind).into(),
        }
    }
}

impl From<BoardKind> for wire::BoardKind {
    fn from(kind: BoardKind) -> Self {
        match kind {
            BoardKind::Go => Self::Go,
            BoardKind::Free => Self::Free,
            BoardKind::Province => Self::Province,
            BoardKind::Municipality => Self::Municipality,
            BoardKind::Ocmw => Self::Ocmw,
            BoardKind::Intercommunal => Self::Intercommunal,
            BoardKind::FlemishCommunity => Self::FlemishCommunity,
            BoardKind::Other => Self::Other,
        }
    }
}

impl From<&Site> for wire::Site {
    fn from(site: &Site) -> Self {
        Self {
            site_id: site.id.to_string(),
            site_number: site.number.to_string(),
            name: site.name.clone(),
            street: site.street.clone(),
            postal_code: site.postal_code.clone(),
            municipality: site.municipality.clone(),
        }
    }
}

impl From<&GatewayState> for wire::GatewayState {
    fn from(state: &GatewayState) -> Self {
        match state {
            GatewayState::Active { .. } => Self::Active,
            GatewayState::Revoked { .. } => Self::Revoked,
        }
    }
}

impl From<&Gateway> for wire::Gateway {
    fn from(gateway: &Gateway) -> Self {
        let (secret_time, revoke_time, revoke_reason) = match &gateway.state {
            GatewayState::Active { secret_since, .. } => (Some(SystemTime::from(*secret_since).into()), None, String::new()),
            GatewayState::Revoked { at, reason, .. } => (None, Some(SystemTime::from(*at).into()), reason.as_ref().to_owned()),
        };
        Self {
            gateway_id: gateway.id.to_string(),
            school_id: gateway.school_id.to_string(),
            site_id: gateway.site_id.map(|site| site.to_string()).unwrap_or_default(),
            name: gateway.name.as_ref().to_owned(),
            state: wire::GatewayState::from(&gateway.state).into(),
            client_id: gateway.client_id(),
            create_time: Some(SystemTime::from(gateway.enrolled_at).into()),
            secret_time,
            revoke_time,
            revoke_reason,
            etag: gateway.etag(),
        }
    }
}

impl From<Progress> for wire::ImportProgress {
    fn from(progress: Progress) -> Self {
        Self { phase: progress.phase.to_owned(), lines_read: count(progress.lines_read), lines_total: count(progress.lines_total) }
    }
}

impl From<ImportReport> for wire::ImportReport {
    fn from(report: ImportReport) -> Self {
        let found = Self { boards: length(report.boards), schools: length(report.schools), sites: length(report.sites), ..Self::default() };
        match report.outcome {
            Outcome::Good { written, created, updated, unchanged } => Self {
                imported: written,
                schools_created: length(created),
                schools_updated: length(updated),
                schools_unchanged: length(unchanged),
                ..found
            },
            Outcome::Refused(bad_lines) => {
                Self { bad_lines_total: count(bad_lines.total()), bad_lines: bad_lines.shown().iter().map(Into::into).collect(), ..found }
            }
        }
    }
}

impl From<&BadLine> for wire::BadLine {
    fn from(bad_line: &BadLine) -> Self {
        Self {
            line: count(bad_line.line),
            field: bad_line.field.map(|field| field.as_str().to_owned()).unwrap_or_default(),
            reason: bad_line.reason.as_str().to_owned(),
            message: bad_line.message.clone(),
        }
    }
}

pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn length(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
