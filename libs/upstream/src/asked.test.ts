import { scriptedFleet, seededRng, VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Asked, divide } from './asked.ts';
import type { Pool } from './pool.ts';

const usage = (promptTokens: number, completionTokens: number) => ({
  promptTokens,
  completionTokens,
  totalTokens: promptTokens + completionTokens,
  cachedTokens: 0,
  reasoningTokens: 0,
});

/** Keys in a group each, with limits as headers tell them: `requests` or `tokens` in a minute. */
function poolOf(limits: readonly { readonly requests?: number; readonly tokens?: number }[]): Pool {
  const clock = new VirtualClock();
  const keys = limits.map((_, place) => `k${place}`);
  const { fleet } = scriptedFleet({ clock, rng: seededRng(1) }, { mistral: { keys, script: () => [] } });
  const pool = fleet.pool([{ provider: 'mistral', model: 'large', weight: 1 }]);
  for (const [place, { requests, tokens }] of limits.entries()) {
    pool[place]?.target.observe(
      {
        ...(requests === undefined ? {} : { 'x-ratelimit-limit-req-minute': String(requests) }),
        ...(tokens === undefined ? {} : { 'x-ratelimit-limit-tokens-minute': String(tokens) }),
      },
      0,
    );
  }
  return pool;
}

function divided(pool: Pool, sizes: readonly number[]): readonly Asked[] {
  const sums = new Map<string, Asked>();
  const promptTokens = sizes.reduce((sum, size) => sum + size, 0);
  const promptSquares = sizes.reduce((sum, size) => sum + size * size, 0);
  divide({ exchanges: sizes.length, promptTokens, promptSquares }, pool, sums);
  return [...sums.values()];
}

describe('what was asked of a pool', () => {
  it('is divided among its quotas by what they allow', () => {
    const asked = divided(poolOf([{ requests: 300 }, { requests: 100 }]), [10, 10, 10, 10]);
    expect(asked.map(({ requests }) => requests)).toEqual([3, 1]);
  });

  it('is divided equally where nobody knows what they allow', () => {
    expect(divided(poolOf([{}, {}]), [10]).map(({ requests }) => requests)).toEqual([0.5, 0.5]);
  });

  it('costs the prompt and the answer that is usual there', () => {
    const [asked] = divided(poolOf([{ requests: 60 }]), [100, 300]);
    expect(asked).toEqual({ requests: 2, tokens: 100 + 300 + 2 * 200, tokenSquares: 300 ** 2 + 500 ** 2 });
  });

  it('is compared by prompts as well as answers where tokens alone are limited', () => {
    const pool = poolOf([{ requests: 100 }, { tokens: 120_000 }]);
    expect(divided(pool, [1000]).map(({ requests }) => requests)).toEqual([0.5, 0.5]);
  });

  it('is nothing for a key out of rotation, and for an idle pool', () => {
    const pool = poolOf([{ requests: 60 }]);
    expect(divided(pool, [])).toEqual([]);
    const fleet = scriptedFleet(
      { clock: new VirtualClock(), rng: seededRng(1) },
      { m: { keys: ['a'], script: () => [] } },
    );
    expect(divided(fleet.fleet.pool([{ provider: 'm', model: 'large', weight: 0 }]), [10])).toEqual([]);
  });

  it('stays a number for embeddings, which have no answer’s tokens however many there were', () => {
    const pool = poolOf([{ tokens: 1e9 }, { tokens: 1e9 }]);
    for (const { target } of pool) {
      for (let answer = 0; answer < 20_000; answer++) {
        target.quota.ledger.settle(target.quota.ledger.reserve(1), usage(1, 0));
      }
    }
    const asked = divided(pool, [0, 0]);
    expect(asked.map(({ requests }) => requests)).toEqual([1, 1]);
    expect(asked.every(({ tokens, tokenSquares }) => Number.isFinite(tokens) && Number.isFinite(tokenSquares))).toBe(
      true,
    );
  });

  it('adds up to the exchanges, and its squares to no less than their mean’s', () => {
    const limit = fc.record({ requests: fc.integer({ min: 1, max: 1e6 }) }, { requiredKeys: [] });
    const sizes = fc.array(fc.nat({ max: 1e6 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(limit, { minLength: 1, maxLength: 5 }), sizes, (limits, asks) => {
        const asked = divided(poolOf(limits), asks);
        expect(asked.reduce((sum, { requests }) => sum + requests, 0)).toBeCloseTo(asks.length, 6);
        for (const { requests, tokens, tokenSquares } of asked) {
          expect(tokenSquares * requests * (1 + 1e-9)).toBeGreaterThanOrEqual(tokens * tokens * (1 - 1e-9));
        }
      }),
      { numRuns: 50 },
    );
  });
});
