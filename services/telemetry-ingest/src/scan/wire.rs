//! The protobuf wire format, read in place.
//!
//! Accepts exactly what prost accepts, so that what is stored can be decoded by its reader: same limits on tags and
//! varints, groups skipped, unknown fields skipped.
//!
//! `inline(always)` stands where it was measured: without it an event costs twice as much.

use super::Flaw;

/// Groups are a relic that no OTLP client writes; a few levels are skipped as prost does.
const MAX_GROUP_DEPTH: u8 = 16;

/// Clients write what surrounds the events before them or after them: one or two slices.
const MAX_FRAGMENTS: usize = 64;

/// The fields of one message, one after the other.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
}

/// One field.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    /// Its number, at least 1.
    pub number: u32,
    /// Its value as the wire tells it.
    pub value: Value<'a>,
    /// Tag, length and value: what can be copied into another message.
    pub raw: &'a [u8],
    /// Where the value begins in the request.
    pub at: usize,
}

/// A value, in the wire's terms.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Varint,
    Fixed64,
    Fixed32,
    Bytes(&'a [u8]),
    Group,
}

impl<'a> Field<'a> {
    /// The bytes of a length-delimited field.
    #[inline(always)]
    pub fn bytes(&self) -> Result<&'a [u8], Flaw> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Varint | Value::Fixed64 | Value::Fixed32 | Value::Group => Err(self.wrong_type()),
        }
    }

    /// The fields of a message field.
    #[inline(always)]
    pub fn message(&self) -> Result<Fields<'a>, Flaw> {
        Ok(Fields::of(self.bytes()?, self.at))
    }

    pub fn wrong_type(&self) -> Flaw {
        Flaw::at_byte(self.at, "a field has another wire type than its definition")
    }
}

impl<'a> Fields<'a> {
    /// The fields of a message that begins at byte `base` of the request.
    #[inline(always)]
    pub fn of(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, at: 0, base }
    }

    /// The next field; `None` at the end of the message.
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<Field<'a>>, Flaw> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let start = self.at;
        let (number, wire_type) = self.key()?;
        let length_at = self.at;
        let value = match wire_type {
            0 => {
                self.varint()?;
                Value::Varint
            }
            1 => {
                self.take(8)?;
                Value::Fixed64
            }
            2 => {
                let length = self.varint()?;
                let Ok(length) = usize::try_from(length) else { return Err(self.runs_past_the_end(length_at)) };
                Value::Bytes(self.take(length)?)
            }
            3 => {
                self.skip_group(number, MAX_GROUP_DEPTH)?;
                Value::Group
            }
            5 => {
                self.take(4)?;
                Value::Fixed32
            }
            4 => return Err(self.flaw(start, "a group ends that did not begin")),
            _ => return Err(self.flaw(start, "unknown wire type")),
        };
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        let value_at = match value {
            Value::Bytes(bytes) => self.at - bytes.len(),
            Value::Varint | Value::Fixed64 | Value::Fixed32 | Value::Group => length_at,
        };
        Ok(Some(Field { number, value, raw, at: self.base + value_at }))
    }

    /// All fields but those of one number, in as few slices as they lie in.
    pub fn except(mut self, number: u32) -> Result<Vec<&'a [u8]>, Flaw> {
        let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
        loop {
            let start = self.at;
            let Some(field) = self.next()? else { break };
            if field.number == number {
                continue;
            }
            if let Some(last) = ranges.last_mut().filter(|last| last.end == start) {
                last.end = self.at;
                continue;
            }
            if ranges.len() == MAX_FRAGMENTS {
                return Err(self.flaw(start, "events and other fields are too scattered to cut"));
            }
            ranges.push(start..self.at);
        }
        Ok(ranges.into_iter().filter_map(|range| self.bytes.get(range)).collect())
    }

    #[inline(always)]
    fn key(&mut self) -> Result<(u32, u8), Flaw> {
        let start = self.at;
        let Ok(key) = u32::try_from(self.varint()?) else { return Err(self.flaw(start, "a field number is too large")) };
        let number = key >> 3;
        if number == 0 {
            return Err(self.flaw(start, "a field has number 0"));
        }
        Ok((number, (key & 7) as u8))
    }

    #[inline(always)]
    fn varint(&mut self) -> Result<u64, Flaw> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Flaw> {
        let start = self.at;
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let Some(&byte) = self.bytes.get(self.at) else { return Err(self.flaw(start, "a number ends too early")) };
            self.at += 1;
            let is_tenth_byte = shift == 63;
            if is_tenth_byte && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.flaw(start, "a number is longer than 64 bits"))
    }

    #[inline(always)]
    fn take(&mut self, length: usize) -> Result<&'a [u8], Flaw> {
        let taken = self.at.checked_add(length).and_then(|end| self.bytes.get(self.at..end));
        let Some(taken) = taken else { return Err(self.runs_past_the_end(self.at)) };
        self.at += length;
        Ok(taken)
    }

    fn skip_group(&mut self, number: u32, depth: u8) -> Result<(), Flaw> {
        let start = self.at;
        let Some(depth) = depth.checked_sub(1) else { return Err(self.flaw(start, "groups are nested too deep")) };
        while self.at < self.bytes.len() {
            let (inner, wire_type) = self.key()?;
            match wire_type {
                0 => {
                    self.varint()?;
                }
                1 => {
                    self.take(8)?;
                }
                2 => {
                    let length = self.varint()?;
                    let Ok(length) = usize::try_from(length) else { return Err(self.runs_past_the_end(self.at)) };
                    self.take(length)?;
                }
                3 => self.skip_group(inner, depth)?,
                4 if inner == number => return Ok(()),
                5 => {
                    self.take(4)?;
                }
                4 => return Err(self.flaw(start, "a group ends that did not begin")),
                _ => return Err(self.flaw(start, "unknown wire type")),
            }
        }
        Err(self.flaw(start, "a group does not end"))
    }

    fn runs_past_the_end(&self, at: usize) -> Flaw {
        self.flaw(at, "a length runs past the end")
    }

    fn flaw(&self, at: usize, what: &'static str) -> Flaw {
        Flaw::at_byte(self.base + at, what)
    }
}

/// Bytes that a length of this size takes on the wire.
pub(super) const fn varint_size(value: usize) -> usize {
    let bits = (usize::BITS - (value | 1).leading_zeros()) as usize;
    bits.div_ceil(7)
}

/// Writes a length-delimited field's tag and length.
pub(super) fn write_header(number: u32, length: usize, out: &mut Vec<u8>) {
    write_varint((u64::from(number) << 3) | 2, out);
    write_varint(length as u64, out);
}

fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
