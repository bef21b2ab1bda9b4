//! The people of a school: who must be confirmed, all of them, who stopped; and who is invited.

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::{
    Frame,
    list::{Paging, Tab},
    mark::{Face, Icon},
    samples::Page,
    school::School,
};

use super::{
    address::{PeopleQuery, PeopleView, due_before},
    refusal::{Refusal, RefusalWords},
    view::{Appointment, Invitation},
    words::PeopleWords,
};

/// The people of a school.
#[derive(Template)]
#[template(path = "people/page.html")]
pub(crate) struct PeoplePage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    pub(crate) query: PeopleQuery,
    /// The list that is shown.
    pub(crate) view: PeopleView,
    /// How many there are in each of [`PeopleView::ALL`].
    pub(crate) counts: [i64; 3],
    pub(crate) rows: Vec<AppointmentRow>,
    pub(crate) paging: Paging,
    pub(crate) invitations: Vec<InvitationRow>,
    /// Whether there are more invitations than these.
    pub(crate) invitations_are_cut: bool,
    pub(crate) may_invite: bool,
    pub(crate) may_end_sessions: bool,
    /// Why the act before was refused.
    pub(crate) refusal: Option<Refusal>,
}

/// Somebody who holds a function, and what this visitor may do about it.
pub(crate) struct AppointmentRow {
    pub(crate) appointment: Appointment,
    pub(crate) appointed_by: Option<String>,
    /// Whether somebody must confirm it soon.
    pub(crate) is_due: bool,
    pub(crate) may_confirm: bool,
    pub(crate) may_end: bool,
}

/// Somebody who is asked to take a function, and what this visitor may do about it.
pub(crate) struct InvitationRow {
    pub(crate) invitation: Invitation,
    pub(crate) may_resend: bool,
    pub(crate) may_withdraw: bool,
}

impl PeoplePage {
    const fn words(&self) -> PeopleWords {
        PeopleWords(self.frame.preferences.language)
    }

    fn refusal_text(&self) -> Option<&'static str> {
        self.refusal.map(|refusal| refusal.text(RefusalWords(self.frame.preferences.language)))
    }

    fn view_label(&self, view: PeopleView) -> &'static str {
        match view {
            PeopleView::Due => self.words().view_due(),
            PeopleView::All => self.words().view_all(),
            PeopleView::Ended => self.words().view_ended(),
        }
    }

    fn tabs(&self) -> Vec<Tab> {
        let tab = |(view, count): (PeopleView, i64)| Tab {
            href: self.query.in_view(view).href(),
            label: self.view_label(view),
            count: self.frame.number(&count),
            tone: (view == PeopleView::Due && count > 0).then_some("warn"),
            is_current: view == self.view,
        };
        PeopleView::ALL.into_iter().zip(self.counts).map(tab).collect()
    }

    fn can_act(&self) -> bool {
        self.may_end_sessions || self.rows.iter().any(|row| row.may_confirm || row.may_end)
    }

    fn can_act_on_invitations(&self) -> bool {
        self.invitations.iter().any(|row| row.may_resend || row.may_withdraw)
    }

    /// `sinds vr 5 sep 2025 · aangesteld door u`.
    fn since(&self, row: &AppointmentRow) -> String {
        let (words, from) = (self.words(), row.appointment.from);
        let day = self.frame.language().day(from, self.frame.now);
        let since = if from > self.frame.now { words.from(day) } else { words.since(day) };
        row.appointed_by.iter().fold(since, |since, by| format!("{since} · {by}"))
    }

    fn last_day(&self, end: DateTime<Utc>) -> String {
        self.frame.language().last_day(end, self.frame.now)
    }

    /// Until when, without a confirmation.
    fn until(&self, row: &AppointmentRow) -> String {
        match (row.appointment.is_open, row.appointment.until) {
            (false, _) => self.words().ended(self.frame.short_moment(&row.appointment.ends())),
            (true, Some(until)) => self.words().through(self.last_day(until)),
            (true, None) => self.words().no_end().to_owned(),
        }
    }

    /// Until when somebody must confirm it; nothing where it ends before that.
    fn confirm_by(&self, row: &AppointmentRow) -> Option<String> {
        let appointment = &row.appointment;
        let waits = appointment.is_open && appointment.ends() == appointment.confirm_by;
        waits.then(|| self.words().confirm_by(self.last_day(appointment.confirm_by)))
    }
}

impl Page for PeoplePage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |view, appointments: Vec<Appointment>, invitations: Vec<Invitation>, may, refusal| {
            let query = PeopleQuery::of(portal_frame::samples::school_id()).in_view(view);
            let paging = Paging::new(frame.language(), &query.trail, "1–2 van 2".to_owned(), "next", |trail| query.at(trail));
            let row = |appointment: Appointment| {
                let is_due = appointment.must_be_confirmed(due_before(frame.now));
                let appointed_by = is_due.then(|| PeopleWords(frame.language()).appointed_by_you().to_owned());
                AppointmentRow { appointed_by, is_due, may_confirm: may && is_due, may_end: may && appointment.is_open, appointment }
            };
            let invited = |invitation| InvitationRow { invitation, may_resend: may, may_withdraw: may };
            let counts = [i64::from(view == PeopleView::Due), 31, 0];
            Self {
                frame: frame.clone(),
                school: School::sample(),
                query,
                view,
                counts,
                rows: appointments.into_iter().map(row).collect(),
                paging,
                invitations_are_cut: !invitations.is_empty(),
                invitations: invitations.into_iter().map(invited).collect(),
                may_invite: may,
                may_end_sessions: may,
                refusal,
            }
        };
        let due = Appointment::sample();
        let later = frame.now + TimeDelta::days(100);
        let ending = Appointment { until: Some(later), confirm_by: later, ..due.clone() };
        let coming = Appointment { from: later, confirm_by: later + TimeDelta::days(365), email: None, ..due.clone() };
        let ended = Appointment { is_open: false, until: Some(due.from), ..due.clone() };
        let erased = Appointment { name: String::new(), email: None, ..ended.clone() };
        let [open, expired] = Invitation::samples();
        vec![
            sample(PeopleView::Due, vec![due.clone()], vec![open, expired], true, Some(Refusal::Changed)),
            sample(PeopleView::All, vec![due, ending, coming], Invitation::samples().into(), false, Some(Refusal::OwnFunction)),
            sample(PeopleView::Ended, vec![ended, erased], Vec::new(), true, Some(Refusal::AlreadyEnded)),
            sample(PeopleView::Due, Vec::new(), Vec::new(), true, Some(Refusal::NotOpen)),
            sample(PeopleView::All, Vec::new(), Vec::new(), true, None),
            sample(PeopleView::All, Vec::new(), Vec::new(), false, None),
            sample(PeopleView::Ended, Vec::new(), Vec::new(), false, None),
        ]
    }
}
