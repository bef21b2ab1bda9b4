//! Turns the register of network-card vendors into sorted tables that lie in the binary.
//!
//! `mac_oui` at run time would parse six megabytes of CSV at every start and keep some hundred thousand strings on the
//! heap, and its look-up misses the small blocks. What the service needs of it is 1.5 MB and a binary search.

use std::{collections::BTreeMap, env, error::Error, fs, path::PathBuf};

/// Left-aligned in 40 bits: an address block never needs the last octet.
type Block = [u8; 5];

/// Holds the large blocks that were cut into small ones; it makes no devices.
const REGISTRAR: &str = "Ieee Registration Authority";

fn main() -> Result<(), Box<dyn Error>> {
    let register = mac_oui::Oui::default()?;
    let mut tables: BTreeMap<usize, BTreeMap<Block, String>> = [24, 28, 36].into_iter().map(|bits| (bits, BTreeMap::new())).collect();
    for name in register.get_unique_manufacturers()? {
        for entry in register.lookup_by_manufacturer(&name)?.into_iter().flatten() {
            let Some((bits, block)) = block(&entry.oui) else { continue };
            let Some(table) = tables.get_mut(&bits) else { continue };
            if !entry.is_private && !name.trim().is_empty() && name != REGISTRAR {
                table.insert(block, shortened(&name));
            }
        }
    }

    let folder = PathBuf::from(env::var("OUT_DIR")?);
    let mut names = String::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (bits, table) in tables {
        let mut bytes = Vec::new();
        for (block, name) in table {
            let start = *places.entry(name.clone()).or_insert_with(|| {
                names.push_str(&name);
                names.len() - name.len()
            });
            bytes.extend(block);
            bytes.extend(&u32::try_from(start)?.to_be_bytes()[1..]);
            bytes.push(u8::try_from(name.len())?);
        }
        fs::write(folder.join(format!("blocks{bits}.bin")), bytes)?;
    }
    fs::write(folder.join("vendors.txt"), names)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

/// `70:B3:D5:E7:4` is a block of 36 bits.
fn block(oui: &str) -> Option<(usize, Block)> {
    let prefix = oui.split('/').next()?;
    let digits: Vec<u8> = prefix.chars().filter_map(|digit| digit.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
    let bits = digits.len() * 4;
    let mut block = Block::default();
    for (place, digit) in digits.into_iter().enumerate() {
        let shift = if place % 2 == 0 { 4 } else { 0 };
        *block.get_mut(place / 2)? |= digit << shift;
    }
    Some((bits, block))
}

/// Names are stored with a length of one byte, and a page has room for less.
fn shortened(name: &str) -> String {
    let name = name.trim();
    let end = name.char_indices().map(|(start, letter)| start + letter.len_utf8()).take_while(|end| *end <= 80).last().unwrap_or(0);
    name[..end].trim_end().to_owned()
}
