import type { Usage } from '../wire.ts';
import { prices } from './prices.ts';

/**
 * What a call cost by the list price, in US dollars: uncached prompt tokens at the input price, cached ones at a tenth
 * of it, completion tokens (reasoning among them) at the output price; the priority tier multiplies the whole.
 * Undefined for a model without a known price: no figure is better than a wrong one. Regional surcharges and batch
 * discounts are not known here.
 */
export function costUsd(model: string, usage: Usage): number | undefined {
  const price = prices.get(model);
  if (price === undefined) return undefined;
  const cached = Math.min(usage.cachedTokens, usage.promptTokens);
  const input = (usage.promptTokens - cached + cached * CACHED_SHARE) * price.input;
  const tier = usage.serviceTier === 'priority' ? PRIORITY_FACTOR : 1;
  return ((input + usage.completionTokens * price.output) * tier) / 1_000_000;
}

/** The vendor bills a cached prompt token at 10 % of the input price. */
const CACHED_SHARE = 0.1;
/** The vendor's factor for calls it served in the priority tier. */
const PRIORITY_FACTOR = 1.75;
