//! Manifests: one version of each dependency, each with its reason, each in the room that needs it.

use std::collections::BTreeSet;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{finding::Finding, paths::Source};
use crate::tree::Tree;

/// Keys of `[package]` that every crate takes from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

/// Which of our rooms a shared crate may build on. Services may build on all of these, never on one another.
const LAYERS: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("crates/runtime", &[]),
    ("crates/compression", &[]),
    ("crates/otlp", &[]),
    ("crates/content", &["runtime"]),
    ("crates/auth", &["runtime", "content"]),
    ("crates/storage", &["runtime", "auth"]),
    ("crates/events", &["runtime", "storage", "proto", "auth"]),
    ("crates/mail", &["runtime", "storage", "auth"]),
    ("crates/service", &["runtime", "content", "storage", "proto", "auth", "events", "mail"]),
    ("crates/servers", &[]),
    ("crates/testkit", &["proto", "runtime", "content", "auth", "storage", "events", "mail", "service", "servers"]),
];

/// Libraries that one room, with the crates in folders below it, hides from the others. Tests may use any.
const ROOMS_OF_LIBRARIES: &[(&str, &[&str])] = &[
    ("anyhow", &["services/schildwacht", "crates/servers", "crates/testkit", "load-tests", "xtask"]),
    // The portal, its frame and its areas: the crates that know HTML.
    ("askama", &["services/portal"]),
    ("cedar-policy", &["crates/auth"]),
    ("clap", &["services/schildwacht", "load-tests"]),
    ("lettre", &["crates/mail"]),
    ("lightningcss", &["services/portal/frame"]),
    ("rdkafka", &["crates/events", "load-tests"]),
    ("redis", &["crates/storage"]),
    ("servers", &["crates/testkit", "xtask"]),
    ("testkit", &["load-tests"]),
];

/// Needed by code that is generated outside our sources.
const USED_BY_GENERATED_CODE: &[(&str, &[&str])] = &[("proto", &["prost", "prost-types", "tonic-prost"])];

/// Every crate takes its lints, its package fields and its versions from the workspace.
pub fn inheritance(tree: &Tree, findings: &mut Vec<Finding>) {
    for manifest in crates(tree) {
        let lints_inherited = manifest.at(&["lints", "workspace"]).and_then(DeValue::as_bool) == Some(true);
        if !lints_inherited {
            findings.push(manifest.finding("inherit", 1, "lints are not inherited: add [lints] workspace = true"));
        }
        for key in INHERITED {
            let inherited = manifest.at(&["package", key, "workspace"]).and_then(DeValue::as_bool) == Some(true);
            if !inherited {
                findings.push(manifest.finding("inherit", 1, format!("package.{key} is not inherited: write {key}.workspace = true")));
            }
        }
        for dependency in manifest.dependencies().into_iter().filter(|dependency| !dependency.inherits) {
            let key = &dependency.key;
            let message = format!("{key} has a version of its own: pin it in the root Cargo.toml and write {key}.workspace = true");
            findings.push(manifest.finding("inherit", dependency.line, message));
        }
    }
}

/// Every dependency of the workspace, or the group of lines it stands in, opens with a comment that says why.
pub fn reasons(tree: &Tree, findings: &mut Vec<Finding>) {
    let Some(manifest) = Manifest::read(tree, "Cargo.toml") else { return };
    let lines: Vec<&str> = manifest.text.lines().map(str::trim).collect();
    for (key, line) in manifest.keys(&["workspace", "dependencies"]) {
        let group = lines.iter().take(line - 1).rev().take_while(|above| !above.is_empty() && !above.starts_with('['));
        if !group.into_iter().any(|above| above.starts_with('#')) {
            findings.push(manifest.finding("reason", line, format!("{key} has no reason: write a sentence above it, or above its group")));
        }
    }
}

/// What runs services: the binary all of them, the load tests one at a time.
const RUN_SERVICES: &[&str] = &["services/schildwacht", "load-tests"];

/// Whose tests run services: pages are tested against the real ones.
const TESTS_RUN_SERVICES: &[&str] = &["services/portal"];

