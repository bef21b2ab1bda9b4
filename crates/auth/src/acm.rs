//! What the Flemish government's access management (ACM/IDM) says of somebody, and which functions that gives them: content,
//! `content/acm-roles/`, of which each request takes the version of its day.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{LazyLock, Mutex, PoisonError},
};

use content::{Body, Flaws, Spanned, Text};
use opentelemetry::metrics::Counter;
use runtime::{BoardId, SchoolId};
use serde::Deserialize;

use crate::{Function, Hierarchy, Role};

/// The claims of ACM in a token that came through it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcmClaims {
    /// `vo_doelgroepcode`.
    pub target_groups: Vec<String>,
    /// `vo_orgcode`: numbers of institutions or of school boards.
    pub organisations: Vec<String>,
    /// `acm_roles`: `role`, or `role:number` where there are several organisations.
    pub roles: Vec<String>,
}

/// Which role gives which function.
#[derive(Debug)]
pub struct AcmRoles {
    target_group: String,
    /// By the value of the claim.
    roles: BTreeMap<String, AcmRole>,
}

/// A role at ACM.
#[derive(Debug)]
pub struct AcmRole {
    gives: Gives,
    pub name: Text,
}

/// A function, once it is known where.
#[derive(Debug, Clone, Copy)]
enum Gives {
    AtSchool(fn(SchoolId) -> Function),
    AtBoard(fn(BoardId) -> Function),
}

impl Gives {
    const fn of(role: Role) -> Option<Self> {
        match role {
            Role::Director => Some(Self::AtSchool(Function::Director)),
            Role::IctCoordinator => Some(Self::AtSchool(Function::IctCoordinator)),
            Role::Teacher => Some(Self::AtSchool(Function::Teacher)),
            Role::BoardMember => Some(Self::AtBoard(Function::BoardMember)),
            Role::Dpo => Some(Self::AtBoard(Function::Dpo)),
            Role::Responder
            | Role::ResponseLead
            | Role::Operator
            | Role::Reviewer
            | Role::Editor
            | Role::VendorContact
            | Role::Pupil
            | Role::Parent => None,
        }
    }

    /// The function at the organisation of this number, if that is known and of the kind that it holds at.
    fn at(self, number: u32, hierarchy: &Hierarchy) -> Option<Function> {
        match self {
            Self::AtSchool(function) => hierarchy.school_numbered(number).map(function),
            Self::AtBoard(function) => hierarchy.board_numbered(number).map(function),
        }
    }
}

/// Between a role and the number of the organisation where it holds.
const AT: char = ':';

impl AcmRoles {
    /// The functions that the claims give, each once; and the roles that the content does not have.
    ///
    /// A role holds at one organisation: the only one of the claim, or the one that it names itself, if the claim has that too. So nobody
    /// gets at one school what they are at another. A number that is not known gives nothing, nor does one of the wrong kind.
    pub(crate) fn read<'a>(&self, said: &'a AcmClaims, hierarchy: &Hierarchy) -> (Vec<Function>, Vec<&'a str>) {
        let (mut functions, mut unknown) = (Vec::new(), Vec::new());
        if !said.target_groups.contains(&self.target_group) {
            return (functions, unknown);
        }
        let organisations: BTreeSet<u32> = said.organisations.iter().filter_map(|text| number(text)).collect();
        let only_one = organisations.first().copied().filter(|_| organisations.len() == 1);
        for text in &said.roles {
            let (name, named) = text.rsplit_once(AT).map_or((text.as_str(), None), |(name, named)| (name, Some(named)));
            let Some(AcmRole { gives, .. }) = self.roles.get(name) else {
                unknown.push(name);
                continue;
            };
            let at = named.map_or(only_one, |named| number(named).filter(|named| organisations.contains(named)));
            let function = at.and_then(|at| gives.at(at, hierarchy)).filter(|function| !functions.contains(function));
            functions.extend(function);
        }
        (functions, unknown)
    }

    /// The roles by the value of the claim, to register them at ACM.
    pub const fn roles(&self) -> &BTreeMap<String, AcmRole> {
        &self.roles
    }
}

/// A number of the ministry's master data, however many zeros it begins with.
pub(crate) fn number(text: &str) -> Option<u32> {
    let only_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| only_digits && *number != 0)
}

/// The body of the pack.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    target_group: Spanned<String>,
    roles: BTreeMap<String, Spanned<WrittenRole>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRole {
    function: String,
    name: Text,
}

impl Body for AcmRoles {
    const ID: &'static str = "acm-roles";

    type Written = Written;

