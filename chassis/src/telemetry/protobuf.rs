//! Writes messages of protobuf (<https://protobuf.dev/programming-guides/encoding/>).

/// A message, or the part of it that is written. A field that has its default value is left out.
pub(super) struct Message(Vec<u8>);

/// How the length of a field's value is known.
const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const DELIMITED: u32 = 2;
const FIXED32: u32 = 5;

impl Message {
    /// An empty message with room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A string or bytes.
    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        if !value.is_empty() {
            self.present_bytes(field, value);
        }
    }

    /// The same, written even when it is empty.
    pub(super) fn present_bytes(&mut self, field: u32, value: &[u8]) {
        self.key(field, DELIMITED);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// A whole number.
    pub(super) fn number(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.present_number(field, value);
        }
    }

    /// The same, written even when it is 0.
    pub(super) fn present_number(&mut self, field: u32, value: u64) {
        self.key(field, VARINT);
        self.varint(value);
    }

    /// Eight bytes, written even when they are 0.
    pub(super) fn fixed64(&mut self, field: u32, value: u64) {
        self.key(field, FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Four bytes, written even when they are 0.
    pub(super) fn fixed32(&mut self, field: u32, value: u32) {
        self.key(field, FIXED32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// A message within this one, which `write` writes.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        self.key(field, DELIMITED);
        // Most messages are shorter than 128 bytes, and their length is one byte.
        let begin = self.0.len() + 1;
        self.0.push(0);
        write(self);
        let end = self.0.len();
        let length = (end - begin) as u64;
        if length < 0x80 {
            self.0[begin - 1] = low_byte(length);
        } else {
            // The further bytes of the length are written behind the message and move before it.
            self.0[begin - 1] = low_byte(length) | 0x80;
            self.varint(length >> 7);
            let further = self.0.len() - end;
            self.0[begin..].rotate_right(further);
        }
    }

    fn key(&mut self, field: u32, wire_type: u32) {
        self.varint(u64::from(field << 3 | wire_type));
    }

    /// Seven bits a byte, lowest first; all bytes but the last have the eighth.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(low_byte(value) | 0x80);
            value >>= 7;
        }
        self.0.push(low_byte(value));
    }
}

fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}
