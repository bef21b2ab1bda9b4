//! UTF-16, which Windows PowerShell writes into files, read as UTF-8.

use std::io::{self, BufRead, Read};

/// The byte-order marks of both orders.
pub const LITTLE_ENDIAN: [u8; 2] = [0xff, 0xfe];
pub const BIG_ENDIAN: [u8; 2] = [0xfe, 0xff];

/// A text in UTF-16, as UTF-8. Halves of pairs become replacement characters.
pub struct Utf16<R> {
    input: R,
    unit: fn([u8; 2]) -> u16,
    /// The first half of a pair.
    high: Option<u16>,
    text: Vec<u8>,
    read: usize,
}

impl<R: BufRead> Utf16<R> {
    /// Reads a text that begins with the mark of this order.
    pub const fn new(input: R, mark: [u8; 2]) -> Self {
        let is_little = mark[0] == LITTLE_ENDIAN[0];
        let unit = if is_little { u16::from_le_bytes } else { u16::from_be_bytes };
        Self { input, unit, high: None, text: Vec::new(), read: 0 }
    }

    fn fill(&mut self) -> io::Result<()> {
        (self.read, self.text) = (0, Vec::new());
        while self.text.is_empty() {
            let mut bytes = [0; 2];
            let mut units: Vec<u16> = self.high.take().into_iter().collect();
            // What is in the buffer, and the unit that may lie across its end.
            let available = self.input.fill_buf()?;
            let whole = available.len() / 2 * 2;
            units.extend(available[..whole].chunks_exact(2).map(|pair| (self.unit)([pair[0], pair[1]])));
            let is_odd = available.len() % 2 == 1;
            self.input.consume(whole);
            if is_odd {
                self.input.read_exact(&mut bytes)?;
                units.push((self.unit)(bytes));
            }
            let is_end = whole == 0 && !is_odd;
            self.high = if is_end { None } else { units.pop_if(|last| (0xd800..0xdc00).contains(last)) };
            let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
            self.text = letters.collect::<String>().into_bytes();
            if is_end {
                break;
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.text.len() {
            self.fill()?;
        }
        let count = buffer.len().min(self.text.len() - self.read);
        buffer[..count].copy_from_slice(&self.text[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn both_orders_are_read_whatever_the_buffer() {
        let text = "\u{feff}{\"naam\":\"Zoë 😀\"}\r\n";
        for capacity in [1, 2, 3, 5, 64] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for bytes in [little, big] {
                let mut read = String::new();
                let mark = [bytes[0], bytes[1]];
                Utf16::new(BufReader::with_capacity(capacity, &bytes[..]), mark).read_to_string(&mut read).unwrap();
                assert_eq!(read, text, "{capacity}");
            }
        }
    }

    #[test]
    fn halves_of_pairs_and_of_units_cost_no_more_than_themselves() {
        let half = [0xff, 0xfe, b'a', 0, 0x3d, 0xd8, b'b', 0, 0x3d, 0xd8];
        let mut read = String::new();
        Utf16::new(&half[..], LITTLE_ENDIAN).read_to_string(&mut read).unwrap();
        assert_eq!(read, "\u{feff}a\u{fffd}b\u{fffd}");
        assert!(Utf16::new(&half[..7], LITTLE_ENDIAN).read_to_string(&mut read).is_err(), "the file breaks off");
    }
}
