//! The fictional people one can sign in as: content pack `demo`.

use std::collections::{BTreeMap, BTreeSet};

use auth::Function;
use content::{Body, Flaws, Spanned, Text};
use runtime::{PersonId, SchoolId};
use serde::Deserialize;

use crate::domain::InstitutionNumber;

/// All personas, in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personas(Vec<Persona>);

/// A fictional person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// Short and stable, `noor`.
    pub id: String,
    /// `sub` of their tokens.
    pub person: PersonId,
    /// First and last name.
    pub name: String,
    /// What they are, in words.
    pub function: Text,
    /// What they will see, in words.
    pub sees: Text,
    /// An icon of the portal.
    pub icon: String,
    /// How strongly they are taken to have signed in: a suffix of the Flemish authentication means (`itsme`), or `leerid`.
    pub means: String,
    /// What they are, in rights.
    pub roles: Vec<PersonaRole>,
    /// What ACM says of them, if they come through it as the real ones do.
    pub acm: Option<PersonaAtAcm>,
}

/// Somebody's roles at their organisation, as ACM says them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonaAtAcm {
    /// A school.
    pub organisation: InstitutionNumber,
    /// Values of `content/acm-roles/`.
    pub roles: Vec<String>,
}

/// The sign-in of pupils and parents.
const LEERID: &str = "leerid";

/// A function whose school is named by its number, because its id is made when it is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonaRole {
    /// At no school in particular.
    Everywhere(Function),
    /// Heads a school.
    DirectorOf(InstitutionNumber),
    /// Looks after a school's computers.
    IctCoordinatorOf(InstitutionNumber),
}

impl PersonaRole {
    fn parse(text: &str) -> Option<Self> {
        let Some((role, school)) = text.split_once('@') else { return text.parse().ok().map(Self::Everywhere) };
        let school = school.parse().ok()?;
        match role {
            "director" => Some(Self::DirectorOf(school)),
            "ict_coordinator" => Some(Self::IctCoordinatorOf(school)),
            _ => None,
        }
    }

    fn school(self) -> Option<InstitutionNumber> {
        match self {
            Self::Everywhere(_) => None,
            Self::DirectorOf(school) | Self::IctCoordinatorOf(school) => Some(school),
        }
    }

    fn function(self, schools: &BTreeMap<InstitutionNumber, SchoolId>) -> Option<Function> {
        match self {
            Self::Everywhere(function) => Some(function),
            Self::DirectorOf(school) => schools.get(&school).copied().map(Function::Director),
            Self::IctCoordinatorOf(school) => schools.get(&school).copied().map(Function::IctCoordinator),
        }
    }
}

impl Persona {
    /// How they signed in, as `acr` says it.
    pub fn method(&self) -> String {
        if self.means == LEERID { "urn:schildwacht:leerid".to_owned() } else { format!("urn:be:vlaanderen:authmech:{}", self.means) }
    }

    /// Through which identity provider they came; `None`: as an account of the issuer's own.
    pub fn identity_provider(&self) -> Option<&'static str> {
        if self.means == LEERID { Some(LEERID) } else { self.acm.as_ref().map(|_| "acm") }
    }

    /// The functions that their tokens name; `None` while one of their schools is not known, since they would have nothing to see.
    pub fn functions(&self, schools: &BTreeMap<InstitutionNumber, SchoolId>) -> Option<Vec<Function>> {
        if self.acm.as_ref().is_some_and(|acm| !schools.contains_key(&acm.organisation)) {
            return None;
        }
        self.roles.iter().map(|role| role.function(schools)).collect()
    }
}

impl Personas {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Persona> {
        self.0.iter()
    }

    /// The persona of this id.
    pub fn find(&self, id: &str) -> Option<&Persona> {
        self.0.iter().find(|persona| persona.id == id)
    }

    /// The schools where anyone of them has a function.
    pub fn schools(&self) -> BTreeSet<InstitutionNumber> {
        let by_role = self.0.iter().flat_map(|persona| &persona.roles).filter_map(|role| role.school());
        let at_acm = self.0.iter().filter_map(|persona| Some(persona.acm.as_ref()?.organisation));
        by_role.chain(at_acm).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenPersonas {
    personas: Vec<WrittenPersona>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPersona {
    id: Spanned<String>,
    person: Spanned<String>,
    name: String,
    function: Text,
    sees: Text,
    icon: String,
    means: String,
    #[serde(default)]
    roles: Vec<Spanned<String>>,
    #[serde(default)]
    acm: Option<WrittenAtAcm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAtAcm {
    organisation: Spanned<String>,
    roles: Vec<String>,
}

impl Body for Personas {
    const ID: &'static str = "demo";
    type Written = WrittenPersonas;

    fn read(written: WrittenPersonas, flaws: &mut Flaws) -> Option<Self> {
        let mut taken = BTreeSet::new();
        let personas = written.personas.into_iter().filter_map(|persona| persona.read(&mut taken, flaws)).collect();
        Some(Self(personas))
    }
}

impl WrittenPersona {
    fn read(self, taken: &mut BTreeSet<String>, flaws: &mut Flaws) -> Option<Persona> {
        let is_slug = !self.id.value.is_empty() && self.id.value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if !is_slug {
            flaws.add(&self.id, "write the id in small letters and hyphens, such as noor");
        }
        if !taken.insert(self.id.value.clone()) {
            flaws.add(&self.id, format!("{} is used twice; give every persona an id of its own", self.id.value));
        }
        let Ok(person) = self.person.value.parse() else {
            flaws.add(&self.person, "write a UUID: it becomes the subject of this person's tokens");
            return None;
        };
        let mut roles = Vec::with_capacity(self.roles.len());
        for role in &self.roles {
            match PersonaRole::parse(&role.value) {
                Some(parsed) => roles.push(parsed),
                None => flaws.add(
                    role,
                    "write responder, response_lead, operator, pupil, parent, or director@ or ict_coordinator@ and the institution number of a school",
                ),
            }
        }
        let acm = self.acm.and_then(|WrittenAtAcm { organisation, roles }| match organisation.value.parse() {
            Ok(number) => Some(PersonaAtAcm { organisation: number, roles }),
            Err(_) => {
                flaws.add(&organisation, "write the institution number of a school");
                None
            }
        });
        Some(Persona {
            id: self.id.value,
            person,
            name: self.name,
            function: self.function,
            sees: self.sees,
            icon: self.icon,
            means: self.means,
            roles,
            acm,
        })
    }
}

#[cfg(test)]
mod tests {
    use content::{Library, Settings};
    use runtime::Ids;

    use super::*;

    fn bundled() -> Personas {
        let library = Library::<Personas>::load(&Settings::default()).unwrap();
        library.packs()[0].body.clone()
    }

    #[test]
    fn every_persona_of_the_demo_has_something_to_see() {
        let ids = Ids::counted();
        let schools = bundled().schools().into_iter().map(|number| (number, ids.next())).collect();
        for persona in bundled().iter() {
            assert!(!persona.functions(&schools).unwrap().is_empty() || persona.acm.is_some(), "{}", persona.id);
        }
    }

    #[test]
    fn a_persona_of_an_unknown_school_has_no_functions() {
        let personas = bundled();
        for of_a_school in ["els", "jonas"] {
            assert_eq!(personas.find(of_a_school).unwrap().functions(&BTreeMap::new()), None);
        }
        assert_eq!(personas.find("noor").unwrap().functions(&BTreeMap::new()), Some(vec![Function::Responder]));
    }
}
