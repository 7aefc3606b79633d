/**
 * Text out of a seed: sentences of common words. Some carry letters of two and three bytes, so that a cut between
 * TCP segments falls inside a character now and then.
 */
import { drawBelow, seededRng } from '../seeded-rng.ts';

const WORDS = (
  'the harbour wind keeps a steady course and every small boat finds its way home before night falls while lanterns ' +
  'glow along the quay café naïve façade über schön 港 風 water carries sound across open bays where gulls argue over ' +
  'fish nobody wanted sailors mend nets tell old stories measure depth by rope count waves sleep lightly wake early ' +
  'trust charts less than clouds and read weather from the colour of morning light — patient careful cheerful ready'
).split(' ');

/** The longest answer a prompt may ask for; keeps a stray `[words=…]` from filling memory. */
const MOST_WORDS = 20_000;
const SENTENCE_WORDS = 9;

export function prose(seed: number, words: number): string {
  const rng = seededRng(seed);
  let text = '';
  for (let at = 0; at < words; at++) {
    const word = WORDS[drawBelow(rng, WORDS.length)] ?? 'wind';
    const begins = at % SENTENCE_WORDS === 0;
    const ends = at % SENTENCE_WORDS === SENTENCE_WORDS - 1 || at === words - 1;
    text += `${at === 0 ? '' : ' '}${begins ? capital(word) : word}${ends ? '.' : ''}`;
  }
  return text;
}

/** The last `[words=N]` in the prompt, or 20 to 60 words by the seed. */
export function wordsAsked(promptText: string, seed: number): number {
  const asked = lastNumber(promptText, 'words');
  return asked === undefined ? 20 + (seed % 41) : Math.min(asked, MOST_WORDS);
}

/** The number in the last `[name=N]` of a text. */
export function lastNumber(text: string, name: string): number | undefined {
  const from = text.lastIndexOf(`[${name}=`);
  if (from < 0) return undefined;
  const digits = /^\d{1,9}(?=\])/.exec(text.slice(from + name.length + 2, from + name.length + 13));
  return digits === null ? undefined : Number(digits[0]);
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
