//! The little of DER (ITU-T X.690) that finds a public key: the elements of a sequence, one after another. Lengths are
//! definite and at most four bytes long.

/// A universal tag.
pub(crate) const INTEGER: u8 = 0x02;
/// A universal tag.
pub(crate) const BIT_STRING: u8 = 0x03;
/// A universal tag.
pub(crate) const OID: u8 = 0x06;
/// A universal tag.
pub(crate) const SEQUENCE: u8 = 0x30;
/// `[0]` of a certificate: its version.
pub(crate) const VERSION: u8 = 0xa0;

/// Reads one element after another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'d> {
    rest: &'d [u8],
}

impl<'d> Reader<'d> {
    pub(crate) fn new(bytes: &'d [u8]) -> Reader<'d> {
        Reader { rest: bytes }
    }

    /// The next element, whatever it is: its tag and its content.
    pub(crate) fn any(&mut self) -> Option<(u8, &'d [u8])> {
        let (&tag, rest) = self.rest.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let length = match first {
            0..=0x7f => usize::from(first),
            0x81..=0x84 => {
                let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = after;
                bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte))
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some((tag, content))
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'d [u8]> {
        self.any()
            .filter(|(found, _)| *found == tag)
            .map(|(_, content)| content)
    }

    /// Passes over the next element if it has this tag.
    pub(crate) fn skip(&mut self, tag: u8) {
        if self.rest.first() == Some(&tag) {
            self.any();
        }
    }
}