/// Services meet in `proto` and in events; only what runs them knows them. Shared crates keep to their layer.
pub fn service_dependencies(tree: &Tree, findings: &mut Vec<Finding>) {
    let services = rooms(tree, "services/");
    let all_rooms = rooms(tree, "");
    for manifest in crates(tree) {
        let layer = LAYERS.iter().find(|(folder, _)| *folder == manifest.folder()).map(|(_, may)| *may);
        for dependency in manifest.dependencies() {
            let (key, line) = (&dependency.key, dependency.line);
            let runs_services =
                RUN_SERVICES.contains(&manifest.folder()) || dependency.for_tests() && TESTS_RUN_SERVICES.contains(&manifest.folder());
            if services.contains(key) && !runs_services && !is_own_part(manifest.folder(), key) {
                let message = format!("depends on the service {key}: only services/schildwacht may; meet in proto and events");
                findings.push(manifest.finding("service-dependency", line, message));
            } else if let Some(may) = layer
                && all_rooms.contains(key)
                && !may.contains(&key.as_str())
                && !dependency.for_tests()
            {
                let message = format!("may not build on {key}: see the layers in xtask/src/check/manifests.rs");
                findings.push(manifest.finding("layer", line, message));
            }
        }
    }
}

/// A service may be several crates: the one in its folder builds on those below it, and those on the one named `frame` alone.
fn is_own_part(folder: &str, key: &str) -> bool {
    let Some(name) = folder.strip_prefix("services/") else { return false };
    match name.split_once('/') {
        None => key.starts_with(&format!("{name}-")),
        Some((service, _part)) => key == format!("{service}-frame"),
    }
}

/// A library that one room wraps is used through that room.
pub fn rooms_of_libraries(tree: &Tree, findings: &mut Vec<Finding>) {
    for manifest in crates(tree) {
        for dependency in manifest.dependencies().into_iter().filter(|dependency| !dependency.for_tests()) {
            let homes = ROOMS_OF_LIBRARIES.iter().find(|(library, _)| *library == dependency.key).map(|(_, homes)| *homes);
            if let Some(homes) = homes
                && !homes
                    .iter()
                    .any(|home| manifest.folder().strip_prefix(home).is_some_and(|below| below.is_empty() || below.starts_with('/')))
            {
                let message = format!("{} is for {} only: use what that room offers", dependency.key, homes.join(", "));
                findings.push(manifest.finding("library-room", dependency.line, message));
            }
        }
    }
}

/// A dependency that no source names costs build time and says something untrue.
pub fn unused_dependencies(tree: &Tree, findings: &mut Vec<Finding>) {
    for manifest in crates(tree) {
        let sources = format!("{}/", manifest.folder());
        let words: BTreeSet<String> =
            tree.files(&sources, ".rs").filter_map(|(_, text)| Source::read(text)).flat_map(|source| source.words).collect();
        let generated = USED_BY_GENERATED_CODE.iter().find(|(folder, _)| *folder == manifest.folder()).map_or(&[][..], |(_, keys)| keys);
        for dependency in manifest.dependencies() {
            let (key, line) = (&dependency.key, dependency.line);
            if !words.contains(&key.replace('-', "_")) && !generated.contains(&key.as_str()) {
                findings.push(manifest.finding("unused", line, format!("no source names {key}: remove it from {}", dependency.table)));
            }
        }
    }
}

struct Dependency {
    /// `dependencies`, `dev-dependencies` or `build-dependencies`.
    table: &'static str,
    /// The name it is used by.
    key: String,
    line: usize,
    inherits: bool,
}

impl Dependency {
    fn for_tests(&self) -> bool {
        self.table == "dev-dependencies"
    }
}

struct Manifest<'a> {
    path: String,
    text: &'a str,
    table: DeTable<'a>,
}

impl<'a> Manifest<'a> {
    /// Reads a manifest. `None` when it is absent or broken: cargo says so better.
    fn read(tree: &'a Tree, path: &str) -> Option<Self> {
        let text = tree.text(path)?;
        let table = DeTable::parse(text).ok()?.into_inner();
        Some(Self { path: path.to_owned(), text, table })
    }

    fn folder(&self) -> &str {
        self.path.strip_suffix("/Cargo.toml").unwrap_or("")
    }

