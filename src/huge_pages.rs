//! Huge pages, for what is large and filled from its start to its end: the tape of a large document, and
//! the members of an archive.
//!
//! Memory that is used for the first time costs a fault for every page: with pages of 2 MiB instead of
//! 4 KiB filling a tape takes a third of the time, and no more memory than one page.

// The only `unsafe` of this module is the advice to the system, explained where it is given.
#![allow(unsafe_code)]

use std::io;

use memmap2::MmapMut;

/// The bytes of a huge page of most processors.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// Asks the system for huge pages where the entries of a vector will be. Where it has none, nothing
/// is different.
#[cfg(target_os = "linux")]
pub(crate) fn advise<T>(entries: &mut Vec<T>) {
    let memory = entries.spare_capacity_mut();
    let unaligned = memory.as_ptr().addr().next_multiple_of(HUGE_PAGE) - memory.as_ptr().addr();
    let length = size_of_val(memory).saturating_sub(unaligned) / HUGE_PAGE * HUGE_PAGE;
    if length == 0 {
        return;
    }
    let start = memory.as_mut_ptr().wrapping_byte_add(unaligned);
    // SAFETY: the memory is the vector's own, and the advice does not change what is in it.
    let advised = unsafe { rustix::mm::madvise(start.cast(), length, rustix::mm::Advice::LinuxHugepage) };
    // A system without huge pages refuses, and is as good.
    advised.unwrap_or_default();
}

/// Elsewhere the system decides.
#[cfg(not(target_os = "linux"))]
pub(crate) fn advise<T>(_: &mut Vec<T>) {}

/// So many bytes or some more, which are zero, in huge pages where the system has them.
///
/// # Errors
/// Those of the system.
pub(crate) fn zeroed(size: usize) -> io::Result<MmapMut> {
    let pages = MmapMut::map_anon(size.next_multiple_of(HUGE_PAGE))?;
    #[cfg(target_os = "linux")]
    pages.advise(memmap2::Advice::HugePage).unwrap_or_default();
    Ok(pages)
}
