//! An allocator for Zig programs whose heap is ptmalloc-wasm's:
//! `const allocator = @import("ptmalloc.zig").allocator;`

const std = @import("std");

extern "ptmalloc" fn malloc(size: usize) ?[*]u8;
extern "ptmalloc" fn memalign(alignment: usize, size: usize) ?[*]u8;
extern "ptmalloc" fn malloc_usable_size(block: [*]u8) usize;
extern "ptmalloc" fn free(block: [*]u8) void;

/// What every block is aligned to, as a power of two.
const malloc_alignment_log2 = 4;

pub const allocator = std.mem.Allocator{ .ptr = undefined, .vtable = &vtable };

const vtable = std.mem.Allocator.VTable{ .alloc = alloc, .resize = resize, .free = release };

fn alloc(_: *anyopaque, size: usize, alignment_log2: u8, _: usize) ?[*]u8 {
    if (alignment_log2 <= malloc_alignment_log2) return malloc(size);
    return memalign(@as(usize, 1) << @intCast(alignment_log2), size);
}

/// In place only, as Zig wants it: what the block really has can be used.
fn resize(_: *anyopaque, block: []u8, _: u8, size: usize, _: usize) bool {
    return size <= malloc_usable_size(block.ptr);
}

fn release(_: *anyopaque, block: []u8, _: u8, _: usize) void {
    free(block.ptr);
}
