//! Memory that holds packed weights: written once, then only read and shared, whether it is this process's own or a
//! mapped file. Knows no layout of what is in it.

use std::fs::File;
use std::io;
use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;

use memmap2::{Advice, Mmap, MmapMut, MmapOptions};

/// Every section of a region begins at a multiple of this many bytes: a cache line.
pub(crate) const ALIGNMENT: usize = 64;

/// Read-only bytes that all views of them keep alive.
#[derive(Clone)]
pub(crate) struct Region(Arc<Mmap>);

impl Region {
    /// Memory of this process, filled by `write`. Asks for huge pages, which spare a stream of weights a tenth of its
    /// time; where the system has none, ordinary pages do.
    pub(crate) fn owned<E: From<io::Error>>(
        length: usize,
        write: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut memory = MmapMut::map_anon(length.max(1))?;
        let _ = memory.advise(Advice::HugePage);
        write(&mut memory[..length])?;
        Ok(Self(Arc::new(memory.make_read_only()?)))
    }

    /// Bytes of a file that nobody writes to any more. All of them are asked for at once, instead of page by page when
    /// the first pass reads them, and in huge pages, where the file system has them.
    pub(crate) fn mapped(file: &File, offset: u64, length: usize) -> io::Result<Self> {
        // SAFETY: The files of the cache are read-only, and are replaced by others and never written to in place. Should
        // somebody do so all the same, numbers change: any bytes are valid ones.
        let memory = unsafe { MmapOptions::new().offset(offset).len(length).map(file) }?;
        let _ = memory.advise(Advice::HugePage);
        if memory.advise(Advice::PopulateRead).is_err() {
            // Systems before Linux 5.14.
            let _ = memory.advise(Advice::WillNeed);
        }
        Ok(Self(Arc::new(memory)))
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// A view of some of its bytes; `None` where the range or its alignment is wrong.
    pub(crate) fn bytes(&self, range: Range<usize>) -> Option<Bytes> {
        let fits = range.start <= range.end && range.end <= self.0.len() && range.start.is_multiple_of(ALIGNMENT);
        fits.then(|| Bytes { region: self.clone(), range })
    }
}

/// Memory of this process's own that begins as zeros. The system gives it page by page when it is first written to, so
/// room that is never used costs nothing; in huge pages where there are any, since whoever reads it reads all of it.
pub(crate) struct Zeroed(Memory);

enum Memory {
    Mapped(MmapMut),
    /// Where the system refuses a map: the allocator's.
    Allocated(Vec<u64>),
}

impl Zeroed {
    pub(crate) fn new(length: usize) -> Self {
        match MmapMut::map_anon(length.max(1)) {
            Ok(memory) => {
                let _ = memory.advise(Advice::HugePage);
                Self(Memory::Mapped(memory))
            }
            Err(_) => Self(Memory::Allocated(bytemuck::zeroed_vec(length.div_ceil(size_of::<u64>())))),
        }
    }
}

impl Deref for Zeroed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Memory::Mapped(memory) => memory,
            Memory::Allocated(memory) => bytemuck::cast_slice(memory),
        }
    }
}

impl DerefMut for Zeroed {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Memory::Mapped(memory) => memory,
            Memory::Allocated(memory) => bytemuck::cast_slice_mut(memory),
        }
    }
}

/// Some bytes of a region.
#[derive(Clone)]
pub(crate) struct Bytes {
    region: Region,
    range: Range<usize>,
}

impl Bytes {
    /// The same bytes as numbers; `None` where they don't make whole ones.
    pub(crate) fn into_floats(self) -> Option<Floats> {
        self.range.len().is_multiple_of(size_of::<f32>()).then_some(Floats(self))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.region.0[self.range.clone()]
    }
}

/// Some numbers of a region, in the machine's byte order.
#[derive(Clone)]
pub(crate) struct Floats(Bytes);

impl Deref for Floats {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // The region is aligned to pages, its sections to cache lines, and the length was checked.
        bytemuck::cast_slice(&self.0)
    }
}
