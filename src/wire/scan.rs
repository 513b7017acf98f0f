//! Cheap checks of a JSON text before it is parsed: depth of nesting and lone surrogates, in one pass, no recursion.

use serde::de::IgnoredAny;

use crate::wire::frame::DecodeError;

/// Checks that a JSON text is nested at most `max_depth` levels deep and that its strings hold whole characters.
///
/// It is a linear scan that respects strings, not a parser: a text that passes may still be no JSON.
/// Errors: [`DecodeError::TooDeep`]; [`DecodeError::LoneSurrogate`], which a raw value would smuggle past the parser.
pub fn check_json_depth(json: &[u8], max_depth: usize) -> Result<(), DecodeError> {
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                if depth > max_depth {
                    return Err(DecodeError::TooDeep { max_depth });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes)?,
            _ => {}
        }
    }
    Ok(())
}

/// Checks that bytes are exactly one JSON text in UTF-8 of bounded depth: what a `bytes` field must hold before it is
/// embedded into a JSON frame, for instance the `data` of a protobuf client.
///
/// Errors: [`DecodeError::Utf8`], those of [`check_json_depth`], and [`DecodeError::Json`].
pub fn check_json(json: &[u8], max_depth: usize) -> Result<(), DecodeError> {
    let text = std::str::from_utf8(json).map_err(|source| DecodeError::Utf8 { source })?;
    check_json_depth(json, max_depth)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|source| DecodeError::Json { source })?;
    Ok(())
}

/// Runs behind the closing quote, or to the end when there is none.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) -> Result<(), DecodeError> {
    // A high surrogate must be followed at once by the escape of a low one.
    let mut is_low_due = false;
    while let Some(byte) = bytes.next() {
        let escaped = if *byte == b'\\' { bytes.next() } else { None };
        let unit = if escaped == Some(&b'u') {
            code_unit(bytes)
        } else {
            None
        };
        let is_low = matches!(unit, Some(0xdc00..=0xdfff));
        if is_low != is_low_due {
            return Err(DecodeError::LoneSurrogate);
        }
        is_low_due = matches!(unit, Some(0xd800..=0xdbff));
        if *byte == b'"' {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads the four hexadecimal digits of an escape; `None` when they are not, which the parser refuses later.
fn code_unit(bytes: &mut std::slice::Iter<'_, u8>) -> Option<u32> {
    let digits = bytes.as_slice().get(..4)?;
    let unit = digits.iter().try_fold(0_u32, |unit, digit| {
        Some(
            unit.wrapping_mul(16)
                .wrapping_add(char::from(*digit).to_digit(16)?),
        )
    })?;
    *bytes = bytes.as_slice().get(4..)?.iter();
    Some(unit)
}
