//! How far one organisation is proven.

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::{Frame, answer::WireEnum as _, mark::Icon, samples::Page};
use proto::identity::v1::{self as wire, CheckKind, CheckOutcome, EnrolmentLevel, OverrideState};

use super::{
    refusal::Refusal,
    subject::{Subject, level_icon, level_tone, level_words},
    view::{Check, Details, Override, Proof, Requirement},
    words::EnrolmentWords,
};
use crate::enrolments::{self, EnrolmentRow, EnrolmentsWords};

/// How far one organisation is proven.
#[derive(Template)]
#[template(path = "enrolment/page.html")]
pub(crate) struct EnrolmentPage {
    pub(crate) frame: Frame,
    pub(crate) subject: Subject,
    /// Of a vendor.
    pub(crate) vendor: Option<VendorDetails>,
    pub(crate) details: Details,
    /// Whether the visitor sees all organisations.
    pub(crate) works_for_all: bool,
    pub(crate) may_confirm: bool,
    pub(crate) may_edit: bool,
    pub(crate) may_prove: bool,
    pub(crate) may_check: bool,
    pub(crate) may_override: bool,
    pub(crate) written: Written,
    pub(crate) problems: Problems,
}

/// What a vendor says of itself.
#[derive(Clone, Debug)]
pub(crate) struct VendorDetails {
    pub(crate) domain: String,
    pub(crate) contact: String,
    pub(crate) etag: String,
}

/// What a person writes on this page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) company_reason: String,
    /// The check of an override.
    pub(crate) kind: String,
    pub(crate) reason: String,
    pub(crate) day: String,
}

/// What to correct, or why it cannot be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    pub(crate) company_reason: bool,
    pub(crate) reason: bool,
    pub(crate) day: bool,
    pub(crate) refusal: Option<Refusal>,
}

impl From<wire::Vendor> for VendorDetails {
    fn from(vendor: wire::Vendor) -> Self {
        Self { domain: vendor.domain, contact: vendor.security_contact, etag: vendor.etag }
    }
}

impl EnrolmentPage {
    const fn words(&self) -> EnrolmentWords {
        EnrolmentWords(self.frame.preferences.language)
    }

    const fn list_title(&self) -> &'static str {
        EnrolmentsWords(self.frame.preferences.language).title()
    }

    fn lead(&self) -> String {
        match self.subject {
            Subject::School(_) => self.words().lead_school(&self.details.row.name),
            Subject::Vendor(_) => self.words().lead_vendor().to_owned(),
        }
    }

    fn heading(&self) -> &str {
        match self.subject {
            Subject::School(_) => self.words().title(),
            Subject::Vendor(_) => &self.details.row.name,
        }
    }

    fn refusal_text(&self) -> Option<&'static str> {
        self.problems.refusal.map(|refusal| refusal.text(self.words()))
    }

    const fn has_fields_to_correct(&self) -> bool {
        self.problems.company_reason || self.problems.reason || self.problems.day
    }

    fn level(&self) -> (&'static str, Option<&'static str>, Icon) {
        let level = self.details.row.level;
        (level_words(self.frame.preferences.language, level), level_tone(level), level_icon(level))
    }

    fn level_until(&self) -> Option<String> {
        self.details.row.ends.map(|end| self.words().level_until(self.last_day(&end)))
    }

    fn last_day(&self, end: &DateTime<Utc>) -> String {
        self.frame.language().last_day(*end, self.frame.now)
    }

    /// A word, its tone, and until when.
    fn state_of(&self, requirement: &Requirement) -> (&'static str, &'static str, Icon, String) {
        let words = self.words();
        let through = requirement.end.map(|end| words.through(self.last_day(&end)));
        match (requirement.holds, through) {
            (true, Some(through)) => (words.holds(), "ok", Icon::Check, through),
            (true, None) => (words.holds(), "ok", Icon::Check, words.no_end().to_owned()),
            (false, Some(through)) => (words.ended(), "warn", Icon::Alert, through),
            (false, None) => (words.missing(), "warn", Icon::Alert, String::new()),
        }
    }

    /// What is to be done about it.
    const fn todo_of(&self, requirement: &Requirement) -> &'static str {
        match requirement.kind {
            _ if requirement.holds => self.words().nothing_to_do(),
            CheckKind::CompanyRegister if self.may_check => self.words().company_title(),
            kind => self.words().todo_of(kind),
        }
    }

    const fn outcome_tone(&self, check: &Check) -> Option<&'static str> {
        match check.outcome {
            CheckOutcome::Passed => Some("ok"),
            CheckOutcome::Failed | CheckOutcome::Ended => Some("warn"),
            CheckOutcome::Unanswered | CheckOutcome::Unspecified => None,
        }
    }

    /// The names of others are not told here: a vendor need not know who works for the ministry.
    fn who(&self, actor: &str) -> &'static str {
        let is_me = self.frame.visitor.as_ref().is_some_and(|visitor| visitor.principal().actor() == actor);
        if is_me {
            self.words().by_you()
        } else if actor.starts_with("person:") {
            self.words().by_somebody()
        } else {
            self.words().by_schildwacht()
        }
    }

    /// Code, label, whether it is chosen.
    fn kinds(&self) -> Vec<(String, &'static str, bool)> {
        let kind = |requirement: &Requirement| {
            let code = requirement.kind.code();
            let is_chosen = code == self.written.kind;
            (code, self.words().kind(requirement.kind), is_chosen)
        };
        self.details.requirements.iter().map(kind).collect()
    }

    fn may_agree(&self, one: &Override) -> bool {
        let is_mine = self.frame.visitor.as_ref().is_some_and(|visitor| visitor.principal().actor() == one.proposed_by);
        self.may_override && !is_mine && one.state == OverrideState::Proposed
    }

    const fn may_end(&self, one: &Override) -> bool {
        self.may_override && matches!(one.state, OverrideState::Proposed | OverrideState::Agreed)
    }
}

