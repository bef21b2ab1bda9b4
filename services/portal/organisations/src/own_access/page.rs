//! What somebody may see, and who sees what of them.

use askama::Template;
use auth::Function;
use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::{Frame, samples::Page};
use proto::identity::v1::{AccessLevel, DataKind};

use super::words::OwnAccessWords;
use crate::access::{AccessWords, Reach, Reason};

/// What somebody may see, and who sees what of them.
#[derive(Template)]
#[template(path = "own_access/page.html")]
pub(crate) struct OwnAccessPage {
    pub(crate) frame: Frame,
    pub(crate) functions: Vec<OwnFunction>,
}

/// A function that the visitor holds.
#[derive(Clone, Debug)]
pub(crate) struct OwnFunction {
    pub(crate) function: Function,
    /// What its place is called.
    pub(crate) place: Option<String>,
    /// Since when, and the first moment when they no longer hold it, where that is known.
    pub(crate) from: Option<DateTime<Utc>>,
    pub(crate) ends: Option<DateTime<Utc>>,
    pub(crate) reaches: Vec<Reach>,
    pub(crate) viewers: Vec<Viewers>,
}

/// Functions whose holders see something of the visitor, for the same reason.
#[derive(Clone, Debug)]
pub(crate) struct Viewers {
    pub(crate) data: DataKind,
    pub(crate) functions: Vec<Function>,
    pub(crate) reasons: Vec<Reason>,
}

impl OwnAccessPage {
    const fn words(&self) -> OwnAccessWords {
        OwnAccessWords(self.frame.preferences.language)
    }

    const fn of_access(&self) -> AccessWords {
        AccessWords(self.frame.preferences.language)
    }

    /// `directeur, Basisschool De Zandloper`.
    fn named(&self, own: &OwnFunction) -> String {
        let function = self.frame.words().function(own.function);
        own.place.as_ref().map_or_else(|| function.to_owned(), |place| format!("{function}, {place}"))
    }

    fn term(&self, own: &OwnFunction) -> String {
        let (words, language) = (self.words(), self.frame.language());
        match (own.from, own.ends) {
            (Some(from), Some(ends)) => words.term(language.day(from, self.frame.now), language.last_day(ends, self.frame.now)),
            _ => words.by_sign_in().to_owned(),
        }
    }

    fn reasons(&self, reasons: &[Reason]) -> String {
        reasons.iter().map(|reason| reason.text(self.frame.language())).collect::<Vec<_>>().join(" ")
    }

    /// What of the visitor is seen.
    fn seen(&self, data: DataKind) -> &'static str {
        if data == DataKind::History { self.words().deeds() } else { self.words().holds_it() }
    }

    fn viewers(&self, viewers: &Viewers) -> String {
        viewers.functions.iter().map(|function| self.frame.words().function(*function)).collect::<Vec<_>>().join(", ")
    }
}

impl Page for OwnAccessPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let (school, now) = (portal_frame::samples::school_id(), frame.now);
        let reach = |data, level| Reach { data, level, reasons: vec![Reason::sample()], last: crate::access::NOT_RECORDED };
        let viewers =
            |data| Viewers { data, functions: vec![Function::Director(school), Function::Operator], reasons: vec![Reason::sample()] };
        let own = OwnFunction {
            function: Function::IctCoordinator(school),
            place: Some("Basisschool De Zandloper".to_owned()),
            from: Some(now - TimeDelta::days(300)),
            ends: Some(now + TimeDelta::days(65)),
            reaches: vec![reach(DataKind::Network, AccessLevel::Sees), reach(DataKind::Gateways, AccessLevel::Changes)],
            viewers: vec![viewers(DataKind::People), viewers(DataKind::History)],
        };
        let of_a_token =
            OwnFunction { function: Function::Pupil, place: None, from: None, ends: None, reaches: Vec::new(), viewers: Vec::new() };
        vec![Self { frame: frame.clone(), functions: vec![own, of_a_token] }, Self { frame: frame.clone(), functions: Vec::new() }]
    }
}
