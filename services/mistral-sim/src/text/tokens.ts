import { drawBelow, seededRng } from '../seeded-rng.ts';

/**
 * The simulator's tokenizer: one token is four UTF-16 units of text. A real tokenizer averages about the same on
 * English, and this one needs no tables, is instant on large prompts, and lets a test compute a usage by hand.
 */
export const CHARACTERS_PER_TOKEN = 4;

export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** The first `count` tokens of a text, never with half a surrogate pair at the end. */
export function firstTokens(text: string, count: number): string {
  return text.slice(0, safeBoundary(text, count * CHARACTERS_PER_TOKEN));
}

/** The text cut into groups of tokens; `sizes` gives the number of tokens of the next group, at least 1. */
export function cutIntoGroups(text: string, sizes: () => number): { text: string; tokens: number }[] {
  const groups: { text: string; tokens: number }[] = [];
  for (let from = 0; from < text.length; ) {
    const tokens = Math.max(1, sizes());
    const until = safeBoundary(text, from + tokens * CHARACTERS_PER_TOKEN);
    const piece = text.slice(from, until);
    groups.push({ text: piece, tokens: countTokens(piece) });
    from = until;
  }
  return groups;
}

/** Sizes of groups from `least` to `most`, drawn from the seed: the same answer is cut the same way every time. */
export function drawnSizes(
  seed: number,
  { least, most }: { readonly least: number; readonly most: number },
): () => number {
  if (least >= most) return () => least;
  const rng = seededRng(seed);
  return () => least + drawBelow(rng, most - least + 1);
}

function safeBoundary(text: string, boundary: number): number {
  if (boundary >= text.length) return text.length;
  const unit = text.charCodeAt(boundary - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? boundary + 1 : boundary;
}