impl Page for EnrolmentPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let school = Subject::School(portal_frame::samples::school_id());
        let vendor = Subject::Vendor(portal_frame::samples::school_id().as_uuid().into());
        let sample = |subject, level, is_full: bool, problems| Self {
            frame: frame.clone(),
            subject,
            vendor: matches!(subject, Subject::Vendor(_)).then(|| VendorDetails {
                domain: "leermaat.example".to_owned(),
                contact: "security@leermaat.example".to_owned(),
                etag: "etag".to_owned(),
            }),
            details: Details::sample(subject, level, is_full, frame.now),
            works_for_all: is_full,
            may_confirm: is_full && subject == school,
            may_edit: subject == vendor,
            may_prove: subject == vendor,
            may_check: is_full && subject == vendor,
            may_override: is_full,
            written: Written { kind: CheckKind::Board.code(), ..Written::default() },
            problems,
        };
        let to_correct = Problems { company_reason: true, reason: true, day: true, refusal: None };
        let refused = Refusal::all().map(|refusal| Problems { refusal: Some(refusal), ..Problems::default() });
        let plain = [
            sample(school, EnrolmentLevel::Confirmed, true, Problems::default()),
            sample(school, EnrolmentLevel::Unproven, false, Problems::default()),
            sample(vendor, EnrolmentLevel::MaySubmit, true, to_correct),
            sample(vendor, EnrolmentLevel::Draft, false, Problems::default()),
        ];
        plain.into_iter().chain(refused.map(|problems| sample(vendor, EnrolmentLevel::Suspended, true, problems))).collect()
    }
}

impl Details {
    /// Made up: with everything there can be, or with nothing yet.
    fn sample(subject: Subject, level: EnrolmentLevel, is_full: bool, now: DateTime<Utc>) -> Self {
        let kinds: &[CheckKind] = match subject {
            Subject::School(_) => &[CheckKind::SchoolRegister, CheckKind::Director, CheckKind::Board],
            Subject::Vendor(_) => &[CheckKind::CompanyRegister, CheckKind::Domain],
        };
        let requirement = |(number, kind): (i64, &CheckKind)| Requirement {
            kind: *kind,
            holds: is_full && number < 2,
            end: (number > 0 && is_full).then(|| now + TimeDelta::days(200 - 100 * number)),
        };
        let reasons = ["imported", "invitation_accepted", "confirmed_by_board", "function_confirmed", "function_ended", "token_found"];
        let reasons = reasons.into_iter().chain(["no_record", "other_token", "too_many_aliases", "no_answer", "KBO Public Search"]);
        let outcomes: Vec<CheckOutcome> = CheckOutcome::all().collect();
        let outcomes = outcomes.into_iter().cycle();
        let check = |((number, reason), outcome): ((i64, &str), CheckOutcome)| Check {
            kind: kinds[0],
            at: now - TimeDelta::days(number),
            made_by: if number % 2 == 0 { "person:iemand".to_owned() } else { "service:identity".to_owned() },
            outcome,
            reason: reason.to_owned(),
            evidence: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
        };
        let one = |state| Override {
            id: "0190c0de-0000-7000-8000-0000000000b1".to_owned(),
            kind: kinds[1],
            about: "leermaat.example".to_owned(),
            reason: "Brief van het bestuur".to_owned(),
            end: now + TimeDelta::days(30),
            proposed_by: "person:iemand".to_owned(),
            state,
            etag: "etag".to_owned(),
        };
        let proof = Proof {
            name: "_schildwacht-challenge.leermaat.example".to_owned(),
            value: "token=3q2-7wZ3q2-7wZ3q2-7wZ3q2-7wZ3q2-7wZ3q2-7w00".to_owned(),
            place_by: now + TimeDelta::days(14),
            last_look: Some(now),
            next_look: Some(now + TimeDelta::days(7)),
        };
        let ends = is_full.then(|| now + TimeDelta::days(90));
        Self {
            row: EnrolmentRow { subject, name: "Leermaat BV".to_owned(), number: "0428.759.497".to_owned(), level, ends },
            requirements: (0..).zip(kinds).map(requirement).collect(),
            checks: if is_full { (0..).zip(reasons).zip(outcomes).map(check).collect() } else { Vec::new() },
            overrides: if is_full { OverrideState::all().map(one).collect() } else { Vec::new() },
            proof: (is_full && matches!(subject, Subject::Vendor(_))).then_some(proof),
        }
    }
}
