//! Envelopes: bytes that only who knows a secret can read, and nobody can change, cut or put together unnoticed.
//!
//! | Bytes | What |
//! |---|---|
//! | 16 | `rookery envelope` |
//! | 1 | the version of this layout: 1 |
//! | 32 | the salt, drawn anew for each envelope |
//! | 32 | the check: by it another secret is told from a change |
//! | 65,536 + 16 each | parts: AES-256-GCM under a key of this envelope's own; the last one may be shorter |
//!
//! Key and check are HKDF-SHA256 of the secret with the salt, for one purpose each. A part's nonce is its number from 0 in 11 bytes,
//! big-endian, and one byte that is 1 for the last part: so parts can be neither swapped nor left out, also at the end.
//! Source: RFC 5869, RFC 5116, and the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use std::io::{self, BufRead, Read, Write};
use subtle::ConstantTimeEq;

/// Bytes of an envelope's salt.
pub const SALT_LEN: usize = 32;
/// Most parts of one envelope: 4 GiB of content.
pub const PARTS_MAX: u64 = 65_536;

const MAGIC: &[u8; 16] = b"rookery envelope";
const VERSION: u8 = 1;
const CHECK_LEN: usize = 32;
/// Bytes of a part's content.
const PART_LEN: usize = 64 * 1024;
/// Bytes of a sealed part: its content and a tag of 16.
const SEALED_MAX: u64 = 64 * 1024 + 16;

/// Why an envelope cannot be opened, or not be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It does not begin as envelopes do.
    #[error("this is no sealed file of Rookery")]
    NotOne,
    /// A later program made it.
    #[error("it has version {0} of the format, and this program knows version {VERSION}")]
    Version(u8),
    /// The check does not fit.
    #[error("it was sealed with another secret, or its beginning was changed")]
    Secret,
    /// The secret is right, and a part is not what was sealed.
    #[error("it was changed or cut after it was sealed")]
    Changed,
    /// More than [`PARTS_MAX`] parts.
    #[error("it would be larger than {} GiB", PARTS_MAX / 16_384)]
    TooLong,
}

impl From<EnvelopeError> for io::Error {
    fn from(error: EnvelopeError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// Seals what is written to it. Without `finish` the envelope is a cut one.
pub struct Sealer<W: Write> {
    to: W,
    key: LessSafeKey,
    part: Vec<u8>,
    number: u64,
}

impl<W: Write> Sealer<W> {
    /// Begins an envelope. The salt must be random and never used before: with it the key comes again.
    /// Errors: those of writing.
    pub fn begin(mut to: W, secret: &str, purpose: &str, salt: [u8; SALT_LEN]) -> io::Result<Self> {
        let (key, check) = derive(secret, purpose, &salt)?;
        to.write_all(MAGIC)?;
        to.write_all(&[VERSION])?;
        to.write_all(&salt)?;
        to.write_all(&check)?;
        Ok(Self {
            to,
            key,
            part: Vec::with_capacity(PART_LEN),
            number: 0,
        })
    }

    /// Seals the last part. Gives back what was written to. Errors: those of writing, `TooLong`.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.to)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        if self.number >= PARTS_MAX {
            return Err(EnvelopeError::TooLong.into());
        }
        let nonce = nonce_of(self.number, is_last);
        let sealed = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::empty(), &mut self.part);
        let tag = sealed.map_err(|_too_long| EnvelopeError::TooLong)?;
        self.to.write_all(&self.part)?;
        self.to.write_all(tag.as_ref())?;
        self.part.clear();
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full part waits for what follows: only then it is known not to be the last.
        if self.part.len() == PART_LEN && !bytes.is_empty() {
            self.seal(false)?;
        }
        let room = PART_LEN.saturating_sub(self.part.len());
        let (taken, _rest) = bytes.split_at(room.min(bytes.len()));
        self.part.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // What is not a whole part yet cannot leave.
        self.to.flush()
    }
}

/// Gives the content of an envelope, each byte after its part was found unchanged.
pub struct Opener<R: BufRead> {
    from: R,
    key: LessSafeKey,
    part: Vec<u8>,
    /// How much of the part was given.
    given: usize,
    number: u64,
    is_over: bool,
}

