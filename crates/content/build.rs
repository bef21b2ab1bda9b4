//! Embeds every pack under `content/`, so that adding a version needs a file only.

use std::{
    error::Error,
    fmt::Write as _,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let content = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../content").canonicalize()?;
    // Relative, here and below, so that a target folder may serve another checkout.
    println!("cargo::rerun-if-changed=../../content");

    let mut list = String::from("&[\n");
    for folder in sorted_entries(&content)?.into_iter().filter(|path| path.is_dir()) {
        for file in sorted_entries(&folder)?.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
            let name = file.strip_prefix(&content)?.to_string_lossy().replace('\\', "/");
            let folder = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            writeln!(
                list,
                "    EmbeddedFile {{ folder: {folder:?}, name: \"content/{name}\", \
                 text: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../../content/{name}\")) }},",
            )?;
        }
    }
    list.push(']');
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("embedded.rs"), list)?;
    Ok(())
}

fn sorted_entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
