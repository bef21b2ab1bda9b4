//! How surely somebody is who they say: how they signed in, and what the class of information asks for at least. Both are content,
//! `content/sign-in/`, of which each decision takes the version of its day.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use content::{Body, Flaws, Spanned, Text};
use runtime::StepUp;
use serde::Deserialize;

use crate::Function;

/// How the bearer of a token signed in, as their issuer says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignIn {
    /// `acr`.
    pub method: Option<String>,
    /// `auth_time`.
    pub at: Option<DateTime<Utc>>,
    /// `identity_provider`: through whom they came to the issuer, which has an account of its own for everybody else.
    pub provider: Option<String>,
}

/// A way of signing in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInMethod {
    /// Authenticator assurance level (NIST SP 800-63B).
    pub level: u8,
    #[serde(default)]
    pub phishing_resistant: bool,
    /// A client that shows its secret for every token: each is as recent as can be.
    #[serde(default)]
    pub is_client: bool,
    pub name: Text,
}

/// What is asked for at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Authenticator assurance level.
    pub level: u8,
    /// How long ago they may have signed in; `None` for any time.
    #[serde(default)]
    pub within_minutes: Option<u32>,
    #[serde(default)]
    pub phishing_resistant: bool,
}

/// Of whom it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Population {
    /// Pupils and parents.
    Family,
    /// All others.
    Staff,
}

/// What a class of information asks of whom.
#[derive(Debug, Clone, Copy)]
struct Conditions {
    family: Condition,
    staff: Condition,
}

/// The register of methods, and the conditions of each class of information.
#[derive(Debug)]
pub struct SignInPolicy {
    methods: BTreeMap<String, SignInMethod>,
    /// By class, 1 first.
    classes: [Conditions; CLASSES as usize],
}

/// The classes of information: 1 is public.
pub const CLASSES: u8 = 5;
/// How far the issuer's clock may be ahead.
const SKEW: TimeDelta = TimeDelta::seconds(10);
/// What a method counts as that the register does not have, or that the issuer did not say.
const WEAKEST: (u8, bool) = (1, false);

impl SignInPolicy {
    /// The method of a sign-in, if the register has it.
    pub fn method(&self, sign_in: &SignIn) -> Option<&SignInMethod> {
        self.methods.get(sign_in.method.as_deref()?)
    }

    /// What must be better about a sign-in for this class of information; `None` when it will do.
    pub fn step_up(&self, sign_in: &SignIn, class: u8, functions: &[Function], now: DateTime<Utc>) -> Option<StepUp> {
        let asked = self.of_class(class).of(functions);
        let method = self.method(sign_in);
        let is_strong = asked.is_met_by(SignInMethod::strength_of(method));
        let is_recent = asked.within_minutes.is_none_or(|minutes| {
            let ages = -SKEW..=TimeDelta::minutes(minutes.into());
            method.is_some_and(|method| method.is_client) || sign_in.at.is_some_and(|at| ages.contains(&(now - at)))
        });
        if is_strong && is_recent {
            return None;
        }
        let max_age = asked.within_minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes)));
        Some(StepUp { acr_values: self.sufficing(asked), max_age })
    }

    /// All methods, by their `acr`.
    pub const fn methods(&self) -> &BTreeMap<String, SignInMethod> {
        &self.methods
    }

    /// What a class of information asks for at least.
    pub fn condition(&self, class: u8, of: Population) -> Condition {
        let conditions = self.of_class(class);
        match of {
            Population::Family => conditions.family,
            Population::Staff => conditions.staff,
        }
    }

    /// The methods by which people do what is asked, the strongest last.
    pub fn sufficing(&self, asked: Condition) -> Vec<String> {
        let sufficing = self.methods.iter().filter(|(_, method)| method.suffices_people_for(asked));
        let mut by_level: Vec<(u8, &String)> = sufficing.map(|(acr, method)| (method.level, acr)).collect();
        by_level.sort_unstable();
        by_level.into_iter().map(|(_, acr)| acr.clone()).collect()
    }

    /// A class beyond the last would be the most guarded.
    fn of_class(&self, class: u8) -> &Conditions {
        &self.classes[usize::from(class.clamp(1, CLASSES) - 1)]
    }
}

impl SignInMethod {
    /// Its level, and whether it resists phishing.
    const fn strength(&self) -> (u8, bool) {
        (self.level, self.phishing_resistant)
    }

    /// That of a method that the register may not have.
    pub(crate) fn strength_of(method: Option<&Self>) -> (u8, bool) {
        method.map_or(WEAKEST, Self::strength)
    }

    /// Whether a person who signs in by it does what is asked.
    const fn suffices_people_for(&self, asked: Condition) -> bool {
        !self.is_client && asked.is_met_by(self.strength())
    }
}

impl Condition {
    pub(crate) const fn is_met_by(self, (level, resists): (u8, bool)) -> bool {
        level >= self.level && (resists || !self.phishing_resistant)
    }

    /// What is asked by either.
    fn and(self, other: Self) -> Self {
        Self {
            level: self.level.max(other.level),
            within_minutes: [self.within_minutes, other.within_minutes].into_iter().flatten().min(),
            phishing_resistant: self.phishing_resistant || other.phishing_resistant,
        }
    }
}