    fn at(&self, keys: &[&str]) -> Option<&DeValue<'a>> {
        let (first, rest) = keys.split_first()?;
        rest.iter().try_fold(self.table.get(*first)?.get_ref(), |value, key| Some(value.as_table()?.get(*key)?.get_ref()))
    }

    /// The keys of a table with their lines.
    fn keys(&self, table: &[&str]) -> Vec<(String, usize)> {
        let Some(entries) = self.at(table).and_then(DeValue::as_table) else { return Vec::new() };
        entries.keys().map(|key| (key.get_ref().to_string(), self.line_of(key))).collect()
    }

    fn line_of<T>(&self, spanned: &Spanned<T>) -> usize {
        self.text.bytes().take(spanned.span().start).filter(|byte| *byte == b'\n').count() + 1
    }

    fn dependencies(&self) -> Vec<Dependency> {
        let mut dependencies = Vec::new();
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (key, line) in self.keys(&[table]) {
                let inherits = self.at(&[table, &key, "workspace"]).and_then(DeValue::as_bool) == Some(true);
                dependencies.push(Dependency { table, key, line, inherits });
            }
        }
        dependencies
    }

    fn finding(&self, rule: &'static str, line: usize, message: impl Into<String>) -> Finding {
        Finding::new(rule, &self.path, line, message)
    }
}

/// Those of the workspace: from another one (`fuzz`) nothing can be inherited.
fn crates(tree: &Tree) -> impl Iterator<Item = Manifest<'_>> {
    let manifests = tree.crates().filter_map(|folder| Manifest::read(tree, &format!("{folder}/Cargo.toml")));
    manifests.filter(|manifest| manifest.at(&["workspace"]).is_none())
}

