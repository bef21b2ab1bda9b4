//! Who is calling.

use std::{fmt, str::FromStr};

use runtime::{GatewayId, PersonId, SchoolId};

/// What somebody is, somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// Works the response team's queue.
    Responder,
    /// Leads the response team.
    ResponseLead,
    /// Runs the platform.
    Operator,
    /// Heads a school.
    Director(SchoolId),
    /// Looks after a school's computers.
    IctCoordinator(SchoolId),
}

impl Function {
    /// The role's name in policies and claims.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Responder => "responder",
            Self::ResponseLead => "response_lead",
            Self::Operator => "operator",
            Self::Director(_) => "director",
            Self::IctCoordinator(_) => "ict_coordinator",
        }
    }

    /// The school where it holds; `None`: everywhere.
    pub const fn school(self) -> Option<SchoolId> {
        match self {
            Self::Responder | Self::ResponseLead | Self::Operator => None,
            Self::Director(school) | Self::IctCoordinator(school) => Some(school),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.school() {
            None => formatter.write_str(self.role()),
            Some(school) => write!(formatter, "{}@{school}", self.role()),
        }
    }
}

/// A claim that names no function we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no function")]
pub struct UnknownFunction(String);

impl FromStr for Function {
    type Err = UnknownFunction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownFunction(text.to_owned());
        match text.split_once('@') {
            None => match text {
                "responder" => Ok(Self::Responder),
                "response_lead" => Ok(Self::ResponseLead),
                "operator" => Ok(Self::Operator),
                _ => Err(unknown()),
            },
            Some((role, school)) => {
                let school = school.parse().map_err(|_| unknown())?;
                match role {
                    "director" => Ok(Self::Director(school)),
                    "ict_coordinator" => Ok(Self::IctCoordinator(school)),
                    _ => Err(unknown()),
                }
            }
        }
    }
}

/// Who, by what the token's subject says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person.
    Person(PersonId),
    /// One of our services, or a command of the operator's.
    Service(String),
    /// A school's gateway.
    Gateway(GatewayId),
}

/// Who is calling, with what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub subject: Subject,
    /// For people to read. Not for logs.
    pub name: String,
    /// What they are.
    pub functions: Vec<Function>,
}

impl Principal {
    /// One of our own services, acting because an event told it to.
    pub fn service(name: &str) -> Self {
        Self { subject: Subject::Service(name.to_owned()), name: name.to_owned(), functions: Vec::new() }
    }

    /// The person, if it is one.
    pub fn person_id(&self) -> Option<PersonId> {
        match self.subject {
            Subject::Person(id) => Some(id),
            Subject::Service(_) | Subject::Gateway(_) => None,
        }
    }

    /// As audit rows name it: `person:<id>`, `service:<name>`, `gateway:<id>`.
    pub fn actor(&self) -> String {
        match &self.subject {
            Subject::Person(id) => format!("person:{id}"),
            Subject::Service(name) => format!("service:{name}"),
            Subject::Gateway(id) => format!("gateway:{id}"),
        }
    }

    /// Whether it has a role, anywhere.
    pub fn has_role(&self, role: &str) -> bool {
        self.functions.iter().any(|function| function.role() == role)
    }

    /// The schools where it has any function, each once.
    pub fn schools(&self) -> Vec<SchoolId> {
        let mut schools: Vec<SchoolId> = self.functions.iter().filter_map(|function| function.school()).collect();
        schools.sort_unstable();
        schools.dedup();
        schools
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_survives_its_claim() {
        for text in ["responder", "response_lead", "operator", "director@0190c0de-0000-7000-8000-000000000001"] {
            assert_eq!(text.parse::<Function>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_claim_that_means_nothing_is_no_function() {
        for text in ["", "director", "director@", "director@everywhere", "responder@0190c0de-0000-7000-8000-000000000001", "Operator"] {
            assert!(text.parse::<Function>().is_err(), "{text}");
        }
    }
}