impl Conditions {
    /// What is asked of somebody with these functions. Who holds none yet is taken for staff, whose conditions are the stricter.
    fn of(&self, functions: &[Function]) -> Condition {
        let is_family = |function: &Function| matches!(function, Function::Pupil | Function::Parent);
        let (family, staff) = (functions.iter().any(is_family), functions.iter().any(|function| !is_family(function)));
        match (family, staff) {
            (true, true) => self.family.and(self.staff),
            (true, false) => self.family,
            (false, _) => self.staff,
        }
    }
}

/// The body of the pack.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    methods: BTreeMap<String, Spanned<SignInMethod>>,
    conditions: Spanned<BTreeMap<u8, Spanned<WrittenConditions>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenConditions {
    #[serde(default)]
    everybody: Option<Condition>,
    #[serde(default)]
    staff: Option<Condition>,
    #[serde(default)]
    family: Option<Condition>,
}

impl Body for SignInPolicy {
    const ID: &'static str = "sign-in";

    type Written = Written;

    fn read(written: Written, flaws: &mut Flaws) -> Option<Self> {
        for method in written.methods.values().filter(|method| !(1..=3).contains(&method.value.level)) {
            flaws.add(method, "level is 1, 2 or 3");
        }
        let is_plain = |acr: &str| acr.chars().all(|letter| letter.is_ascii_graphic() && !matches!(letter, '"' | '\\'));
        for (acr, method) in written.methods.iter().filter(|(acr, _)| !is_plain(acr)) {
            flaws.add(method, format!("{acr:?} has a blank, a quote or a letter beyond ASCII: no acr can be asked for like that"));
        }
        if let Some(method) = written.methods.values().next_back()
            && written.methods.keys().map(|acr| acr.len() + 1).sum::<usize>() > StepUp::MOST_ACR_BYTES
        {
            flaws.add(method, format!("all acr together are longer than {} bytes, too long to be asked for", StepUp::MOST_ACR_BYTES));
        }
        let methods: BTreeMap<String, SignInMethod> = written.methods.into_iter().map(|(acr, method)| (acr, method.value)).collect();
        let known: Vec<u8> = written.conditions.value.keys().copied().collect();
        if known != (1..=CLASSES).collect::<Vec<u8>>() {
            flaws.add(&written.conditions, format!("say it for each class, 1 to {CLASSES}"));
        }
        let mut classes = Vec::new();
        for (_, conditions) in written.conditions.value {
            let WrittenConditions { everybody, staff, family } = &conditions.value;
            let (staff, family) = match (everybody, staff, family) {
                (Some(everybody), None, None) => (*everybody, *everybody),
                (None, Some(staff), Some(family)) => (*staff, *family),
                _ => {
                    flaws.add(&conditions, "say it for everybody, or for staff and for family");
                    continue;
                }
            };
            let can_be_met = |asked| methods.values().any(|method| method.suffices_people_for(asked));
            if ![staff, family].into_iter().all(can_be_met) {
                flaws.add(&conditions, "no method is that strong");
            }
            classes.push(Conditions { family, staff });
        }
        Some(Self { methods, classes: classes.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use content::{Library, Settings};
    use runtime::SchoolId;
    use uuid::Uuid;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    fn signed_in(method: &str, minutes_ago: i64) -> SignIn {
        SignIn { method: Some(method.to_owned()), at: Some(now() - TimeDelta::minutes(minutes_ago)), provider: None }
    }

    /// Whether the content asks for nothing better.
    fn will_do(sign_in: &SignIn, class: u8, functions: &[Function]) -> bool {
        let library = Library::<SignInPolicy>::load(&Settings::default()).unwrap();
        library.at(now()).unwrap().body.step_up(sign_in, class, functions, now()).is_none()
    }

    fn director() -> Function {
        Function::Director(SchoolId::from(Uuid::from_u128(1)))
    }

    const EID: &str = "urn:be:vlaanderen:authmech:eid";
    const ITSME: &str = "urn:be:vlaanderen:authmech:itsme";
    const LEERID: &str = "urn:schildwacht:leerid";

    #[test]
    fn each_class_asks_for_what_the_content_says() {
        for (class, method, minutes_ago, expected) in [
            (2, LEERID, 10_000, true),
            (3, LEERID, 1, false),
            (3, ITSME, 10_000, true),
            (4, ITSME, 60, true),
            (4, ITSME, 61, false),
            (4, LEERID, 1, false),
            (5, EID, 5, true),
            (5, EID, 6, false),
        ] {
            assert_eq!(will_do(&signed_in(method, minutes_ago), class, &[director()]), expected, "class {class}, {method}, {minutes_ago}");
        }
    }

    #[test]
    fn what_the_issuer_does_not_say_is_the_weakest() {
        let unsaid = SignIn { method: None, ..signed_in(EID, 1) };
        assert!(will_do(&unsaid, 2, &[director()]) && !will_do(&unsaid, 3, &[director()]));
        assert!(!will_do(&signed_in("urn:somebody:strongest", 1), 3, &[director()]), "a method that nobody entered");
        let timeless = SignIn { at: None, ..signed_in(EID, 1) };
        assert!(will_do(&timeless, 3, &[director()]) && !will_do(&timeless, 4, &[director()]));
    }

    #[test]
    fn a_moment_that_is_yet_to_come_is_not_recent() {
        let ahead = |seconds| SignIn { at: Some(now() + TimeDelta::seconds(seconds)), ..signed_in(EID, 0) };
        assert!(will_do(&ahead(10), 5, &[director()]), "clocks differ a little");
        assert!(!will_do(&ahead(11), 5, &[director()]));
    }

    #[test]
    fn a_client_signs_in_for_every_token_and_is_proposed_to_nobody() {
        let client = SignIn { method: Some("urn:schildwacht:client".to_owned()), at: None, provider: None };
        assert!(will_do(&client, 5, &[Function::Operator]));
        let library = Library::<SignInPolicy>::load(&Settings::default()).unwrap();
        let step_up = library.at(now()).unwrap().body.step_up(&SignIn::default(), 5, &[], now()).unwrap();
        assert!(!step_up.acr_values.contains(&"urn:schildwacht:client".to_owned()), "{step_up:?}");
    }

    #[test]
    fn who_is_a_parent_and_a_teacher_must_do_what_is_asked_of_teachers() {
        let teacher = Function::Teacher(SchoolId::from(Uuid::from_u128(1)));
        let leerid = signed_in(LEERID, 1);
        assert!(will_do(&leerid, 3, &[Function::Parent]));
        assert!(!will_do(&leerid, 3, &[Function::Parent, teacher]));
        assert!(!will_do(&leerid, 3, &[]), "and so does who holds nothing yet");
    }

    #[test]
    fn a_step_up_says_which_methods_would_do_and_how_recent() {
        let library = Library::<SignInPolicy>::load(&Settings::default()).unwrap();
        let policy = &library.at(now()).unwrap().body;
        let step_up = policy.step_up(&signed_in(LEERID, 1), 4, &[director()], now()).unwrap();
        assert_eq!(step_up.max_age, Some(Duration::from_secs(60 * 60)));
        assert_eq!(step_up.acr_values.last().unwrap(), "urn:be:vlaanderen:authmech:eidashigh", "the strongest last");
        assert!(step_up.acr_values.contains(&ITSME.to_owned()) && !step_up.acr_values.contains(&LEERID.to_owned()));
        let step_up = policy.step_up(&signed_in(LEERID, 1), 3, &[director()], now()).unwrap();
        assert_eq!(step_up.max_age, None);
    }

    #[test]
    fn a_pack_that_nobody_could_meet_is_refused() {
        let text = |conditions: &str| {
            format!(
                "id: sign-in\nversion: \"1\"\nvalid_from: 2026-01-01\nsources: [{{ title: a test }}]\nbody:\n  methods:\n    a: {{ level: 2, name: {{ nl: A, en: A }} }}\n  conditions:\n{conditions}"
            )
        };
        let read =
            |conditions: &str| Library::<SignInPolicy>::read(&[("a.yaml".to_owned(), text(conditions))]).map_err(|error| error.to_string());
        let class = |number: u8, asked: &str| format!("    {number}: {{ {asked} }}\n");
        let all = |asked: &str| (1..=CLASSES).map(|number| class(number, asked)).collect::<String>();
        assert!(read(&all("everybody: { level: 2 }")).is_ok());
        let everybody = all("everybody: { level: 2 }");
        let method = "    a: { level: 2, name: { nl: A, en: A } }\n";
        let with_acr = |acr: &[&str]| {
            let methods: String = acr.iter().map(|acr| method.replacen("a:", &format!("{acr:?}:"), 1)).collect();
            let text = text(&everybody).replace(method, &methods);
            Library::<SignInPolicy>::read(&[("a.yaml".to_owned(), text)]).map_err(|error| error.to_string())
        };
        assert!(with_acr(&["urn:a"]).is_ok());
        for acr in ["urn:a b", "urn:\"a", "urn:é"] {
            assert!(with_acr(&[acr]).unwrap_err().contains("no acr can be asked for like that"), "{acr}");
        }
        // With a blank behind each.
        let most = [1, 2, 3].map(|number: usize| format!("{number}{}", "a".repeat(StepUp::MOST_ACR_BYTES / 3 - 2)));
        let most = most.each_ref().map(String::as_str);
        assert!(with_acr(&most).is_ok());
        assert!(with_acr(&[most.as_slice(), &["4"]].concat()).unwrap_err().contains("too long to be asked for"));
        for (conditions, complaint) in [
            (all("everybody: { level: 3 }"), "no method is that strong"),
            (all("everybody: { level: 2, phishing_resistant: true }"), "no method is that strong"),
            (all("staff: { level: 2 }"), "say it for everybody"),
            (class(1, "everybody: { level: 1 }"), "each class, 1 to 5"),
        ] {
            assert!(read(&conditions).unwrap_err().contains(complaint), "{conditions}");
        }
    }
}
