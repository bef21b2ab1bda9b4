//! The rules of the house that the compiler and clippy do not know.
//!
//! Each rule is a function from the [`Tree`] to findings. To add one: write the function in the module it belongs to, add
//! it to [`RULES`], and give it a test in which it is seen to fail.

use anyhow::Result;

use self::finding::{Finding, Rule};
use crate::tree::{self, Tree};

mod asvs;
mod authorisation;
mod circles;
mod files;
mod finding;
mod imports;
mod manifests;
mod paths;
mod words;

const RULES: &[Rule] = &[
    asvs::requirements,
    authorisation::use_cases_ask,
    circles::circles,
    imports::table,
    imports::pure_places,
    manifests::inheritance,
    manifests::reasons,
    manifests::service_dependencies,
    manifests::rooms_of_libraries,
    manifests::unused_dependencies,
    files::length,
    files::names,
    files::readmes,
    words::avoided,
];

/// Runs every rule on the checkout, prints what there is to mend, and says whether there is nothing.
pub fn run() -> Result<bool> {
    let tree = Tree::read(&tree::root()?)?;
    let findings = all(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    let verdict = if findings.is_empty() { "nothing to mend".to_owned() } else { format!("{} to mend", findings.len()) };
    if let Some(counts) = asvs::counts(&tree) {
        println!("check: {counts}");
    }
    println!("check: {} rules over {} files, {verdict}", RULES.len(), tree.len());
    Ok(findings.is_empty())
}

fn all(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        rule(tree, &mut findings);
    }
    findings.sort();
    findings.dedup();
    findings
}
