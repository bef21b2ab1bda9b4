//! What each place in a service may use: the table of the house style.

use super::{
    finding::Finding,
    paths::{NamedPath, Source},
};
use crate::tree::Tree;

/// One row of the table.
struct Place {
    /// Below `src/`; a folder ends in `/`.
    path: &'static str,
    /// Own modules as `crate::store`; our other rooms and the libraries of [`WATCHED`] by name, or one item of theirs as `auth::Role`.
    may: &'static [&'static str],
    /// What to do instead.
    instead: &'static str,
}

const TABLE: &[Place] = &[
    Place {
        path: "config.rs",
        may: &["crate::config", "runtime", "storage", "events", "auth"],
        instead: "config.rs holds fields, defaults and validation; what uses them belongs elsewhere",
    },
    Place {
        path: "domain/",
        // Of auth, what somebody is and where, and what they reach by it: values, and nothing of a request.
        may: &[
            "crate::domain",
            "runtime",
            "content",
            "auth::Function",
            "auth::Role",
            "auth::Resource",
            "auth::Access",
            "auth::Action",
            "auth::DataKind",
            "auth::Policy",
            "auth::Reach",
        ],
        instead: "domain/ is pure; let app/ load what is needed and pass it in, and convert at the edge",
    },
    Place {
        // Outbox, inbox and the queue of mail are tables of each service, made by migrations of crates/events and crates/mail.
        path: "store/migration/",
        may: &["crate::store", "events", "mail", "runtime", "storage", "sea_orm", "sea_orm_migration"],
        instead: "a migration makes tables from entities, and knows nothing above store/",
    },
    Place {
        // Of auth it uses the caller's scope, which goes into every look-up.
        path: "store/",
        may: &["crate::store", "crate::domain", "auth", "content", "runtime", "storage", "sea_orm", "sea_orm_migration", "tokio"],
        instead: "store/ turns rows into domain values and back, and knows nothing else",
    },
    Place {
        path: "app/",
        may: &[
            "crate::app",
            "crate::domain",
            "crate::store",
            "crate::outbound",
            "crate::config",
            // Of identity: the issuer's side of a change, told where the change is decided.
            "crate::keycloak",
            // Of identity: the name servers that a domain's proof is looked for at.
            "crate::dns",
            "runtime",
            "auth",
            "storage",
            "events",
            "mail",
            "content",
            "tokio",
        ],
        instead: "app/ authorizes, loads, decides and records; wire types stop at the edge, queries live in store/",
    },
    Place {
        path: "grpc/",
        may: &["crate::grpc", "crate::messages", "crate::app", "crate::domain", "runtime", "auth", "proto", "tonic", "http", "tokio"],
        instead: "grpc/ only converts and dispatches to app/",
    },
    Place {
        path: "http/",
        may: &["crate::http", "crate::messages", "crate::app", "crate::domain", "runtime", "auth", "proto", "axum", "http", "tokio"],
        instead: "http/ only converts and dispatches to app/",
    },
    Place {
        path: "outbound/",
        may: &["crate::outbound", "crate::messages", "crate::domain", "runtime", "auth", "events", "proto"],
        instead: "outbound.rs puts what happened into envelopes, below app/, which writes them to the outbox",
    },
    Place {
        path: "inbound/",
        may: &[
            "crate::inbound",
            "crate::outbound",
            "crate::messages",
            "crate::wire",
            "crate::app",
            "crate::domain",
            "runtime",
            "auth",
            "events",
            "storage",
            "proto",
            "tokio",
        ],
        instead: "inbound.rs reads events of others and hands them to app/",
    },
    Place {
        path: "wire/",
        may: &["crate::wire", "crate::domain", "runtime"],
        instead: "wire/ reads bytes of others into domain values, and knows nothing else",
    },
    Place {
        path: "messages/",
        may: &["crate::messages", "crate::domain", "runtime", "content", "proto", "auth::DataKind", "auth::Function", "auth::Policy"],
        instead: "messages/ says domain values in protobuf, for the events and the answers that share them",
    },
    Place {
        path: "jobs/",
        may: &["crate::jobs", "crate::app", "crate::config", "runtime", "auth", "tokio"],
        instead: "a job calls one use case of app/ and takes no input",
    },
];

/// Our rooms, and the libraries whose use says which layer one is in.
const WATCHED: &[&str] = &[
    "auth",
    "content",
    "events",
    "mail",
    "proto",
    "runtime",
    "storage",
    "testkit",
    "askama",
    "axum",
    "http",
    "hyper",
    "rdkafka",
    "redis",
    "reqwest",
    "sea_orm",
    "sea_orm_migration",
    "tokio",
    "tonic",
];

/// The only place in a service that knows the database library.
const DATABASE: &[&str] = &["sea_orm", "sea_orm_migration"];

