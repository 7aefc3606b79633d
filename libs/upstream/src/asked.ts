/**
 * How much of each quota the exchanges of a pool would have liked: what they asked for is divided among the pool's quota
 * groups in proportion to their limits, because any of them could have served it.
 */
import type { Member, Wanted } from './pool.ts';
import type { Target } from './target.ts';

export interface Asked {
  readonly requests: number;
  readonly tokens: number;
  /** Sum of the squares of the requests' sizes. */
  readonly tokenSquares: number;
}

/** Adds the pool's part to `sums`, by quota id. */
export function divide(
  { exchanges, promptTokens, promptSquares }: Wanted,
  members: readonly Member[],
  sums: Map<string, Asked>,
): void {
  if (exchanges === 0) return;
  const quotas = new Map<string, Target>();
  for (const { target, weight } of members) if (weight > 0) quotas.set(target.quotaId, target);
  const promptMean = promptTokens / exchanges;
  let total = 0;
  for (const target of quotas.values()) total += sizeOf(target, promptMean);
  for (const [id, target] of quotas) {
    const part = total === 0 ? 1 / quotas.size : sizeOf(target, promptMean) / total;
    const answer = target.quota.ledger.meanAnswerTokens;
    const before = sums.get(id);
    sums.set(id, {
      requests: (before?.requests ?? 0) + part * exchanges,
      tokens: (before?.tokens ?? 0) + part * (promptTokens + exchanges * answer),
      // Of (prompt + answer)², summed over the exchanges with one mean answer.
      tokenSquares:
        (before?.tokenSquares ?? 0) + part * (promptSquares + 2 * promptTokens * answer + exchanges * answer * answer),
    });
  }
}

/** Limits are compared by the requests they allow: by their tokens only where requests are not limited. */
function sizeOf({ quota: { ledger } }: Target, promptMean: number): number {
  const { requestsPerMinute, tokensPerMinute = 0 } = ledger.limits;
  // Embeddings have no answer's tokens, and an empty prompt none of its own.
  return requestsPerMinute ?? tokensPerMinute / Math.max(1, promptMean + ledger.meanAnswerTokens);
}