impl<R: BufRead> Opener<R> {
    /// Begins to open an envelope. Errors: those of reading; `NotOne`, `Version`, `Secret`.
    pub fn begin(mut from: R, secret: &str, purpose: &str) -> io::Result<Self> {
        let magic = read_exactly::<{ MAGIC.len() }>(&mut from, EnvelopeError::NotOne)?;
        if &magic != MAGIC {
            return Err(EnvelopeError::NotOne.into());
        }
        let [version] = read_exactly::<1>(&mut from, EnvelopeError::NotOne)?;
        if version != VERSION {
            return Err(EnvelopeError::Version(version).into());
        }
        let salt = read_exactly::<SALT_LEN>(&mut from, EnvelopeError::Changed)?;
        let check = read_exactly::<CHECK_LEN>(&mut from, EnvelopeError::Changed)?;
        let (key, expected) = derive(secret, purpose, &salt)?;
        if !bool::from(check.ct_eq(&expected)) {
            return Err(EnvelopeError::Secret.into());
        }
        Ok(Self {
            from,
            key,
            part: Vec::new(),
            given: 0,
            number: 0,
            is_over: false,
        })
    }

    fn open_next(&mut self) -> io::Result<()> {
        self.part.clear();
        self.given = 0;
        (&mut self.from).take(SEALED_MAX).read_to_end(&mut self.part)?;
        let is_last = self.from.fill_buf()?.is_empty();
        let nonce = nonce_of(self.number, is_last);
        let opened = self.key.open_in_place(nonce, Aad::empty(), &mut self.part);
        let length = opened.map(|content| content.len());
        // What is not found unchanged is not left where it could be given.
        self.part.truncate(length.unwrap_or_default());
        if length.is_err() || self.number >= PARTS_MAX {
            return Err(EnvelopeError::Changed.into());
        }
        self.number += 1;
        self.is_over = is_last;
        Ok(())
    }
}

impl<R: BufRead> BufRead for Opener<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.given == self.part.len() && !self.is_over {
            self.open_next()?;
        }
        Ok(self.part.get(self.given..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.given = self.given.saturating_add(amount).min(self.part.len());
    }
}

impl<R: BufRead> Read for Opener<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// The length of a derived check, as HKDF asks for it.
struct CheckLen;

impl KeyType for CheckLen {
    fn len(&self) -> usize {
        CHECK_LEN
    }
}

/// The key and the check of an envelope. Errors: none that these lengths can bring about.
fn derive(secret: &str, purpose: &str, salt: &[u8]) -> io::Result<(LessSafeKey, [u8; CHECK_LEN])> {
    let no_length = |_unspecified| io::Error::other("a key cannot be derived");
    let root: Prk = Salt::new(HKDF_SHA256, salt).extract(secret.as_bytes());
    let (name, version) = (purpose.as_bytes(), [VERSION]);
    let info: [&[u8]; 4] = [MAGIC, &version, b" key of ", name];
    let key: UnboundKey = root.expand(&info, &AES_256_GCM).map_err(no_length)?.into();
    let info: [&[u8]; 4] = [MAGIC, &version, b" check of ", name];
    let mut check = [0; CHECK_LEN];
    let expanded = root.expand(&info, CheckLen).map_err(no_length)?;
    expanded.fill(&mut check).map_err(no_length)?;
    Ok((LessSafeKey::new(key), check))
}

/// The nonce of a part: its number in 11 bytes, then whether it is the last.
fn nonce_of(number: u64, is_last: bool) -> Nonce {
    let wide = (u128::from(number) << 8) | u128::from(is_last);
    let mut nonce = [0; NONCE_LEN];
    let bytes = wide.to_be_bytes();
    for (to, from) in nonce.iter_mut().rev().zip(bytes.iter().rev()) {
        *to = *from;
    }
    Nonce::assume_unique_for_key(nonce)
}

