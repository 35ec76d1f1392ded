//! Byte scanning for the JSON reader: the end of a string, the end of a run of blanks.
//!
//! Two thirds of the bytes of a config dump are indentation and string contents, so the reader's
//! speed is the speed of these functions. They look at 32 bytes at once: most strings and
//! indentations end within them, and a branch that always goes the same way costs nothing, while
//! a mispredicted one costs as much as all of the comparisons.
//!
//! The reader is compiled once per implementation of [`Lanes`] and chosen at run time.

// The only `unsafe` here are vector instructions and loads that stay within a checked slice.
#![allow(unsafe_code)]

/// Bytes that are looked at together.
const WIDTH: usize = 32;

/// A way to look at 32 bytes at once. The masks have one bit per byte, the first byte lowest.
pub(super) trait Lanes {
    /// Quotes, backslashes, control characters and bytes of 0x80 and above.
    fn special(chunk: &[u8; WIDTH]) -> u32;
    /// Bytes that are no spaces.
    fn not_space(chunk: &[u8; WIDTH]) -> u32;
}

/// Plain loops, for any processor.
pub(super) struct Bytewise;

impl Lanes for Bytewise {
    #[inline(always)]
    fn special(chunk: &[u8; WIDTH]) -> u32 {
        let special = |byte: u8| byte == b'"' || byte == b'\\' || !(0x20..0x80).contains(&byte);
        chunk.iter().rev().fold(0, |mask, byte| mask << 1 | u32::from(special(*byte)))
    }

    #[inline(always)]
    fn not_space(chunk: &[u8; WIDTH]) -> u32 {
        chunk.iter().rev().fold(0, |mask, byte| mask << 1 | u32::from(*byte != b' '))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Sse2};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Lanes, WIDTH};

    /// SSE2, which every x86-64 processor has.
    pub(in super::super) struct Sse2;

    #[inline(always)]
    fn halves(chunk: &[u8; WIDTH], test: impl Fn(__m128i) -> __m128i) -> u32 {
        // SAFETY: both loads are within the 32 bytes and need no alignment; SSE2 is in the
        // baseline of x86-64.
        let (low, high) = unsafe {
            let low = _mm_loadu_si128(chunk.as_ptr().cast());
            let high = _mm_loadu_si128(chunk.as_ptr().add(16).cast());
            (_mm_movemask_epi8(test(low)), _mm_movemask_epi8(test(high)))
        };
        low.cast_unsigned() | high.cast_unsigned() << 16
    }

    impl Lanes for Sse2 {
        #[inline(always)]
        fn special(chunk: &[u8; WIDTH]) -> u32 {
            // SAFETY: SSE2 is in the baseline of x86-64. The signed comparison with 0x20 finds
            // control characters and, being negative, every byte of 0x80 and above.
            halves(chunk, |lanes| unsafe {
                let quote = _mm_cmpeq_epi8(lanes, _mm_set1_epi8(b'"' as i8));
                let escape = _mm_cmpeq_epi8(lanes, _mm_set1_epi8(b'\\' as i8));
                let unusual = _mm_cmplt_epi8(lanes, _mm_set1_epi8(0x20));
                _mm_or_si128(_mm_or_si128(quote, escape), unusual)
            })
        }

        #[inline(always)]
        fn not_space(chunk: &[u8; WIDTH]) -> u32 {
            // SAFETY: SSE2 is in the baseline of x86-64.
            !halves(chunk, |lanes| unsafe { _mm_cmpeq_epi8(lanes, _mm_set1_epi8(b' ' as i8)) })
        }
    }

    /// AVX2. Only to be used where the processor has it, from a function compiled for it.
    pub(in super::super) struct Avx2;

    impl Lanes for Avx2 {
        #[inline(always)]
        fn special(chunk: &[u8; WIDTH]) -> u32 {
            // SAFETY: the load is of exactly these 32 bytes; the reader takes this type only after
            // it has found that the processor has AVX2. The comparison is signed, as above.
            unsafe {
                let lanes = _mm256_loadu_si256(chunk.as_ptr().cast());
                let quote = _mm256_cmpeq_epi8(lanes, _mm256_set1_epi8(b'"' as i8));
                let escape = _mm256_cmpeq_epi8(lanes, _mm256_set1_epi8(b'\\' as i8));
                let unusual = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), lanes);
                let any = _mm256_or_si256(_mm256_or_si256(quote, escape), unusual);
                _mm256_movemask_epi8(any).cast_unsigned()
            }
        }

        #[inline(always)]
        fn not_space(chunk: &[u8; WIDTH]) -> u32 {
            // SAFETY: as above.
            unsafe {
                let lanes = _mm256_loadu_si256(chunk.as_ptr().cast());
                let space = _mm256_cmpeq_epi8(lanes, _mm256_set1_epi8(b' ' as i8));
                !_mm256_movemask_epi8(space).cast_unsigned()
            }
        }
    }
}

