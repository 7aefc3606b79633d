import { setFlagsFromString } from 'node:v8';

/**
 * Bodies live in buffers outside of V8's heap. By default V8 runs a full collection for every 64 MiB of them, however
 * small the heap: a node that takes 300 MiB/s of prompts spent two fifths of its CPU on marking the same 20 MiB of live
 * objects a dozen times a second. Counted together with the heap, they are collected when the total has grown enough.
 * Takes effect for what is allocated after the call, so it comes first.
 */
export function countBuffersWithHeap(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}