/// Places stay within their row of the table; the database library stays in `store/`.
pub fn table(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, below_src, source) in service_sources(tree) {
        let modules = modules_of(tree, &path);
        let row = TABLE.iter().find(|place| is_in(&below_src, place.path));
        for named in &source.paths {
            let used = used(named, &below_src, &modules);
            if let Some(row) = row {
                if is_governed(&used) && !row.may.contains(&used.as_str()) && !row.may.contains(&item(named).as_str()) {
                    let message = format!("{} may not use {used}: {}", row.path, row.instead);
                    findings.push(Finding::new("imports", &path, named.line, message));
                }
            } else if DATABASE.contains(&used.as_str()) && below_src != "lib.rs" {
                findings.push(Finding::new("imports", &path, named.line, format!("{used} is for store/ only: move the query there")));
            }
        }
    }
}

/// The domain neither waits nor reaches outside the process; configuration reads nothing by itself.
pub fn pure_places(tree: &Tree, findings: &mut Vec<Finding>) {
    const OUTSIDE: [&str; 4] = ["env", "fs", "process", "thread"];
    for (path, below_src, source) in service_sources(tree) {
        let is_domain = is_in(&below_src, "domain/");
        if !is_domain && !is_in(&below_src, "config.rs") {
            continue;
        }
        for named in &source.paths {
            if let [root, module, ..] = named.segments.as_slice()
                && root == "std"
                && OUTSIDE.contains(&module.as_str())
            {
                findings.push(Finding::new("pure", &path, named.line, format!("std::{module} reaches outside: pass in what was read")));
            }
        }
        for line in source.async_lines.iter().filter(|_| is_domain) {
            findings.push(Finding::new("pure", &path, *line, "domain/ is synchronous: let app/ wait and pass in the result"));
        }
    }
}

/// Sources of the services with their path below `src/`. Left out: the binary, which ties everything together, and tests.
fn service_sources(tree: &Tree) -> impl Iterator<Item = (String, String, Source)> {
    tree.files("services/", ".rs").filter_map(|(path, text)| {
        let (service, below_src) = path.strip_prefix("services/")?.split_once("/src/")?;
        let is_test = below_src.ends_with("tests.rs") || below_src.contains("tests/");
        if service == "schildwacht" || is_test {
            return None;
        }
        Some((path.to_owned(), below_src.to_owned(), Source::read(text)?))
    })
}

/// What a path names of another room: `auth::Role`.
fn item(named: &NamedPath) -> String {
    named.segments.iter().take(2).map(String::as_str).collect::<Vec<_>>().join("::")
}

/// Whether a file below `src/` belongs to a place. `inbound.rs`, `inbound/mod.rs` and `inbound/alert.rs` are all in `inbound/`.
fn is_in(below_src: &str, place: &str) -> bool {
    match place.strip_suffix('/') {
        Some(folder) => below_src.starts_with(place) || below_src.strip_suffix(".rs") == Some(folder),
        None => below_src == place,
    }
}

/// The top modules of the service this file is in.
fn modules_of(tree: &Tree, path: &str) -> Vec<String> {
    let Some((service, _)) = path.split_once("/src/") else { return Vec::new() };
    let src = format!("{service}/src/");
    let mut modules: Vec<String> = tree
        .files(&src, ".rs")
        .filter_map(|(file, _)| file.strip_prefix(&src))
        .map(|below| below.split(['/', '.']).next().unwrap_or(below).to_owned())
        .collect();
    modules.dedup();
    modules
}

/// What a path uses: `crate::store` for an own module, the crate's name otherwise.
fn used(named: &NamedPath, below_src: &str, modules: &[String]) -> String {
    let root = named.root();
    let own = |module: Option<&String>| match module {
        Some(module) if modules.contains(module) => format!("crate::{module}"),
        // A type or function that lib.rs gives to the whole crate.
        _ => "crate".to_owned(),
    };
    match root {
        "crate" => own(named.segments.get(1)),
        "super" => {
            let ups = named.segments.iter().take_while(|segment| *segment == "super").count();
            let mut home: Vec<&str> = below_src.trim_end_matches(".rs").trim_end_matches("/mod").split('/').collect();
            home.truncate(home.len().saturating_sub(ups));
            match home.first() {
                Some(module) => format!("crate::{module}"),
                None => own(named.segments.get(ups)),
            }
        }
        root => root.to_owned(),
    }
}

fn is_governed(used: &str) -> bool {
    used.starts_with("crate::") || WATCHED.contains(&used)
}

#[cfg(test)]
mod tests {
    use super::super::finding::printed;
    use super::*;

    const LIB: (&str, &str) = ("services/a/src/lib.rs", "mod domain; mod store; mod app;");

