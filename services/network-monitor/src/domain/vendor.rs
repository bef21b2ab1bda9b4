//! Who made a network card, by its address block.
//!
//! The table is built once by `build.rs` from the register in the `mac_oui` crate and lies in the binary, sorted: nothing
//! to load at start, nothing on the heap. That register is as old as the crate: a newer block has no vendor here.

use super::mac::Mac;

/// Sorted records of nine bytes: block (40 bits, left-aligned, the last octet is not needed), place of the name, its length.
const BLOCKS_OF_24_BITS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/blocks24.bin"));
const BLOCKS_OF_28_BITS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/blocks28.bin"));
const BLOCKS_OF_36_BITS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/blocks36.bin"));
const NAMES: &str = include_str!(concat!(env!("OUT_DIR"), "/vendors.txt"));

const RECORD: usize = 9;
const BLOCK: usize = 5;

/// The vendor of the address block, the most specific one; `None` for unknown blocks and for random addresses, which
/// belong to nobody.
pub fn of(mac: Mac) -> Option<&'static str> {
    if mac.is_random() {
        return None;
    }
    let [a, b, c, d, e, _] = mac.octets();
    name_in(BLOCKS_OF_36_BITS, [a, b, c, d, e & 0xf0])
        .or_else(|| name_in(BLOCKS_OF_28_BITS, [a, b, c, d & 0xf0, 0]))
        .or_else(|| name_in(BLOCKS_OF_24_BITS, [a, b, c, 0, 0]))
}

fn name_in(table: &'static [u8], block: [u8; BLOCK]) -> Option<&'static str> {
    let (records, _) = table.as_chunks::<RECORD>();
    let found = records.binary_search_by(|record| record[..BLOCK].cmp(&block)).ok()?;
    let [.., high, middle, low, length] = records[found];
    let start = usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?;
    NAMES.get(start..start + usize::from(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendor(mac: &str) -> Option<&'static str> {
        of(mac.parse().unwrap())
    }

    #[test]
    fn a_block_has_its_vendor() {
        assert!(vendor("00:1b:21:0a:bc:de").unwrap().contains("Intel"), "{:?}", vendor("00:1b:21:0a:bc:de"));
        assert!(vendor("00:50:56:01:02:03").unwrap().contains("VMware"), "{:?}", vendor("00:50:56:01:02:03"));
    }

    #[test]
    fn the_smallest_block_wins() {
        // 00:50:c2 was cut into blocks of 4,096 for small makers; what is left belongs to the registrar, who makes nothing.
        assert!(vendor("00:50:c2:29:c1:23").unwrap().contains("2N"));
        assert_ne!(vendor("00:50:c2:29:c1:23"), vendor("00:50:c2:29:d1:23"));
    }

    #[test]
    fn a_random_address_belongs_to_nobody() {
        assert_eq!(vendor("02:1b:21:0a:bc:de"), None);
    }

    #[test]
    fn every_record_names_somebody() {
        for table in [BLOCKS_OF_24_BITS, BLOCKS_OF_28_BITS, BLOCKS_OF_36_BITS] {
            let (records, rest) = table.as_chunks::<RECORD>();
            assert!(rest.is_empty() && records.len() > 1_000, "{} records, {} bytes over", records.len(), rest.len());
            for record in records {
                let block = [record[0], record[1], record[2], record[3], record[4]];
                assert!(name_in(table, block).is_some_and(|name| !name.is_empty()), "{record:?}");
            }
        }
    }
}
