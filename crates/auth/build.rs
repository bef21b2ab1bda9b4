//! Reads `policies/` when the crate is built: for each area what can be done (`.cedarschema`) and who may (`.cedar`). What does not parse, or
//! names what the schema does not know, is a build error with its file. The enum `Action` is written from the schema. A new area is two new
//! files, nothing else.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use cedar_policy::{EntityId, EntityNamespace, PolicySet, Schema, SchemaFragment, ValidationMode, Validator};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=policies");
    let into = PathBuf::from(std::env::var("OUT_DIR")?);

    let (mut fragments, mut schemas) = (Vec::new(), String::from("&[\n"));
    for file in files("cedarschema")? {
        let text = fs::read_to_string(&file)?;
        let (fragment, _warnings) = SchemaFragment::from_cedarschema_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        fragments.push(fragment);
        writeln!(schemas, "{text:?},")?;
    }
    schemas.push(']');
    let schema = Schema::from_schema_fragments(fragments.clone()).map_err(|error| format!("policies/*.cedarschema: {error}"))?;
    fs::write(into.join("action.rs"), action_enum(&actions(&schema, &fragments)?)?)?;
    fs::write(into.join("schemas.rs"), schemas)?;

    let validator = Validator::new(schema);
    let mut all = String::new();
    for file in files("cedar")? {
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
    fs::write(into.join("policies.cedar"), all)?;
    Ok(())
}

fn files(extension: &str) -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> =
        fs::read_dir(Path::new("policies"))?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|its| its == extension));
    files.sort();
    Ok(files)
}

/// An action of the schema: its name, and what its `@doc` says.
struct Action {
    name: String,
    doc: String,
}

fn actions(schema: &Schema, fragments: &[SchemaFragment]) -> Result<Vec<Action>> {
    let namespace = EntityNamespace::from_str("Schildwacht")?;
    let mut ids: Vec<&EntityId> = schema.actions().map(cedar_policy::EntityUid::id).collect();
    ids.sort_by_key(|id| id.unescaped().to_owned());
    let described = |id: &EntityId| {
        let doc = fragments.iter().find_map(|fragment| fragment.action_annotation(Some(namespace.clone()), id, "doc"));
        let doc = doc.ok_or_else(|| format!("action \"{}\" says nowhere what it is: give it a @doc(\"…\")", id.unescaped()))?;
        Ok(Action { name: id.unescaped().to_owned(), doc: doc.to_owned() })
    };
    ids.into_iter().map(described).collect()
}

/// `gateway.revoke` is `Action::GatewayRevoke`.
fn action_enum(actions: &[Action]) -> Result<String> {
    let mut code = String::from(
        "/// Something a caller wants to do.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray)]\n\
         pub enum Action {\n",
    );
    for Action { name, doc } in actions {
        let variant: String = name.split(['.', '_']).map(capitalised).collect();
        writeln!(code, "    /// {doc}\n    #[strum(serialize = {name:?})]\n    {variant},")?;
    }
    code.push_str("}\n");
    Ok(code)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
