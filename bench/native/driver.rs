// What driver.c is for allocators in C, for the global allocator of a Rust program: the same
// exports, and the same loop. Rust tells its allocator size and alignment of a block that it frees,
// as its containers know them; here they are in the table of blocks.

#![no_main]
#![allow(unknown_lints, static_mut_refs)]

use std::alloc::{alloc, alloc_zeroed, dealloc, realloc, Layout};
use std::ptr::{null_mut, write_volatile};

const OP_MALLOC: u32 = 0;
const OP_CALLOC: u32 = 1;
const OP_REALLOC: u32 = 3;
const OP_FREE: u32 = 4;

/// Bits of `id_kind` that hold the kind.
const KIND_BITS: u32 = 3;
const KIND_MASK: u32 = (1 << KIND_BITS) - 1;

/// What malloc aligns to: what Rust's allocator gives without more ado.
const ALIGNMENT: usize = 8;

/// Parts of the area begin at multiples of so many bytes.
const PART: usize = 16;

#[cfg(area = "1")]
const AREA_BYTES: usize = 1 << 20;
#[cfg(area = "16")]
const AREA_BYTES: usize = 16 << 20;
#[cfg(area = "256")]
const AREA_BYTES: usize = 256 << 20;

#[repr(C, align(16))]
struct Area([u8; AREA_BYTES]);

static mut AREA: Area = Area([0; AREA_BYTES]);

#[repr(C)]
#[derive(Clone, Copy)]
struct Op {
    id_kind: u32, // slot of the table * 8 + kind; slot 0 is the id that is never live
    x: usize,     // bytes; of a calloc the elements, of a memalign the alignment
    y: usize,     // bytes of an element; of a memalign the bytes
}

/// A live block, or none.
#[repr(C)]
#[derive(Clone, Copy)]
struct Block {
    at: *mut u8,
    bytes: usize,
    alignment: usize,
}

const NONE: Block = Block { at: null_mut(), bytes: 0, alignment: ALIGNMENT };

static mut OPS: *const Op = 0 as *const Op;
static mut BLOCKS: *mut Block = null_mut();
static mut SLOTS: usize = 0;
static mut EXPECTED: &[u32] = &[];
static mut REFUSED: usize = 0;

/// Rust has no blocks of no bytes.
fn layout(bytes: usize, alignment: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.max(1), alignment).ok()
}

#[inline(always)]
unsafe fn touch(at: *mut u8, bytes: usize) {
    if bytes > 0 {
        write_volatile(at, 1);
        write_volatile(at.add(bytes - 1), 1);
    }
}

#[inline(always)]
unsafe fn get(bytes: usize, alignment: usize, is_zeroed: bool) -> Block {
    let at = match layout(bytes, alignment) {
        None => null_mut(),
        Some(layout) if is_zeroed => alloc_zeroed(layout),
        Some(layout) => alloc(layout),
    };
    Block { at, bytes, alignment }
}

#[inline(always)]
unsafe fn give_back(block: Block) {
    if !block.at.is_null() {
        dealloc(block.at, layout(block.bytes, block.alignment).unwrap_unchecked());
    }
}

/// A block of another size; its address is null where that is refused, and then the old one stays.
#[inline(always)]
unsafe fn resize(old: Block, bytes: usize) -> Block {
    if old.at.is_null() {
        return get(bytes, ALIGNMENT, false);
    }
    if layout(bytes, old.alignment).is_none() {
        return Block { at: null_mut(), ..old };
    }
    let before = layout(old.bytes, old.alignment).unwrap_unchecked();
    Block { at: realloc(old.at, before, bytes.max(1)), bytes, ..old }
}

#[cold]
#[inline(never)]
unsafe fn note_refusal(index: usize) {
    if EXPECTED.binary_search(&(index as u32)).is_err() {
        REFUSED += 1;
    }
}

#[inline(never)]
unsafe fn run_ops(begin: usize, end: usize) {
    for index in begin..end {
        let op = *OPS.add(index);
        let kind = op.id_kind & KIND_MASK;
        let slot = BLOCKS.add((op.id_kind >> KIND_BITS) as usize);
        let old = *slot;
        if kind == OP_FREE || (kind == OP_REALLOC && op.x == 0 && !old.at.is_null()) {
            *slot = NONE;
            give_back(old);
            continue;
        }
        let block = match kind {
            OP_MALLOC => get(op.x, ALIGNMENT, false),
            OP_CALLOC => match op.x.checked_mul(op.y) {
                None => NONE,
                Some(bytes) => get(bytes, ALIGNMENT, true),
            },
            OP_REALLOC => resize(old, op.x),
            _ => get(op.y, op.x.next_power_of_two().max(ALIGNMENT), false),
        };
        if block.at.is_null() {
            note_refusal(index);
            if kind != OP_REALLOC {
                *slot = NONE;
            }
            continue;
        }
        if kind != OP_CALLOC {
            touch(block.at, block.bytes);
        }
        if slot != BLOCKS {
            *slot = block;
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn area_begin() -> *mut u8 {
    AREA.0.as_mut_ptr()
}

#[no_mangle]
pub unsafe extern "C" fn load(operations: usize, slots: usize, expected: usize) {
    let rounded = |bytes: usize| (bytes + PART - 1) / PART * PART;
    let area = AREA.0.as_mut_ptr();
    let table = area.add(rounded(operations * std::mem::size_of::<Op>()));
    let list = table.add(rounded(slots * std::mem::size_of::<Block>()));
    OPS = area as *const Op;
    BLOCKS = table as *mut Block;
    SLOTS = slots;
    EXPECTED = std::slice::from_raw_parts(list as *const u32, expected);
}

#[no_mangle]
pub unsafe extern "C" fn replay(begin: usize, end: usize) -> usize {
    run_ops(begin, end);
    end
}

#[no_mangle]
pub unsafe extern "C" fn drain() {
    for index in 0..SLOTS {
        let slot = BLOCKS.add(index);
        let block = *slot;
        *slot = NONE;
        give_back(block);
    }
}

#[no_mangle]
pub unsafe extern "C" fn refusals() -> usize {
    REFUSED
}

#[no_mangle]
pub unsafe extern "C" fn first() -> *mut u8 {
    get(24, ALIGNMENT, false).at
}
