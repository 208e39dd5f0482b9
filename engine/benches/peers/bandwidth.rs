//! How fast this machine reads memory: what bounds a single chat, whatever engine speaks.
//!
//! Two threads read 250 MiB in huge pages with the widest loads there are, prefetching ahead. The mean counts: a decoder
//! meets bad moments as well as good ones.

use std::ptr::NonNull;
use std::time::Instant;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

use crate::Failure;

/// Bytes that are read: more than int8 weights of a small GPT-2, and more than caches keep.
const SIZE: usize = 250 << 20;
/// Readings in one sample.
const READINGS: usize = 12;
/// A huge page; the buffer begins at a multiple of it.
const HUGE: usize = 2 << 20;
/// How far ahead is prefetched.
const AHEAD: usize = 4096;
/// Bytes of one turn of the inner loop.
const STRIDE: usize = 512;

/// Memory to read.
pub(crate) struct Bandwidth {
    mapping: NonNull<std::ffi::c_void>,
    mapped: usize,
    threads: usize,
}

impl Bandwidth {
    /// Takes the memory and writes to all of it, so that it is really there.
    pub(crate) fn new(threads: usize) -> Result<Self, Failure> {
        // Prefetching runs past the end of what is read.
        let mapped = SIZE + HUGE + AHEAD;
        // SAFETY: a new private mapping at an address of the system's choice touches nobody's memory.
        let mapping = unsafe {
            mmap_anonymous(std::ptr::null_mut(), mapped, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)?
        };
        let mapping = NonNull::new(mapping).ok_or("a mapping at null")?;
        let this = Self { mapping, mapped, threads };
        let begin = this.begin();
        // SAFETY: the span lies within our own mapping; the advice changes no content.
        unsafe { madvise(begin.cast_mut().cast(), SIZE, Advice::LinuxHugepage)? };
        // SAFETY: the span lies within our own writable mapping, which nobody else has a reference to.
        unsafe { std::ptr::write_bytes(begin.cast_mut(), 1, SIZE) };
        Ok(this)
    }

    /// How many threads read.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// The mean of a few readings, in bytes a second.
    pub(crate) fn sample(&self) -> f64 {
        let begin = Instant::now();
        for _ in 0..READINGS {
            std::hint::black_box(self.read());
        }
        (SIZE * READINGS) as f64 / begin.elapsed().as_secs_f64()
    }

    fn read(&self) -> u64 {
        let bytes: &[u8] = {
            // SAFETY: SIZE bytes from `begin` lie within the mapping, were written, and aren't written again.
            unsafe { std::slice::from_raw_parts(self.begin(), SIZE) }
        };
        let part = (SIZE / self.threads).next_multiple_of(STRIDE);
        std::thread::scope(|scope| {
            let mut parts = bytes.chunks(part);
            let own = parts.next().unwrap_or_default();
            let others: Vec<_> = parts.map(|part| scope.spawn(move || sum(part))).collect();
            let total = sum(own);
            others.into_iter().filter_map(|other| other.join().ok()).fold(total, u64::wrapping_add)
        })
    }

    fn begin(&self) -> *const u8 {
        let begin = self.mapping.as_ptr().cast::<u8>();
        begin.wrapping_add(begin.align_offset(HUGE)).cast_const()
    }
}

impl Drop for Bandwidth {
    fn drop(&mut self) {
        // SAFETY: this is the whole mapping that `new` made, and no reference into it outlives `self`. That the system
        // might refuse would only cost the memory.
        let _ = unsafe { munmap(self.mapping.as_ptr(), self.mapped) };
    }
}

/// Adds up whole strides of `bytes`, in the widest registers there are.
fn sum(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: AVX-512 is there.
        return unsafe { sum_avx512(bytes) };
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 is there.
        return unsafe { sum_avx2(bytes) };
    }
    bytes.chunks_exact(8).map(|word| word.iter().map(|byte| u64::from(*byte)).sum::<u64>()).sum()
}

/// Reads 64 bytes a load, into eight sums that don't wait for each other.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sum_avx512(bytes: &[u8]) -> u64 {
    use std::arch::x86_64::{
        _MM_HINT_T0, _mm_prefetch, _mm512_add_epi64, _mm512_loadu_si512, _mm512_reduce_add_epi64, _mm512_setzero_si512,
    };
    let mut sums = [_mm512_setzero_si512(); STRIDE / 64];
    for stride in bytes.chunks_exact(STRIDE) {
        for (index, sum) in sums.iter_mut().enumerate() {
            let at = stride.as_ptr().wrapping_add(64 * index);
            _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD).cast());
            // SAFETY: 64 bytes at every multiple of 64 below the stride's length lie within the stride.
            *sum = _mm512_add_epi64(*sum, unsafe { _mm512_loadu_si512(at.cast()) });
        }
    }
    sums.into_iter().fold(0, |total, sum| total.wrapping_add(_mm512_reduce_add_epi64(sum).cast_unsigned()))
}

/// As [`sum_avx512`], 32 bytes a load.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sum_avx2(bytes: &[u8]) -> u64 {
    use std::arch::x86_64::{
        _MM_HINT_T0, _mm_prefetch, _mm256_add_epi64, _mm256_extract_epi64, _mm256_loadu_si256, _mm256_setzero_si256,
    };
    let mut sums = [_mm256_setzero_si256(); STRIDE / 32];
    for stride in bytes.chunks_exact(STRIDE) {
        for (index, sum) in sums.iter_mut().enumerate() {
            let at = stride.as_ptr().wrapping_add(32 * index);
            _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD).cast());
            // SAFETY: 32 bytes at every multiple of 32 below the stride's length lie within the stride.
            *sum = _mm256_add_epi64(*sum, unsafe { _mm256_loadu_si256(at.cast()) });
        }
    }
    let total = sums.into_iter().fold(_mm256_setzero_si256(), |total, sum| _mm256_add_epi64(total, sum));
    _mm256_extract_epi64::<0>(total).cast_unsigned()
}
