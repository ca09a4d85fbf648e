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

/// On WASI the standard library stands on wasi-libc, whose functions call malloc, too. The linker finds
/// these first, so that wasi-libc's own malloc (dlmalloc) stays out of the program. They are all that it
/// has; errno is left alone.
#[cfg(target_os = "wasi")]
mod libc {
    use super::heap;

    mod more {
        #[link(wasm_import_module = "ptmalloc")]
        extern "C" {
            pub fn aligned_alloc(alignment: usize, size: usize) -> *mut u8;
            pub fn posix_memalign(out: *mut *mut u8, alignment: usize, size: usize) -> i32;
            pub fn malloc_usable_size(block: *mut u8) -> usize;
        }
    }

    #[no_mangle]
    unsafe extern "C" fn malloc(size: usize) -> *mut u8 {
        heap::malloc(size)
    }

    #[no_mangle]
    unsafe extern "C" fn free(block: *mut u8) {
        heap::free(block)
    }

    #[no_mangle]
    unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
        heap::calloc(count, size)
    }

    #[no_mangle]
    unsafe extern "C" fn realloc(block: *mut u8, size: usize) -> *mut u8 {
        heap::realloc(block, size)
    }

    #[no_mangle]
    unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut u8 {
        more::aligned_alloc(alignment, size)
    }

    #[no_mangle]
    unsafe extern "C" fn posix_memalign(out: *mut *mut u8, alignment: usize, size: usize) -> i32 {
        // Linux's numbers of ENOMEM and EINVAL, which the heap has, and WASI's.
        match more::posix_memalign(out, alignment, size) {
            12 => 48,
            22 => 28,
            error => error,
        }
    }

    #[no_mangle]
    unsafe extern "C" fn malloc_usable_size(block: *mut u8) -> usize {
        more::malloc_usable_size(block)
    }

    // What the libc's own functions call, so that a program's malloc does not disturb them.
    #[no_mangle]
    unsafe extern "C" fn __libc_malloc(size: usize) -> *mut u8 {
        heap::malloc(size)
    }

    #[no_mangle]
    unsafe extern "C" fn __libc_calloc(count: usize, size: usize) -> *mut u8 {
        heap::calloc(count, size)
    }

    #[no_mangle]
    unsafe extern "C" fn __libc_free(block: *mut u8) {
        heap::free(block)
    }
}
