// The global allocator of a Rust program whose heap is ptmalloc-wasm's. In the crate's root:
//
//     mod ptmalloc;
//     #[global_allocator]
//     static HEAP: ptmalloc::Ptmalloc = ptmalloc::Ptmalloc;

use core::alloc::{GlobalAlloc, Layout};

mod heap {
    #[link(wasm_import_module = "ptmalloc")]
    extern "C" {
        pub fn malloc(size: usize) -> *mut u8;
        pub fn calloc(count: usize, size: usize) -> *mut u8;
        pub fn realloc(block: *mut u8, size: usize) -> *mut u8;
        pub fn memalign(alignment: usize, size: usize) -> *mut u8;
        pub fn free(block: *mut u8);
    }
}

/// What every block is aligned to.
const MALLOC_ALIGNMENT: usize = 16;

pub struct Ptmalloc;

unsafe impl GlobalAlloc for Ptmalloc {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGNMENT {
            heap::malloc(layout.size())
        } else {
            heap::memalign(layout.align(), layout.size())
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGNMENT {
            return heap::calloc(1, layout.size());
        }
        let block = heap::memalign(layout.align(), layout.size());
        if !block.is_null() {
            core::ptr::write_bytes(block, 0, layout.size());
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        heap::free(block)
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGNMENT {
            return heap::realloc(block, size);
        }
        let moved = heap::memalign(layout.align(), size);
        if !moved.is_null() {
            core::ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
            heap::free(block);
        }
        moved
    }
}
