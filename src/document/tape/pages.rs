//! Huge pages for the tape of a large document.
//!
//! Memory that is used for the first time costs a fault for every page. A tape is filled once from
//! its start to its end: with pages of 2 MiB instead of 4 KiB that takes a third of the time, and
//! no more memory than one page.

// The only `unsafe` of this module is the advice to the system, explained where it is given.
#![allow(unsafe_code)]

/// The bytes of a huge page of most processors.
#[cfg(target_os = "linux")]
const HUGE_PAGE: usize = 2 << 20;

/// Asks the system for huge pages where the entries of a vector will be. Where it has none, nothing
/// is different.
#[cfg(target_os = "linux")]
pub(super) fn use_huge_pages<T>(entries: &mut Vec<T>) {
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
pub(super) fn use_huge_pages<T>(_: &mut Vec<T>) {}
