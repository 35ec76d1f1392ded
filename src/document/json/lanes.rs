//! What the bytes of a text are, 64 at a time.
//!
//! The fast reader is compiled once per implementation of [`Lanes`]; the best that the processor
//! has is chosen at run time.

// The only `unsafe` here are vector instructions and loads that stay within an array.
#![allow(unsafe_code)]

/// Bytes that are looked at together.
pub(super) const WIDTH: usize = 64;

/// The classes of 64 bytes, one bit per byte, the first byte lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Classes {
    /// `"`, also where it is escaped.
    pub(super) quote: u64,
    /// `{`, `}`, `[`, `]`, `:` and `,`; also the bytes 0x0c and 0x1a, which no JSON has outside
    /// of strings: who reads one must look at the byte anyway.
    pub(super) operator: u64,
    /// Space, tab, line feed and carriage return.
    pub(super) blank: u64,
    /// Line feed.
    pub(super) newline: u64,
    /// What needs a closer look in a string: `\`, bytes below 0x20, bytes of 0x80 and above.
    pub(super) special: u64,
}

/// A way to look at 64 bytes at once.
pub(super) trait Lanes {
    fn classes(block: &[u8; WIDTH]) -> Classes;
    /// Where the backslashes are.
    fn backslashes(block: &[u8; WIDTH]) -> u64;
    /// Where two blocks differ.
    fn differences(one: &[u8; WIDTH], other: &[u8; WIDTH]) -> u64;
    /// Writes `base` plus the place of each bit of `bits` into the first slots, the lowest first.
    /// What stands in the other slots afterwards means nothing.
    #[inline(always)]
    fn offsets(mut bits: u64, base: u32, slots: &mut [u32; WIDTH]) {
        // More than asked for is written, so that there are few branches.
        for group in slots.as_chunks_mut::<4>().0 {
            for slot in group {
                *slot = base.wrapping_add(bits.trailing_zeros());
                bits &= bits.wrapping_sub(1);
            }
            if bits == 0 {
                break;
            }
        }
    }
    /// Each bit of the result is the exclusive or of all bits of `bits` up to its own: from one
    /// quote to the next.
    fn prefix_xor(bits: u64) -> u64;
}

/// Plain loops, for any processor.
pub(super) struct Bytewise;

fn mask(block: &[u8; WIDTH], test: impl Fn(u8) -> bool) -> u64 {
    block.iter().rev().fold(0, |mask, byte| mask << 1 | u64::from(test(*byte)))
}

/// Whether a byte needs a closer look in a string.
pub(super) fn is_special(byte: u8) -> bool {
    byte == b'\\' || !(0x20..0x80).contains(&byte)
}

impl Lanes for Bytewise {
    fn classes(block: &[u8; WIDTH]) -> Classes {
        Classes {
            quote: mask(block, |byte| byte == b'"'),
            operator: mask(block, |byte| matches!(byte | 0x20, b'{' | b'}' | b':' | b',')),
            blank: mask(block, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')),
            newline: mask(block, |byte| byte == b'\n'),
            special: mask(block, is_special),
        }
    }

    fn backslashes(block: &[u8; WIDTH]) -> u64 {
        mask(block, |byte| byte == b'\\')
    }

    fn differences(one: &[u8; WIDTH], other: &[u8; WIDTH]) -> u64 {
        let pairs = one.iter().zip(other).rev();
        pairs.fold(0, |mask, (one, other)| mask << 1 | u64::from(one != other))
    }

    #[inline(always)]
    fn prefix_xor(mut bits: u64) -> u64 {
        for shift in [1, 2, 4, 8, 16, 32] {
            bits ^= bits << shift;
        }
        bits
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512, Sse2};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Bytewise, Classes, Lanes, WIDTH};

    /// SSE2, which every x86-64 processor has.
    pub(in super::super) struct Sse2;

    /// Applies a test to 16 bytes at a time.
    #[inline(always)]
    fn quarters(block: &[u8; WIDTH], test: impl Fn(__m128i) -> __m128i) -> u64 {
        let (quarters, _) = block.as_chunks::<16>();
        quarters.iter().rev().fold(0, |mask, quarter| {
            // SAFETY: the load is of exactly these 16 bytes and needs no alignment; SSE2 is in the
            // baseline of x86-64.
            let bits = unsafe { _mm_movemask_epi8(test(_mm_loadu_si128(quarter.as_ptr().cast()))) };
            mask << 16 | u64::from(bits.cast_unsigned())
        })
    }