/// Where a JSON string ends, and what was seen on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StringEnd {
    /// Offset of the closing quote, or the length of the input if there is none.
    pub(super) quote: usize,
    /// A backslash was seen: the text must be decoded before use.
    pub(super) escaped: bool,
    /// A control character or a byte of 0x80 and above was seen: worth a closer look.
    pub(super) unusual: bool,
}

/// Finds the end of the string whose first content byte is at `from`.
#[inline(always)]
pub(super) fn string_end<L: Lanes>(bytes: &[u8], from: usize) -> StringEnd {
    let at = next::<L>(bytes, from, L::special);
    if bytes.get(at) == Some(&b'"') {
        return StringEnd { quote: at, escaped: false, unusual: false };
    }
    unusual_string_end(bytes, at)
}

/// Goes on at a byte that is special but no quote.
#[cold]
fn unusual_string_end(bytes: &[u8], from: usize) -> StringEnd {
    let mut end = StringEnd { quote: bytes.len(), escaped: false, unusual: false };
    let mut at = from;
    loop {
        match bytes.get(at) {
            None => return end,
            Some(b'"') => {
                end.quote = at;
                return end;
            }
            Some(b'\\') => {
                end.escaped = true;
                at += 2;
            }
            Some(0x20..0x80) => at += 1,
            Some(_) => {
                end.unusual = true;
                at += 1;
            }
        }
    }
}

/// The first byte at or after `from` that is no JSON blank, or the length of the input.
#[inline(always)]
pub(super) fn skip_blanks<L: Lanes>(bytes: &[u8], from: usize) -> usize {
    match bytes.get(from) {
        Some(byte) if *byte > b' ' => from,
        Some(b'\n') => {
            let at = next::<L>(bytes, from + 1, L::not_space);
            match bytes.get(at) {
                Some(byte) if *byte > b' ' => at,
                _ => skip_more_blanks(bytes, at),
            }
        }
        _ => skip_more_blanks(bytes, from),
    }
}

#[cold]
fn skip_more_blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let blank = |b: &u8| matches!(b, b' ' | b'\n' | b'\r' | b'\t');
    from + rest.iter().position(|b| !blank(b)).unwrap_or(rest.len())
}

/// The first byte at or after `from` for which `mask` sets a bit, or the length of the input.
#[inline(always)]
fn next<L: Lanes>(bytes: &[u8], from: usize, mask: impl Fn(&[u8; WIDTH]) -> u32) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let found = mask(chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += WIDTH;
    }
    next_in_tail(bytes, at, mask)
}

/// As [`next`] for the last bytes: they are padded with what no mask looks for twice.
#[cold]
fn next_in_tail(bytes: &[u8], from: usize, mask: impl Fn(&[u8; WIDTH]) -> u32) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let mut chunk = [0; WIDTH]; // a NUL is special and no space: the search ends there at last
    for (slot, byte) in chunk.iter_mut().zip(rest) {
        *slot = *byte;
    }
    from + (mask(&chunk).trailing_zeros() as usize).min(rest.len())
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn agree<L: Lanes>() {
        for length in 0..100 {
            for place in 0..=length {
                for special in [b'"', b'\\', 0, 0x1f, 0x80, 0xff] {
                    let mut bytes = vec![b'x'; length];
                    if place < length {
                        bytes[place] = special;
                    }
                    assert_eq!(next::<L>(&bytes, 0, L::special), place);
                }
                let mut bytes = vec![b' '; length];
                if place < length {
                    bytes[place] = b'x';
                }
                assert_eq!(next::<L>(&bytes, 0, L::not_space), place);
            }
        }
        for backslashes in 0..140 {
            let text = format!("{}\" tail\"", "\\".repeat(backslashes));
            let closes = if backslashes % 2 == 0 { backslashes } else { text.len() - 1 };
            let end = string_end::<L>(text.as_bytes(), 0);
            assert_eq!(end.quote, closes, "{backslashes} backslashes");
            assert_eq!(end.escaped, backslashes > 0);
            assert!(!end.unusual);
        }
        for spaces in 0..70 {
            let text = format!("\r\n{}\t{}x ", " ".repeat(spaces), " ".repeat(70 - spaces));
            assert_eq!(skip_blanks::<L>(text.as_bytes(), 0), 73);
        }
        assert_eq!(skip_blanks::<L>(b"    ", 0), 4);
        assert_eq!(skip_blanks::<L>(b"\x00", 0), 0, "NUL is no blank");
        assert_eq!(string_end::<L>(b"abc", 0).quote, 3, "no quote");
        assert_eq!(string_end::<L>(b"", 7).quote, 0, "nothing there");
    }

    #[test]
    fn plain_loops_find_what_there_is() {
        agree::<Bytewise>();
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn vector_instructions_find_the_same() {
        agree::<Sse2>();
        if is_x86_feature_detected!("avx2") {
            agree::<Avx2>();
        }
    }
}
