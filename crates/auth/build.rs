//! Checks the policies when the crate is built: a policy that does not parse, or that names what the schema does not know, is a build error
//! with its file. A new area is a new file in `policies/`, nothing else.

use std::{error::Error, fs, path::Path, str::FromStr as _};

use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=policies");
    let folder = Path::new("policies");
    let (schema, _warnings) = Schema::from_cedarschema_str(&fs::read_to_string(folder.join("schema.cedarschema"))?)
        .map_err(|error| format!("policies/schema.cedarschema: {error}"))?;
    let validator = Validator::new(schema);

    let mut files: Vec<_> = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "cedar"));
    files.sort();
    let mut all = String::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let policies = PolicySet::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let result = validator.validate(&policies, ValidationMode::Strict);
        let problems: Vec<String> =
            result.validation_errors().map(ToString::to_string).chain(result.validation_warnings().map(ToString::to_string)).collect();
        if !problems.is_empty() {
            return Err(format!("{}: {}", file.display(), problems.join("; ")).into());
        }
        all.push_str(&text);
    }
    fs::write(Path::new(&std::env::var("OUT_DIR")?).join("policies.cedar"), all)?;
    Ok(())
}
