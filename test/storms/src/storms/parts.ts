/** What storms are put together from. Three upstream speeds recur, so that even fair weather has something to learn. */
import { MODEL } from '../traffic.ts';
import type { ModelledKey, ModelledProvider, Storm } from './storm.ts';
import type { Spell, Weather } from './weather.ts';

export const SECOND = 1000;
export const MINUTE = 60_000;

/** A key's first token takes 300 to 500 ms and its tokens 8 to 12 ms: what Mistral's large models do. */
const SPEEDS = [
  { firstTokenMs: 300, tokenMs: 8 },
  { firstTokenMs: 400, tokenMs: 10 },
  { firstTokenMs: 500, tokenMs: 12 },
] as const;
export const [FAST, USUAL, SLOW] = SPEEDS;

export const ONSET = 40 * SECOND;

export function keys(count: number, slots: number): ModelledProvider {
  return { keys: Array.from({ length: count }, (_, index) => keyNumber(index, slots)) };
}

export function keyNumber(index: number, slots: number): ModelledKey {
  return { name: `k${index + 1}`, ...(SPEEDS[index % SPEEDS.length] ?? USUAL), slots };
}

export function large(...providers: readonly string[]): Storm['pools'] {
  return providers.map((provider) => [{ provider, model: MODEL }]);
}

export function keyId(index: number): string {
  return `mistral/k${index + 1}/${MODEL}`;
}

/** A slower house of the same model, to fall back on. */
export const SECONDARY: ModelledProvider = { keys: [{ name: 's1', firstTokenMs: 900, tokenMs: 14, slots: 400 }] };

export function bad(target: string, fromMs: number, untilMs: number, weather: Partial<Weather>): Spell {
  return { target, fromMs, untilMs, weather, isBad: true };
}