    fn imports(path: &str, text: &str) -> Vec<String> {
        let file = format!("services/a/src/{path}");
        let others = ["domain/case.rs", "store/case.rs", "app/open_case.rs", "grpc.rs"].map(|other| format!("services/a/src/{other}"));
        let mut files: Vec<(&str, &str)> = others.iter().map(|other| (other.as_str(), "")).collect();
        files.extend([LIB, (file.as_str(), text)]);
        printed(table, &files)
    }

    #[test]
    fn each_place_may_use_what_its_row_says() {
        assert_eq!(imports("domain/case.rs", "use runtime::SchoolId; use super::case::Case; use chrono::Utc;"), [""; 0]);
        assert_eq!(imports("store/case.rs", "use crate::domain::case::Case; use sea_orm::EntityTrait; use storage::Database;"), [""; 0]);
        assert_eq!(imports("store/migration/mod.rs", "use events::AddOutbox; use super::m20261124_add_cases;"), [""; 0]);
        assert_eq!(imports("app/open_case.rs", "use crate::{domain::case::Case, store::case}; use auth::Context;"), [""; 0]);
        assert_eq!(imports("grpc/case.rs", "use proto::x::v1 as wire; use tonic::Request; use crate::app::open_case;"), [""; 0]);
    }

    #[test]
    fn domain_knows_no_library_of_the_edge() {
        for library in ["sea_orm", "tonic", "axum", "proto", "storage", "events", "tokio", "auth"] {
            let found = imports("domain/case.rs", &format!("\nfn f() {{ {library}::x() }}"));
            assert_eq!(found.len(), 1, "{library}");
            assert!(
                found[0].starts_with(&format!("services/a/src/domain/case.rs:2: imports: domain/ may not use {library}: ")),
                "{}",
                found[0]
            );
        }
    }

    #[test]
    fn layers_do_not_reach_up() {
        assert!(imports("domain/case.rs", "use crate::store::case;")[0].contains("domain/ may not use crate::store"));
        assert!(imports("store/case.rs", "use super::super::app::open_case;")[0].contains("store/ may not use crate::app"));
        assert!(imports("store/migration/m1.rs", "use crate::domain::case;")[0].contains("store/migration/ may not use crate::domain"));
        assert!(imports("app/open_case.rs", "use crate::grpc;")[0].contains("app/ may not use crate::grpc"));
        assert!(imports("grpc.rs", "use crate::store::case;")[0].contains("grpc/ may not use crate::store"));
        assert!(imports("jobs.rs", "use crate::store::case;")[0].contains("jobs/ may not use crate::store"));
        assert!(imports("inbound.rs", "use crate::store::case;")[0].contains("inbound/ may not use crate::store"));
        assert!(imports("config.rs", "use crate::domain::case::Case;")[0].contains("config.rs may not use crate::domain"));
    }

    #[test]
    fn wire_types_stop_at_the_edge() {
        assert!(imports("app/open_case.rs", "use proto::x::v1::Case;")[0].contains("app/ may not use proto"));
        assert!(imports("store/case.rs", "use proto::x::v1::Case;")[0].contains("store/ may not use proto"));
    }

    #[test]
    fn database_library_stays_in_store_also_outside_the_table() {
        assert!(imports("issuer.rs", "use sea_orm::EntityTrait;")[0].contains("sea_orm is for store/ only"));
        assert_eq!(imports("lib.rs", "fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {}"), [""; 0]);
    }

    #[test]
    fn tests_may_use_anything() {
        assert_eq!(imports("domain/case.rs", "#[cfg(test)] mod tests { use sea_orm::X; async fn f() {} }"), [""; 0]);
        assert_eq!(imports("domain/case/tests.rs", "use sea_orm::X;"), [""; 0]);
    }

    #[test]
    fn the_binary_ties_everything_together() {
        assert_eq!(printed(table, &[("services/schildwacht/src/app/x.rs", "use sea_orm::X; use tonic::Y;")]), [""; 0]);
    }

    #[test]
    fn domain_that_waits_or_reaches_outside_is_found() {
        let domain = ("services/a/src/domain/case.rs", "use std::fs;\nuse std::net::IpAddr;\nasync fn f() {}");
        let config = ("services/a/src/config.rs", "fn f() { std::env::var(\"X\") }");
        let app = ("services/a/src/app/x.rs", "use std::fs; async fn f() {}");
        let found = printed(pure_places, &[domain, config, app]);
        assert_eq!(found.len(), 3);
        assert!(found[0].starts_with("services/a/src/config.rs:1: pure: std::env reaches outside"));
        assert!(found[1].starts_with("services/a/src/domain/case.rs:1: pure: std::fs reaches outside"));
        assert!(found[2].starts_with("services/a/src/domain/case.rs:3: pure: domain/ is synchronous"));
    }
}
