import type { Rng } from '@leeward/kernel';

/** The mulberry32 generator: the same draws for the same seed on every machine, and cheap enough to make per request. */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a over UTF-16 units: not for secrets, only to turn a text into a seed. */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** An integer from 0 up to, and without, `bound`. */
export function drawBelow(rng: Rng, bound: number): number {
  return Math.floor(rng() * bound);
}

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function drawAlphanumeric(rng: Rng, length: number): string {
  let text = '';
  for (let at = 0; at < length; at++) text += ALPHANUMERIC[drawBelow(rng, ALPHANUMERIC.length)] ?? '0';
  return text;
}

export function drawHex(rng: Rng, length: number): string {
  let text = '';
  while (text.length < length) {
    text += Math.floor(rng() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  }
  return text.slice(0, length);
}

/** UUIDv7: 48 bits of wall time, then chance. Mistral's correlation ids have this form. */
export function drawUuidV7(rng: Rng, wallMs: number): string {
  const time = Math.floor(wallMs).toString(16).padStart(12, '0');
  const chance = drawHex(rng, 24);
  const variant = (8 + (Number.parseInt(chance.charAt(3), 16) & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${chance.slice(0, 3)}-${variant}${chance.slice(4, 7)}-${chance.slice(7, 19)}`;
}