    impl Lanes for Sse2 {
        #[inline(always)]
        fn classes(block: &[u8; WIDTH]) -> Classes {
            // SAFETY: SSE2 is in the baseline of x86-64.
            let is = |lanes, byte: u8| unsafe { _mm_cmpeq_epi8(lanes, _mm_set1_epi8(byte.cast_signed())) };
            // SAFETY: as above.
            let or = |left, right| unsafe { _mm_or_si128(left, right) };
            Classes {
                quote: quarters(block, |lanes| is(lanes, b'"')),
                operator: quarters(block, |lanes| {
                    // SAFETY: as above.
                    let lower = or(lanes, unsafe { _mm_set1_epi8(0x20) });
                    or(or(is(lower, b'{'), is(lower, b'}')), or(is(lower, b':'), is(lower, b',')))
                }),
                blank: quarters(block, |lanes| {
                    or(or(is(lanes, b' '), is(lanes, b'\t')), or(is(lanes, b'\n'), is(lanes, b'\r')))
                }),
                newline: quarters(block, |lanes| is(lanes, b'\n')),
                special: quarters(block, |lanes| {
                    // SAFETY: as above. The comparison is signed: bytes of 0x80 and above are
                    // negative, and so below 0x20.
                    or(unsafe { _mm_cmplt_epi8(lanes, _mm_set1_epi8(0x20)) }, is(lanes, b'\\'))
                }),
            }
        }

        #[inline(always)]
        fn backslashes(block: &[u8; WIDTH]) -> u64 {
            // SAFETY: SSE2 is in the baseline of x86-64.
            quarters(block, |lanes| unsafe { _mm_cmpeq_epi8(lanes, _mm_set1_epi8(b'\\'.cast_signed())) })
        }

        #[inline(always)]
        fn differences(one: &[u8; WIDTH], other: &[u8; WIDTH]) -> u64 {
            let quarters = one.as_chunks::<16>().0.iter().zip(other.as_chunks::<16>().0);
            quarters.rev().fold(0, |mask, (one, other)| {
                // SAFETY: the loads are of exactly these 16 bytes each and need no alignment; SSE2 is
                // in the baseline of x86-64.
                let same = unsafe {
                    let (one, other) = (_mm_loadu_si128(one.as_ptr().cast()), _mm_loadu_si128(other.as_ptr().cast()));
                    _mm_movemask_epi8(_mm_cmpeq_epi8(one, other))
                };
                mask << 16 | u64::from(!same.cast_unsigned() & 0xffff)
            })
        }

        #[inline(always)]
        fn prefix_xor(bits: u64) -> u64 {
            Bytewise::prefix_xor(bits)
        }
    }

    /// AVX2 and PCLMULQDQ. Only to be used where the processor has them, from a function that is
    /// compiled for them.
    pub(in super::super) struct Avx2;

    impl Avx2 {
        /// Whether the processor has what [`Lanes`] needs here.
        #[inline]
        pub(in super::super) fn is_here() -> bool {
            is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("pclmulqdq")
                && is_x86_feature_detected!("popcnt")
        }
    }

    /// The bits of two halves of a block.
    ///
    /// # Safety
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn both(low: __m256i, high: __m256i) -> u64 {
        // SAFETY: the caller's.
        let (low, high) = unsafe { (_mm256_movemask_epi8(low), _mm256_movemask_epi8(high)) };
        u64::from(low.cast_unsigned()) | u64::from(high.cast_unsigned()) << 32
    }

    /// # Safety
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn halves(block: &[u8; WIDTH]) -> (__m256i, __m256i) {
        let start: *const u8 = block.as_ptr();
        // SAFETY: both loads are within the 64 bytes and need no alignment; AVX2 is the caller's.
        unsafe { (_mm256_loadu_si256(start.cast()), _mm256_loadu_si256(start.add(32).cast())) }
    }

    /// A table of 16 bytes that is looked up by the low half of each byte, for [`Lanes::classes`].
    #[inline(always)]
    const fn table(entries: &[(u8, u8)]) -> [u8; 16] {
        let mut table = [0xff; 16];
        let mut next = 0;
        while next < entries.len() {
            let (place, byte) = entries[next];
            table[place as usize] = byte;
            next += 1;
        }
        table
    }

    /// The blank whose low half is the place in the table. Bytes of 0x80 and above look up a zero.
    const BLANKS: [u8; 16] = table(&[(0x0, b' '), (0x9, b'\t'), (0xa, b'\n'), (0xd, b'\r')]);
    /// The same for operators with the bit 0x20 set, which makes `{` of `[` and `}` of `]`.
    const OPERATORS: [u8; 16] = table(&[(0xa, b':'), (0xb, b'{'), (0xc, b','), (0xd, b'}')]);

