//! How a case is shown in a line, wherever it is mentioned. The whole case is for the area of incidents.

use chrono::{DateTime, Utc};
use proto::incident_intake::v1::{self as wire, CasePhase, CaseSeverity, LocalizedText};

use crate::{
    answer::{Unreadable, WireEnum as _, required_moment, required_text},
    language::Language,
};

/// A case in a line.
#[derive(Clone, Debug)]
pub struct CaseCard {
    pub id: String,
    pub reference: String,
    pub title: LocalizedText,
    pub severity: CaseSeverity,
    pub phase: CasePhase,
    pub opened: DateTime<Utc>,
}

impl CaseCard {
    pub fn is_closed(&self) -> bool {
        self.phase == CasePhase::Closed
    }
}

impl TryFrom<wire::Case> for CaseCard {
    type Error = Unreadable;

    fn try_from(case: wire::Case) -> Result<Self, Unreadable> {
        Ok(Self {
            id: required_text(case.case_id, "case.case_id")?,
            reference: required_text(case.reference, "case.reference")?,
            title: case.title.ok_or(Unreadable("case.title"))?,
            severity: CaseSeverity::known(case.severity, "case.severity")?,
            phase: CasePhase::known(case.phase, "case.phase")?,
            opened: required_moment(case.open_time, "case.open_time")?,
        })
    }
}

/// A text of content in a language; the other one where it is missing, since some words are better than none.
pub fn text_in(language: Language, text: &LocalizedText) -> &str {
    let (wanted, other) = language.pick((&text.nl, &text.en), (&text.en, &text.nl));
    if wanted.is_empty() { other } else { wanted }
}