    fn read(written: Written, flaws: &mut Flaws) -> Option<Self> {
        if written.target_group.value.trim().is_empty() {
            flaws.add(&written.target_group, "write the target group whose roles count, such as OV");
        }
        let mut roles = BTreeMap::new();
        for (value, role) in written.roles {
            if value.is_empty() || value.contains(AT) {
                flaws.add(&role, format!("{value:?} is no role: write its value, without {AT:?} and what follows"));
            }
            match role.value.function.parse().ok().and_then(Gives::of) {
                Some(gives) => drop(roles.insert(value, AcmRole { gives, name: role.value.name })),
                None => flaws.add(&role, "function is director, ict_coordinator, teacher, board_member or dpo"),
            }
        }
        Some(Self { target_group: written.target_group.value, roles })
    }
}

/// Roles that no content has, each told once: somebody at ACM gives them, and their bearers wonder why nothing opens.
#[derive(Debug, Default)]
pub(crate) struct UnknownRoles(Mutex<BTreeSet<String>>);

/// More are not told apart, so that they cost no memory.
const MOST_UNKNOWN: usize = 100;

static UNKNOWN: LazyLock<Counter<u64>> = LazyLock::new(|| {
    let meter = opentelemetry::global::meter("schildwacht.auth");
    meter
        .u64_counter("acm.unknown_roles")
        .with_description("roles of ACM that content/acm-roles does not have, each once a process")
        .build()
});

impl UnknownRoles {
    /// Whether it was told for the first time.
    pub(crate) fn tell(&self, role: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST_UNKNOWN || told.contains(role) {
            return false;
        }
        told.insert(role.to_owned());
        UNKNOWN.add(1, &[]);
        tracing::warn!(name: "acm.role_unknown", role, "a role of ACM gives nothing, add it to content/acm-roles if it should");
        true
    }
}

#[cfg(test)]
mod tests {
    use content::{Library, Settings};
    use proptest::prelude::*;
    use runtime::BoardId;
    use uuid::Uuid;

    use super::*;

    const SCHOOL: u32 = 9_712;
    const OTHER: u32 = 44_321;
    const BOARD: u32 = 970_001;

    fn school(number: u32) -> SchoolId {
        Uuid::from_u128(number.into()).into()
    }

    fn board() -> BoardId {
        Uuid::from_u128(1).into()
    }

    fn hierarchy() -> Hierarchy {
        let hierarchy = Hierarchy::default();
        for number in [SCHOOL, OTHER] {
            hierarchy.put(
                school(number),
                [(school(number).into(), board().into())],
                [(school(number).into(), number), (board().into(), BOARD)],
            );
        }
        hierarchy
    }

    fn claims(organisations: &[&str], roles: &[&str]) -> AcmClaims {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        AcmClaims { target_groups: owned(&["OV"]), organisations: owned(organisations), roles: owned(roles) }
    }

    fn bundled() -> Library<AcmRoles> {
        Library::load(&Settings::default()).unwrap()
    }

    fn functions(said: &AcmClaims) -> Vec<Function> {
        bundled().packs()[0].body.read(said, &hierarchy()).0
    }

    #[test]
    fn a_role_is_a_function_at_the_organisation_of_the_claim() {
        for (organisation, role, expected) in [
            ("009712", "SchildwachtDirecteur", Some(Function::Director(school(SCHOOL)))),
            ("9712", "SchildwachtIctCoordinator", Some(Function::IctCoordinator(school(SCHOOL)))),
            ("0000009712", "SchildwachtLeerkracht", Some(Function::Teacher(school(SCHOOL)))),
            ("970001", "SchildwachtBestuurder", Some(Function::BoardMember(board()))),
            ("970001", "SchildwachtDpo", Some(Function::Dpo(board()))),
            // Of the wrong kind, not known, no number.
            ("970001", "SchildwachtDirecteur", None),
            ("009712", "SchildwachtDpo", None),
            ("123456", "SchildwachtDirecteur", None),
            ("OVO009712", "SchildwachtDirecteur", None),
            ("+9712", "SchildwachtDirecteur", None),
            ("", "SchildwachtDirecteur", None),
            // Exactly as the content has it.
            ("009712", "schildwachtdirecteur", None),
            ("009712", "SchildwachtDirecteur ", None),
        ] {
            assert_eq!(functions(&claims(&[organisation], &[role])), Vec::from_iter(expected), "{role} at {organisation:?}");
        }
    }

    #[test]
    fn of_another_target_group_nothing_counts() {
        for target_groups in [vec![], vec!["BUR".to_owned()], vec!["ov".to_owned()]] {
            let said = AcmClaims { target_groups, ..claims(&["009712"], &["SchildwachtDirecteur"]) };
            assert_eq!(functions(&said), []);
        }
        let both = AcmClaims { target_groups: vec!["BUR".to_owned(), "OV".to_owned()], ..claims(&["009712"], &["SchildwachtDirecteur"]) };
        assert_eq!(functions(&both).len(), 1);
    }