    impl Lanes for Avx2 {
        #[inline(always)]
        fn classes(block: &[u8; WIDTH]) -> Classes {
            // SAFETY: the reader takes this type only after it has found that the processor has
            // AVX2.
            unsafe {
                let (low, high) = halves(block);
                let wide = |table: [u8; 16]| _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast()));
                let quote = _mm256_set1_epi8(b'"'.cast_signed());
                let blanks = wide(BLANKS);
                let blank = |lanes| _mm256_cmpeq_epi8(_mm256_shuffle_epi8(blanks, lanes), lanes);
                let (operators, bit) = (wide(OPERATORS), _mm256_set1_epi8(0x20));
                let operator =
                    |lanes| _mm256_cmpeq_epi8(_mm256_shuffle_epi8(operators, lanes), _mm256_or_si256(lanes, bit));
                let feed = _mm256_set1_epi8(b'\n'.cast_signed());
                let escape = _mm256_set1_epi8(b'\\'.cast_signed());
                let special = |lanes| {
                    // The comparison is signed: bytes of 0x80 and above are negative.
                    let unusual = _mm256_cmpgt_epi8(bit, lanes);
                    _mm256_or_si256(unusual, _mm256_cmpeq_epi8(lanes, escape))
                };
                Classes {
                    quote: both(_mm256_cmpeq_epi8(low, quote), _mm256_cmpeq_epi8(high, quote)),
                    operator: both(operator(low), operator(high)),
                    blank: both(blank(low), blank(high)),
                    newline: both(_mm256_cmpeq_epi8(low, feed), _mm256_cmpeq_epi8(high, feed)),
                    special: both(special(low), special(high)),
                }
            }
        }

        #[inline(always)]
        fn backslashes(block: &[u8; WIDTH]) -> u64 {
            // SAFETY: as above.
            unsafe {
                let (low, high) = halves(block);
                let escape = _mm256_set1_epi8(b'\\'.cast_signed());
                both(_mm256_cmpeq_epi8(low, escape), _mm256_cmpeq_epi8(high, escape))
            }
        }

        #[inline(always)]
        fn differences(one: &[u8; WIDTH], other: &[u8; WIDTH]) -> u64 {
            // SAFETY: as above.
            unsafe {
                let ((low, high), (other_low, other_high)) = (halves(one), halves(other));
                !both(_mm256_cmpeq_epi8(low, other_low), _mm256_cmpeq_epi8(high, other_high))
            }
        }

        #[inline(always)]
        fn prefix_xor(bits: u64) -> u64 {
            // SAFETY: the reader takes this type only after it has found that the processor has
            // PCLMULQDQ. A product without carries by all ones is the prefix sum modulo two.
            unsafe {
                let bits = _mm_set_epi64x(0, bits.cast_signed());
                let product = _mm_clmulepi64_si128::<0>(bits, _mm_set1_epi8(-1));
                _mm_cvtsi128_si64(product).cast_unsigned()
            }
        }
    }

    /// AVX-512 with its operations on bytes, and PCLMULQDQ. To be used as [`Avx2`].
    pub(in super::super) struct Avx512;

    impl Avx512 {
        /// Whether the processor has what [`Lanes`] needs here.
        #[inline]
        pub(in super::super) fn is_here() -> bool {
            Avx2::is_here()
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vbmi2")
        }
    }

    /// The numbers of 64 bytes.
    const PLACES: [u8; WIDTH] = {
        let mut places = [0; WIDTH];
        let mut next = 0;
        while next < WIDTH {
            places[next] = next as u8;
            next += 1;
        }
        places
    };

    impl Lanes for Avx512 {
        #[inline(always)]
        fn classes(block: &[u8; WIDTH]) -> Classes {
            // SAFETY: the load is of exactly these 64 bytes and needs no alignment; the reader takes
            // this type only after it has found that the processor has AVX-512.
            unsafe {
                let lanes = _mm512_loadu_si512(block.as_ptr().cast());
                let is = |byte: u8| _mm512_cmpeq_epi8_mask(lanes, _mm512_set1_epi8(byte.cast_signed()));
                let wide = |table: [u8; 16]| _mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast()));
                let bit = _mm512_set1_epi8(0x20);
                let operators = _mm512_shuffle_epi8(wide(OPERATORS), lanes);
                Classes {
                    quote: is(b'"'),
                    operator: _mm512_cmpeq_epi8_mask(operators, _mm512_or_si512(lanes, bit)),
                    blank: _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(wide(BLANKS), lanes), lanes),
                    newline: is(b'\n'),
                    // The comparison is signed: bytes of 0x80 and above are negative.
                    special: _mm512_cmplt_epi8_mask(lanes, bit) | is(b'\\'),
                }
            }
        }

        #[inline(always)]
        fn backslashes(block: &[u8; WIDTH]) -> u64 {
            // SAFETY: as above.
            unsafe {
                let lanes = _mm512_loadu_si512(block.as_ptr().cast());
                _mm512_cmpeq_epi8_mask(lanes, _mm512_set1_epi8(b'\\'.cast_signed()))
            }
        }

        #[inline(always)]
        fn differences(one: &[u8; WIDTH], other: &[u8; WIDTH]) -> u64 {
            // SAFETY: as above, for both blocks.
            unsafe {
                let one = _mm512_loadu_si512(one.as_ptr().cast());
                _mm512_cmpneq_epi8_mask(one, _mm512_loadu_si512(other.as_ptr().cast()))
            }
        }

        #[inline(always)]
        fn offsets(bits: u64, base: u32, slots: &mut [u32; WIDTH]) {
            // SAFETY: as above; each store is of 16 slots.
            unsafe {
                let places = _mm512_loadu_si512(PLACES.as_ptr().cast());
                let packed = _mm512_maskz_compress_epi8(bits, places);
                let base = _mm512_set1_epi32(base.cast_signed());
                let mut store = |group: usize, places: __m128i| {
                    if let Some(slots) = slots.as_chunks_mut::<16>().0.get_mut(group) {
                        let offsets = _mm512_add_epi32(_mm512_cvtepu8_epi32(places), base);
                        _mm512_storeu_si512(slots.as_mut_ptr().cast(), offsets);
                    }
                };
                store(0, _mm512_castsi512_si128(packed));
                let count = bits.count_ones();
                if count > 16 {
                    store(1, _mm512_extracti32x4_epi32::<1>(packed));
                }
                if count > 32 {
                    store(2, _mm512_extracti32x4_epi32::<2>(packed));
                    store(3, _mm512_extracti32x4_epi32::<3>(packed));
                }
            }
        }

        #[inline(always)]
        fn prefix_xor(bits: u64) -> u64 {
            Avx2::prefix_xor(bits)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees<L: Lanes>() {
        for offset in 0..WIDTH {
            for byte in 0..=u8::MAX {
                let mut block = [b'x'; WIDTH];
                block.rotate_left(offset);
                for (place, slot) in block.iter_mut().enumerate() {
                    if place % 7 == offset % 7 {
                        *slot = byte.wrapping_add((place % 3) as u8);
                    }
                }
                assert_eq!(L::classes(&block), Bytewise::classes(&block), "{byte:#04x} at {offset}");
                assert_eq!(L::backslashes(&block), Bytewise::backslashes(&block));
                let other = block.map(|byte| byte.saturating_sub(u8::from(byte % 5 == 0)));
                assert_eq!(L::differences(&block, &other), Bytewise::differences(&block, &other));
            }
        }
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..1000 {
            bits = bits.rotate_left(7).wrapping_mul(0x2545_f491_4f6c_dd1d);
            assert_eq!(L::prefix_xor(bits), Bytewise::prefix_xor(bits), "{bits:#x}");
            for bits in [bits, bits & bits.rotate_left(9), bits & bits.rotate_left(9) & bits.rotate_left(23), u64::MAX]
            {
                assert_eq!(offsets::<L>(bits), offsets::<Bytewise>(bits), "{bits:#x}");
            }
        }
    }

    fn offsets<L: Lanes>(bits: u64) -> Vec<u32> {
        let mut slots = [0; WIDTH];
        L::offsets(bits, 1000, &mut slots);
        slots[..bits.count_ones() as usize].to_vec()
    }

    #[test]
    fn plain_loops_see_what_there_is() {
        let mut block = [b' '; WIDTH];
        block[..10].copy_from_slice(b"{\"a\\\":1,\n\xc3");
        let classes = Bytewise::classes(&block);
        assert_eq!(classes.quote, 0b00_0001_0010);
        assert_eq!(classes.operator, 0b00_1010_0001);
        assert_eq!(classes.blank & 0x3ff, 0b01_0000_0000);
        assert_eq!(classes.newline, 0b01_0000_0000);
        assert_eq!(classes.special, 0b11_0000_1000);
        let mut other = block;
        other[3..5].copy_from_slice(b"/\"");
        assert_eq!(Bytewise::differences(&block, &other), 0b1000);
        assert_eq!(offsets::<Bytewise>(0b1001_0010), [1001, 1004, 1007]);
        assert_eq!(Bytewise::prefix_xor(0b1001_0010), 0xffff_ffff_ffff_ff8e);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn vector_instructions_see_the_same() {
        agrees::<Sse2>();
        if Avx2::is_here() {
            agrees::<Avx2>();
        }
        if Avx512::is_here() {
            agrees::<Avx512>();
        }
    }
}
