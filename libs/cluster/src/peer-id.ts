import type { Rng } from '@leeward/kernel';
import { MAX_PEER_ID_CHARS } from './shapes.ts';

/** Two peers of the same name, or two lives of one, are the same in one start of four thousand million. */
const RANDOM_CHARS = 8;

/** A peer's id: its name, as far as it is printable, and something random. */
export function newPeerId(name: string, rng: Rng): string {
  const printable = name.replaceAll(/[^!-~]/g, '').slice(0, MAX_PEER_ID_CHARS - RANDOM_CHARS - 1);
  const random = Math.floor(rng() * 16 ** RANDOM_CHARS);
  return `${printable === '' ? 'peer' : printable}-${random.toString(16).padStart(RANDOM_CHARS, '0')}`;
}
