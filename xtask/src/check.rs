//! The rules of the house that the compiler and clippy do not know.
//!
//! Each rule is a function from the [`Tree`] to findings. To add one: write the function in the module it belongs to, add
//! it to [`RULES`], and give it a test in which it is seen to fail.

use std::fmt;

use anyhow::Result;

use crate::tree::{self, Tree};

mod files;
mod imports;
mod manifests;
mod paths;

/// Something to mend.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    /// From 1.
    line: usize,
    rule: &'static str,
    /// What is wrong and what to do, in one line.
    message: String,
}

impl Finding {
    fn new(rule: &'static str, path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, message } = self;
        write!(formatter, "{path}:{line}: {rule}: {message}")
    }
}

type Rule = fn(&Tree, &mut Vec<Finding>);

const RULES: &[Rule] = &[
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
];

/// Runs every rule on the checkout, prints what there is to mend, and says whether there is nothing.
pub fn run() -> Result<bool> {
    let tree = Tree::read(&tree::root()?)?;
    let findings = all(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    let verdict = if findings.is_empty() { "nothing to mend".to_owned() } else { format!("{} to mend", findings.len()) };
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

/// The findings of one rule on one tree, as they are printed.
#[cfg(test)]
fn printed(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let mut findings = Vec::new();
    rule(&Tree::of(files), &mut findings);
    findings.sort();
    findings.iter().map(Finding::to_string).collect()
}
