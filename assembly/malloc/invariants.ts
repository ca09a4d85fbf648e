/** placeholder */
export function verifyHeap(): void {}