    #[test]
    fn at_several_organisations_a_role_names_its_own() {
        let at = |roles: &[&str]| functions(&claims(&["009712", "044321", "970001"], roles));
        let roles = ["SchildwachtDirecteur:9712", "SchildwachtLeerkracht:044321", "SchildwachtDpo:970001", "SchildwachtDirecteur:009712"];
        assert_eq!(at(&roles), [Function::Director(school(SCHOOL)), Function::Teacher(school(OTHER)), Function::Dpo(board())]);
        assert_eq!(at(&["SchildwachtDirecteur"]), [], "it does not say at which");
        let elsewhere = claims(&["009712"], &["SchildwachtDirecteur:044321"]);
        assert_eq!(functions(&elsewhere), [], "a school that the claim of organisations does not have");
        assert_eq!(functions(&claims(&["009712", "9712"], &["SchildwachtDirecteur"])), [Function::Director(school(SCHOOL))], "said twice");
    }

    #[test]
    fn a_role_that_nobody_entered_gives_nothing_and_is_told_once() {
        let said = claims(&["009712"], &["SchildwachtKok", "SchildwachtDirecteur", "SchildwachtKok:009712"]);
        let library = bundled();
        let (functions, unknown) = library.packs()[0].body.read(&said, &hierarchy());
        assert_eq!((functions, unknown), (vec![Function::Director(school(SCHOOL))], vec!["SchildwachtKok", "SchildwachtKok"]));
        let told = UnknownRoles::default();
        assert_eq!([told.tell("SchildwachtKok"), told.tell("SchildwachtKok"), told.tell("SchildwachtPoetshulp")], [true, false, true]);
        let new = (0..1_000).filter(|number| told.tell(&number.to_string())).count();
        assert_eq!(new, MOST_UNKNOWN - 2, "and then no more");
    }

    proptest! {
        /// Whatever is claimed, nobody gets a function at an organisation that the claim does not have, and none twice.
        #[test]
        fn no_claim_reaches_beyond_its_organisations(
            organisations in prop::collection::vec(prop::sample::select(vec!["009712", "9712", "044321", "970001", "1", "x"]), 0..4),
            roles in prop::collection::vec(
                (
                    prop::sample::select(vec!["SchildwachtDirecteur", "SchildwachtLeerkracht", "SchildwachtBestuurder", "SchildwachtDpo", "Kok"]),
                    prop::option::of(prop::sample::select(vec!["9712", "0044321", "970001", "2", ""])),
                ),
                0..6,
            ),
        ) {
            let roles: Vec<String> = roles.into_iter().map(|(role, at)| at.map_or_else(|| role.to_owned(), |at| format!("{role}:{at}"))).collect();
            let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
            let given = functions(&claims(&organisations, &roles));
            let numbers: BTreeSet<u32> = organisations.iter().filter_map(|text| number(text)).collect();
            for function in &given {
                let at = match function {
                    Function::Director(at) | Function::Teacher(at) => if *at == school(SCHOOL) { SCHOOL } else { OTHER },
                    Function::BoardMember(_) | Function::Dpo(_) => BOARD,
                    other => panic!("{other} came of no role"),
                };
                prop_assert!(numbers.contains(&at), "{function} of {organisations:?}");
                prop_assert_eq!(given.iter().filter(|other| *other == function).count(), 1);
            }
        }
    }

    #[test]
    fn a_pack_with_a_role_that_means_nothing_is_refused() {
        let read = |target_group: &str, roles: &str| {
            let text = format!(
                "id: acm-roles\nversion: \"1\"\nvalid_from: 2026-01-01\nsources: [{{ title: a test }}]\nbody:\n  target_group: \"{target_group}\"\n  roles: {{ {roles} }}"
            );
            Library::<AcmRoles>::read(&[("a.yaml".to_owned(), text)]).map_err(|error| error.to_string())
        };
        assert!(read("OV", "A: { function: dpo, name: { nl: A, en: A } }").is_ok());
        for (target_group, roles, complaint) in [
            (" ", "A: { function: dpo, name: { nl: A, en: A } }", "whose roles count"),
            ("OV", "A: { function: operator, name: { nl: A, en: A } }", "function is director,"),
            ("OV", "A: { function: janitor, name: { nl: A, en: A } }", "function is director,"),
            ("OV", "\"A:9712\": { function: dpo, name: { nl: A, en: A } }", "is no role"),
        ] {
            let refused = read(target_group, roles).unwrap_err();
            assert!(refused.contains(complaint), "{roles}: {refused}");
        }
    }
}
