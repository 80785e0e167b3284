//! The binary framing of Amazon's event streams: lengths, a checksum over them, headers, a payload, a checksum over all.

use bytes::{BufMut as _, Bytes, BytesMut};

/// The type of a header whose value is a text.
const TEXT: u8 = 7;
/// Two lengths and their checksum.
const PRELUDE: usize = 12;
/// A checksum.
const CHECKSUM: usize = 4;

/// An event of this type.
pub(crate) fn message(kind: &str, payload: &str) -> Bytes {
    framed(&[(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")], payload)
}

/// An error inside a stream.
pub(crate) fn exception(kind: &str, payload: &str) -> Bytes {
    framed(&[(":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception")], payload)
}

fn framed(headers: &[(&str, &str)], payload: &str) -> Bytes {
    let mut head = BytesMut::new();
    for (name, value) in headers {
        head.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        head.put_slice(name.as_bytes());
        head.put_u8(TEXT);
        head.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        head.put_slice(value.as_bytes());
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    let mut all = BytesMut::new();
    all.put_u32(length(PRELUDE + head.len() + payload.len() + CHECKSUM));
    all.put_u32(length(head.len()));
    all.put_u32(crc32fast::hash(&all));
    all.put_slice(&head);
    all.put_slice(payload.as_bytes());
    all.put_u32(crc32fast::hash(&all));
    all.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_and_checksums_are_those_of_amazons_own_test_vector() {
        // `empty_message` of the event stream encoding's published vectors: no headers, no payload.
        let empty = framed(&[], "");
        assert_eq!(empty.as_ref(), [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff]);
    }
}