fn read_exactly<const N: usize>(from: &mut impl Read, cut: EnvelopeError) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => cut.into(),
        _ => error,
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "correct horse battery staple";
    const TAG_LEN: usize = 16;
    const HEAD_LEN: usize = MAGIC.len() + 1 + SALT_LEN + CHECK_LEN;

    fn sealed(content: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::begin(Vec::new(), SECRET, "tests", [7; SALT_LEN]).unwrap();
        sealer.write_all(content).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(bytes: &[u8], secret: &str, purpose: &str) -> Result<Vec<u8>, EnvelopeError> {
        let open = || {
            let mut content = Vec::new();
            Opener::begin(bytes, secret, purpose)?.read_to_end(&mut content)?;
            Ok(content)
        };
        open().map_err(|error: io::Error| *error.into_inner().unwrap().downcast().unwrap())
    }

    #[test]
    fn what_was_put_in_comes_out_whatever_its_length() {
        for length in [0, 1, PART_LEN - 1, PART_LEN, PART_LEN + 1, 2 * PART_LEN, 150_000] {
            let content: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let bytes = sealed(&content);
            let parts = length.div_ceil(PART_LEN).max(1);
            assert_eq!(bytes.len(), HEAD_LEN + length + parts * TAG_LEN);
            assert!(opened(&bytes, SECRET, "tests").unwrap() == content, "{length}");
        }
    }

    #[test]
    fn the_format_never_changes() {
        // Source: HKDF and AES-GCM of Python's cryptography 48, by the table above.
        use sha2::{Digest, Sha256};
        let bytes = sealed(b"what owners decided");
        assert_eq!(bytes.split_at(17).0, b"rookery envelope\x01");
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            digest,
            "5941a25ac9c2e6118b29d333d2aeb4042df05ceaa6dc424c6220485fc2b56e7f"
        );
    }

    #[test]
    fn another_secret_and_another_purpose_open_nothing() {
        let bytes = sealed(b"content");
        assert_eq!(opened(&bytes, "guess", "tests"), Err(EnvelopeError::Secret));
        assert_eq!(opened(&bytes, SECRET, "others"), Err(EnvelopeError::Secret));
        assert_eq!(
            opened(b"{\"json\":true}", SECRET, "tests"),
            Err(EnvelopeError::NotOne)
        );
        assert_eq!(opened(b"", SECRET, "tests"), Err(EnvelopeError::NotOne));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let content = vec![b'x'; PART_LEN + 100];
        let bytes = sealed(&content);
        let places = (0..HEAD_LEN + 8)
            .chain((HEAD_LEN..bytes.len()).step_by(997))
            .chain([bytes.len() - 1]);
        for place in places {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let expected = match place {
                0..16 => EnvelopeError::NotOne,
                16 => EnvelopeError::Version(0),
                17..HEAD_LEN => EnvelopeError::Secret,
                _ => EnvelopeError::Changed,
            };
            assert_eq!(opened(&changed, SECRET, "tests"), Err(expected), "{place}");
        }
    }

    #[test]
    fn parts_can_neither_be_cut_off_nor_added_nor_swapped() {
        let content: Vec<u8> = [vec![1; PART_LEN], vec![2; PART_LEN], vec![3; PART_LEN]].concat();
        let bytes = sealed(&content);
        let part = PART_LEN + TAG_LEN;
        let (head, parts) = bytes.split_at(HEAD_LEN);
        let of = |order: &[usize]| {
            let mut other = head.to_vec();
            for number in order {
                other.extend_from_slice(&parts[number * part..(number + 1) * part]);
            }
            other
        };
        assert!(opened(&of(&[0, 1, 2]), SECRET, "tests").is_ok());
        for order in [&[0, 1][..], &[], &[0, 2], &[1, 0, 2], &[0, 1, 2, 2], &[2]] {
            assert_eq!(
                opened(&of(order), SECRET, "tests"),
                Err(EnvelopeError::Changed),
                "{order:?}"
            );
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(opened(&longer, SECRET, "tests"), Err(EnvelopeError::Changed));
        for length in [
            HEAD_LEN - 1,
            HEAD_LEN,
            HEAD_LEN + 15,
            bytes.len() - 1,
            bytes.len() - part,
        ] {
            assert_eq!(
                opened(&bytes[..length], SECRET, "tests"),
                Err(EnvelopeError::Changed),
                "{length}"
            );
        }
    }

    #[test]
    fn two_envelopes_have_nothing_in_common() {
        let mut sealer = Sealer::begin(Vec::new(), SECRET, "tests", [8; SALT_LEN]).unwrap();
        sealer.write_all(b"content").unwrap();
        let (one, other) = (sealed(b"content"), sealer.finish().unwrap());
        let ends = |bytes: &[u8]| bytes[17 + SALT_LEN..].to_vec();
        let same = ends(&one)
            .iter()
            .zip(ends(&other))
            .filter(|(one, other)| *one == other)
            .count();
        assert!(same < 10, "{same} equal bytes");
    }
}
