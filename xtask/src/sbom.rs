//! The bill of materials: every crate of the lock file with its version, licence, checksum and what it depends on, as CycloneDX 1.5.
//!
//! It is made of what cargo says and of nothing else, neither the time nor a number of its own, so the same lock file gives the same
//! bytes. What is in the program has the scope `required`; what builds or tests it, `excluded`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use toml::Table;

use crate::{test::Environment, tree};

/// The one program.
const PROGRAM: &str = "schildwacht";
/// What it is built for, with what is switched on in production.
const AS_SHIPPED: [&str; 4] = ["--features", "schildwacht/kafka-tls", "--filter-platform", "x86_64-unknown-linux-gnu"];
/// Licences of crates that only hold a file, as we read them.
const READ_BY_US: &str = "deny.toml";

/// Where the bill is, and what is on it.
#[derive(Debug)]
pub struct Written {
    pub path: PathBuf,
    pub crates: usize,
    pub shipped: usize,
}

/// `cargo xtask sbom`.
pub fn run() -> Result<bool> {
    let Written { path, crates, shipped } = write()?;
    println!("{crates} crates, {shipped} of them in the program: {}", path.display());
    Ok(true)
}

/// Writes the bill into cargo's target folder.
///
/// # Errors
/// When a crate of the lock file has no licence, or would not be on it.
pub fn write() -> Result<Written> {
    let (bill, metadata) = of_checkout()?;
    let target = metadata["target_directory"].as_str().context("cargo names no target folder")?;
    let path = PathBuf::from(target).join("sbom.cdx.json");
    fs::create_dir_all(target)?;
    fs::write(&path, serde_json::to_string_pretty(&bill)? + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    let components = bill["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shipped = components.iter().filter(|component| component["scope"] == "required").count();
    Ok(Written { path, crates: components.len(), shipped })
}

fn of_checkout() -> Result<(Value, Value)> {
    let everything = metadata(&["--all-features"])?;
    let as_shipped = metadata(&AS_SHIPPED)?;
    let root = tree::root()?;
    let lock: Table = fs::read_to_string(root.join("Cargo.lock"))?.parse()?;
    let read_by_us: Table = fs::read_to_string(root.join(READ_BY_US))?.parse()?;
    let bill = bill(&everything, &shipped(&as_shipped)?, &lock, &clarified(&read_by_us))?;
    Ok((bill, everything))
}

fn metadata(arguments: &[&str]) -> Result<Value> {
    let asked = [&["metadata", "--format-version", "1", "--locked"], arguments].concat();
    let output = Environment::new().cargo(&asked).current_dir(tree::root()?).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo {} failed: {}", asked.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Ids of the packages that are in the program: those it needs to run, but not what is expanded when it is built.
fn shipped(metadata: &Value) -> Result<BTreeSet<&str>> {
    let packages = packages(metadata)?;
    let is_expanded = |package: &Value| list(&package["targets"]).iter().any(|target| list(&target["kind"]).contains(&json!("proc-macro")));
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"]["nodes"]).iter().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let (program, _) = packages.iter().find(|(_, package)| package["name"] == PROGRAM).context("cargo names no program of ours")?;
    let (mut shipped, mut left) = (BTreeSet::new(), vec![*program]);
    while let Some(id) = left.pop() {
        if packages.get(id).is_none_or(|package| is_expanded(package)) || !shipped.insert(id) {
            continue;
        }
        let needed = nodes.get(id).map(|node| list(&node["deps"])).unwrap_or_default();
        let at_run_time = needed.iter().filter(|needed| list(&needed["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()));
        left.extend(at_run_time.filter_map(|needed| needed["pkg"].as_str()));
    }
    Ok(shipped)
}

/// Licence by crate, of those that name none.
fn clarified(deny: &Table) -> BTreeMap<&str, &str> {
    let clarified = deny.get("licenses").and_then(|licenses| licenses.get("clarify")).and_then(toml::Value::as_array);
    let entries = clarified.map(Vec::as_slice).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.get("crate")?.as_str()?, entry.get("expression")?.as_str()?))).collect()
}

fn bill(metadata: &Value, shipped: &BTreeSet<&str>, lock: &Table, read_by_us: &BTreeMap<&str, &str>) -> Result<Value> {
    let packages = packages(metadata)?;
    let mut locked: BTreeMap<(&str, &str), Option<&str>> = BTreeMap::new();
    for package in lock.get("package").and_then(toml::Value::as_array).context("the lock file has no packages")? {
        let field = |name: &str| package.get(name).and_then(toml::Value::as_str);
        locked.insert((field("name").context("no name")?, field("version").context("no version")?), field("checksum"));
    }
    let (mut components, mut program) = (BTreeMap::new(), None);
    for (id, package) in &packages {
        let (name, version) = (text(package, "name")?, text(package, "version")?);
        let licence = package["license"].as_str().or_else(|| read_by_us.get(name).copied());
        let licence = licence.with_context(|| format!("{name} {version} names no licence: read it, and add it to {READ_BY_US}"))?;
        // As older crates wrote it.
        let licence = licence.replace(" / ", " OR ").replace('/', " OR ");
        let mut component = json!({
            "type": "library", "bom-ref": reference(package)?, "name": name, "version": version,
            "scope": if shipped.contains(id) { "required" } else { "excluded" },
            "licenses": [{ "expression": licence }],
        });
        if !package["source"].is_null() {
            component["purl"] = component["bom-ref"].clone();
        }
        let checksum = locked.remove(&(name, version)).with_context(|| format!("{name} {version} is not in the lock file"))?;
        if let Some(checksum) = checksum {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        if name == PROGRAM {
            let mut application = component.clone();
            application["type"] = json!("application");
            program = Some(application);
        } else {
            components.insert((name, version), component);
        }
    }
    if let Some((name, version)) = locked.keys().next() {
        bail!("{name} {version} is in the lock file, but cargo does not name it");
    }
    let mut dependencies = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let reference_of = |id: &Value| reference(packages.get(id.as_str().unwrap_or_default()).context("cargo names no such package")?);
        let needed = list(&node["dependencies"]).iter().map(reference_of).collect::<Result<BTreeSet<String>>>()?;
        dependencies.insert(reference_of(&node["id"])?, needed);
    }
    let dependencies: Vec<Value> = dependencies.iter().map(|(of, needed)| json!({ "ref": of, "dependsOn": needed })).collect();
    Ok(json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": { "component": program.context("cargo names no program of ours")? },
        "components": components.into_values().collect::<Vec<Value>>(),
        "dependencies": dependencies,
    }))
}

/// A package URL for what others published; ours are published nowhere.
fn reference(package: &Value) -> Result<String> {
    // A version may say which one of a C library it holds: `2.0.16+zstd.1.5.7`.
    let named = format!("{}@{}", text(package, "name")?, text(package, "version")?.replace('+', "%2B"));
    Ok(if package["source"].is_null() { named } else { format!("pkg:cargo/{named}") })
}

/// By id.
fn packages(metadata: &Value) -> Result<BTreeMap<&str, &Value>> {
    list(&metadata["packages"]).iter().map(|package| Ok((text(package, "id")?, package))).collect()
}

fn text<'a>(package: &'a Value, field: &str) -> Result<&'a str> {
    package[field].as_str().with_context(|| format!("cargo names a package without {field}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use cyclonedx_bom::prelude::*;

    use super::*;

    /// The program with a library in it, a macro, and what its tests need.
    fn small() -> (Value, Table) {
        let package = |name: &str, version: &str, source: Option<&str>, licence: Option<&str>, kind: &str| json!({ "id": name, "name": name, "version": version, "source": source, "license": licence, "targets": [{ "kind": [kind] }] });
        let needs = |id: &str, needed: &[(&str, Option<&str>)]| {
            let deps: Vec<Value> = needed.iter().map(|(pkg, kind)| json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] })).collect();
            json!({ "id": id, "deps": deps, "dependencies": needed.iter().map(|(pkg, _)| pkg).collect::<Vec<_>>() })
        };
        let metadata = json!({
            "packages": [
                package(PROGRAM, "0.1.0", None, Some("EUPL-1.2"), "bin"),
                package("zstd-sys", "2.0.16+zstd.1.5.7", Some("registry"), Some("MIT/Apache-2.0"), "lib"),
                package("derive", "1.0.0", Some("registry"), Some("MIT"), "proc-macro"),
                package("syn", "2.0.0", Some("registry"), Some("MIT"), "lib"),
                package("proptest", "1.0.0", Some("registry"), None, "lib"),
            ],
            "resolve": { "nodes": [
                needs(PROGRAM, &[("zstd-sys", None), ("derive", None), ("proptest", Some("dev"))]),
                needs("derive", &[("syn", None)]),
                needs("zstd-sys", &[]), needs("syn", &[]), needs("proptest", &[]),
            ] },
        });
        let lock = [(PROGRAM, "0.1.0"), ("zstd-sys", "2.0.16+zstd.1.5.7"), ("derive", "1.0.0"), ("syn", "2.0.0"), ("proptest", "1.0.0")];
        let lock = lock.map(|(name, version)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nchecksum = \"{}\"\n", "a1".repeat(32))
        });
        (metadata, lock.concat().parse().unwrap())
    }

    fn small_bill(metadata: &Value, lock: &Table) -> Result<Value> {
        bill(metadata, &shipped(metadata)?, lock, &BTreeMap::from([("proptest", "MIT")]))
    }

    #[test]
    fn the_bill_of_this_checkout_is_valid_and_the_same_each_time() {
        let (bill, _) = of_checkout().unwrap();
        let parsed = Bom::parse_from_json_v1_5(bill.to_string().as_bytes()).unwrap();
        let validation = parsed.validate();
        assert!(validation.passed(), "{validation:?}");
        let lock: Table = fs::read_to_string(tree::root().unwrap().join("Cargo.lock")).unwrap().parse().unwrap();
        let others = lock["package"].as_array().unwrap().len() - 1;
        assert_eq!(parsed.components.unwrap().0.len(), others, "all but the program, which the bill is of");
        assert_eq!(bill.to_string(), of_checkout().unwrap().0.to_string());
    }

    #[test]
    fn what_is_in_the_program_is_told_from_what_builds_and_tests_it() {
        let (metadata, lock) = small();
        let bill = small_bill(&metadata, &lock).unwrap();
        let scopes: Vec<(&str, &str)> = list(&bill["components"])
            .iter()
            .map(|component| (component["name"].as_str().unwrap(), component["scope"].as_str().unwrap()))
            .collect();
        assert_eq!(scopes, [("derive", "excluded"), ("proptest", "excluded"), ("syn", "excluded"), ("zstd-sys", "required")]);
        assert_eq!(bill["metadata"]["component"]["name"], PROGRAM);
    }

    #[test]
    fn a_crate_has_its_licence_checksum_and_address() {
        let (metadata, lock) = small();
        let bill = small_bill(&metadata, &lock).unwrap();
        let zstd = &bill["components"][3];
        assert_eq!(zstd["licenses"], json!([{ "expression": "MIT OR Apache-2.0" }]));
        assert_eq!(zstd["hashes"], json!([{ "alg": "SHA-256", "content": "a1".repeat(32) }]));
        assert_eq!(zstd["purl"], "pkg:cargo/zstd-sys@2.0.16%2Bzstd.1.5.7");
        assert_eq!(bill["dependencies"][0], json!({ "ref": "pkg:cargo/derive@1.0.0", "dependsOn": ["pkg:cargo/syn@2.0.0"] }));
    }

    #[test]
    fn no_bill_without_a_licence_or_without_a_crate_of_the_lock_file() {
        let (metadata, lock) = small();
        let without_ours = bill(&metadata, &BTreeSet::new(), &lock, &BTreeMap::new()).unwrap_err().to_string();
        assert_eq!(without_ours, "proptest 1.0.0 names no licence: read it, and add it to deny.toml");
        let mut fewer = metadata;
        fewer["packages"].as_array_mut().unwrap().retain(|package| package["name"] != "syn");
        assert_eq!(small_bill(&fewer, &lock).unwrap_err().to_string(), "syn 2.0.0 is in the lock file, but cargo does not name it");
    }
}
