//! The developers' command: `cargo xtask check`, `cargo xtask test`, `cargo xtask bench` and what these need.
//!
//! It is built before everything else on a fresh machine, so its dependencies are few and small.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for developers speaks on the terminal")]

use std::process::ExitCode;

mod bench;
mod cargo_tool;
mod check;
mod mutants;
mod sbom;
mod test;
mod tree;
mod unchanged;
mod up;

const USAGE: &str = "\
cargo xtask check             the rules of the house that the compiler does not know: imports, manifests, files
cargo xtask test              installs and starts what the tests need, then runs format, clippy, check and all tests
cargo xtask test --embedded   the same in the embedded mode alone: no servers
cargo xtask deny              licences, sources and known vulnerabilities of crates, by deny.toml
cargo xtask sbom              writes the bill of materials (CycloneDX) into cargo's target folder
cargo xtask mutants           changes the code in many places and says which changes no test notices; names of areas choose,
                              --sample N tries every Nth change
cargo xtask up                starts the servers that tests need and leaves them running: eval \"$(cargo xtask up)\"
cargo xtask down              stops them
cargo xtask unchanged         in a fresh clone: files that are as they were last time get the time they had, so that cargo builds
                              the others only; for a target folder that nothing else builds in (.ci/run)
cargo xtask bench             builds for release, measures, and prints tables; --quick, --only <part> and more: see --help";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["check"] => check::run(),
        ["test"] => test::run(test::Mode::Both),
        ["test", "--embedded"] => test::run(test::Mode::Embedded),
        ["deny"] => test::deny(),
        ["sbom"] => sbom::run(),
        ["mutants", arguments @ ..] => mutants::run(arguments),
        ["unchanged"] => unchanged::set_times(),
        ["up"] => up::up(),
        ["down"] => up::down(),
        ["bench", arguments @ ..] => bench::run(arguments),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