/// The names under which the workspace offers its own crates in folders that start so.
fn rooms(tree: &Tree, prefix: &str) -> BTreeSet<String> {
    let Some(manifest) = Manifest::read(tree, "Cargo.toml") else { return BTreeSet::new() };
    let is_room = |key: &String| {
        let path = manifest.at(&["workspace", "dependencies", key, "path"]).and_then(DeValue::as_str);
        path.is_some_and(|path| path.starts_with(prefix))
    };
    manifest.keys(&["workspace", "dependencies"]).into_iter().map(|(key, _)| key).filter(is_room).collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::printed;
    use super::*;

    const ROOT: (&str, &str) = (
        "Cargo.toml",
        "[workspace.dependencies]\n# Ours.\nruntime = { path = \"crates/runtime\" }\nproto = { path = \"proto\" }\nidentity = { path = \"services/identity\" }\n",
    );

    const PACKAGE: &str = "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
        license.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true\n";

    fn manifest(dependencies: &str) -> String {
        format!("{PACKAGE}{dependencies}")
    }

    #[test]
    fn crate_that_inherits_everything_is_fine() {
        let text = manifest("[dependencies]\nruntime.workspace = true\nserde = { workspace = true, features = [\"rc\"] }\n");
        assert_eq!(printed(inheritance, &[ROOT, ("crates/a/Cargo.toml", &text)]), [""; 0]);
    }

    #[test]
    fn crate_without_the_workspace_lints_is_found() {
        let text = manifest("").replace("[lints]\nworkspace = true\n", "");
        assert_eq!(
            printed(inheritance, &[("crates/a/Cargo.toml", &text)]),
            ["crates/a/Cargo.toml:1: inherit: lints are not inherited: add [lints] workspace = true"]
        );
    }

    #[test]
    fn crate_of_another_workspace_is_fine() {
        let text = "[package]\nname = \"a\"\n[workspace]\n[dependencies]\nidentity = { path = \"../services/identity\" }\n";
        for rule in [inheritance, service_dependencies, unused_dependencies] {
            assert_eq!(printed(rule, &[ROOT, ("a/Cargo.toml", text)]), [""; 0]);
        }
    }

    #[test]
    fn crate_with_fields_and_versions_of_its_own_is_found() {
        let text = manifest("[dependencies]\nserde = \"1\"\n[dev-dependencies]\nx = { path = \"../x\" }\n")
            .replace("edition.workspace = true", "edition = \"2021\"");
        let found = printed(inheritance, &[("crates/a/Cargo.toml", &text)]);
        assert_eq!(found.len(), 3);
        assert!(found[0].starts_with("crates/a/Cargo.toml:1: inherit: package.edition is not inherited"));
        assert!(found[1].starts_with("crates/a/Cargo.toml:11: inherit: serde has a version of its own"));
        assert!(found[2].starts_with("crates/a/Cargo.toml:13: inherit: x has a version of its own"));
    }

    #[test]
    fn dependency_without_a_reason_is_found() {
        let text = "[workspace.dependencies]\na = \"1\"\n\n# Why these.\nb = \"1\"\nc = \"1\"\n\nd = \"1\"\n";
        let found = printed(reasons, &[("Cargo.toml", text)]);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("Cargo.toml:2: reason: a has no reason"));
        assert!(found[1].starts_with("Cargo.toml:8: reason: d has no reason"));
    }

    #[test]
    fn service_that_depends_on_a_service_is_found() {
        let text = manifest("[dev-dependencies]\nidentity.workspace = true\n");
        let found = printed(service_dependencies, &[ROOT, ("services/a/Cargo.toml", &text)]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("services/a/Cargo.toml:11: service-dependency: depends on the service identity"));
        assert_eq!(printed(service_dependencies, &[ROOT, ("services/schildwacht/Cargo.toml", &text)]), [""; 0]);
    }

    #[test]
    fn only_tests_of_the_portal_run_services() {
        let found = |table: &str, folder: &str| {
            let text = manifest(&format!("[{table}]\nidentity.workspace = true\n"));
            printed(service_dependencies, &[ROOT, (&format!("services/{folder}/Cargo.toml"), &text)]).len()
        };
        assert_eq!(found("dev-dependencies", "portal"), 0);
        assert_eq!(found("dependencies", "portal"), 1);
        assert_eq!(found("build-dependencies", "portal"), 1);
        assert_eq!(found("dev-dependencies", "portal/frame"), 1);
    }

    #[test]
    fn part_of_a_service_that_depends_on_another_part_is_found() {
        let part = |name: &str| format!("portal-{name} = {{ path = \"services/portal/{name}\" }}\n");
        let root = format!("{}{}{}", ROOT.1, part("frame"), part("network"));
        let found = |folder: &str, dependency: &str| {
            let text = manifest(&format!("[dependencies]\n{dependency}.workspace = true\n"));
            printed(service_dependencies, &[("Cargo.toml", &root), (&format!("services/{folder}/Cargo.toml"), &text)]).len()
        };
        assert_eq!(found("portal", "portal-network"), 0);
        assert_eq!(found("portal/incidents", "portal-frame"), 0);
        assert_eq!(found("portal/incidents", "portal-network"), 1);
        assert_eq!(found("identity", "portal-frame"), 1);
    }

    #[test]
    fn shared_crate_that_leaves_its_layer_is_found() {
        let text = manifest("[dependencies]\nruntime.workspace = true\nproto.workspace = true\n");
        let found = printed(service_dependencies, &[ROOT, ("crates/storage/Cargo.toml", &text)]);
        assert_eq!(found, ["crates/storage/Cargo.toml:12: layer: may not build on proto: see the layers in xtask/src/check/manifests.rs"]);
    }

    #[test]
    fn library_outside_its_room_is_found() {
        let text = manifest("[dependencies]\naskama.workspace = true\n[dev-dependencies]\nanyhow.workspace = true\n");
        let found = printed(rooms_of_libraries, &[("services/identity/Cargo.toml", &text)]);
        assert_eq!(found, ["services/identity/Cargo.toml:11: library-room: askama is for services/portal only: use what that room offers"]);
        for (folder, count) in [("services/portal", 0), ("services/portal/anything", 0), ("services/portals", 1)] {
            assert_eq!(printed(rooms_of_libraries, &[(&format!("{folder}/Cargo.toml"), &text)]).len(), count, "{folder}");
        }
    }

    #[test]
    fn dependency_no_source_names_is_found() {
        let text =
            manifest("[dependencies]\ntokio-util.workspace = true\nserde.workspace = true\n[dev-dependencies]\ninsta.workspace = true\n");
        let found = printed(
            unused_dependencies,
            &[
                ("crates/a/Cargo.toml", &text),
                ("crates/a/src/lib.rs", "// serde\nuse tokio_util::sync;"),
                ("crates/a/tests/x.rs", "fn f() { insta::x!() }"),
            ],
        );
        assert_eq!(found, ["crates/a/Cargo.toml:12: unused: no source names serde: remove it from dependencies"]);
    }
}
