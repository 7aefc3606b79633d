import type { Json } from '../wire.ts';
import { prices } from '../usage/prices.ts';

/**
 * OpenAI's scale of six efforts on Mistral's models, which know two or three, or refuse the field altogether.
 * Rounding goes down for `low` and below: turning a low effort into a high one would spend the caller's money.
 * Undefined: leave the field out.
 */
export function mistralReasoningEffort(model: string, effort: Json | undefined): string | undefined {
  if (typeof effort !== 'string') return undefined;
  const known = EFFORTS.get(effort);
  if (known === undefined) return undefined;
  switch (reasoningFamily(model)) {
    case 'hybrid':
      return known.hybrid;
    case 'glm':
      return known.glm;
    case 'other':
      return undefined;
  }
}

/** Whether thinking of earlier turns is worth replaying to this model. */
export function reasons(model: string): boolean {
  return model.startsWith('magistral-') || reasoningFamily(model) !== 'other';
}

/** Whether the model is known to refuse `reasoning_effort`. Of an unknown name nothing is known. */
export function refusesReasoningEffort(model: string): boolean {
  return prices.has(model) && reasoningFamily(model) === 'other';
}

type ReasoningFamily = 'hybrid' | 'glm' | 'other';

function reasoningFamily(model: string): ReasoningFamily {
  if (model.startsWith('zai-glm-')) return 'glm';
  return HYBRID.has(model) || model.startsWith('mistral-large-4') ? 'hybrid' : 'other';
}

/** Models that think on request: Medium 3.5, Small 4 and Large 4 under all their names. */
const HYBRID: ReadonlySet<string> = new Set([
  'mistral-medium-latest',
  'mistral-medium-3',
  'mistral-medium-3-5',
  'mistral-medium-2604',
  'mistral-small-latest',
  'mistral-small-2603',
]);

const EFFORTS: ReadonlyMap<string, { readonly hybrid: string; readonly glm: string }> = new Map([
  ['none', { hybrid: 'none', glm: 'low' }],
  ['minimal', { hybrid: 'none', glm: 'low' }],
  ['low', { hybrid: 'none', glm: 'low' }],
  ['medium', { hybrid: 'high', glm: 'high' }],
  ['high', { hybrid: 'high', glm: 'high' }],
  ['xhigh', { hybrid: 'high', glm: 'max' }],
  ['max', { hybrid: 'high', glm: 'max' }],
]);
