import { describe, expect, it } from 'vitest';
import { ERROR_BODIES, type ErrorBody } from './error-bodies.ts';
import { ScriptedExchange } from './scripted-exchange.ts';
import type { ScriptedCall } from './scripted-transport.ts';
import { answers, refuses } from './scripts.ts';

/** Quota groups of the keys; two share one, so that a sibling may be of the same group or of another. */
const GROUPS: Readonly<Record<string, string>> = { a: 'w1', b: 'w1', c: 'w2', d: 'w2' };

/** A model under four keys of two workspaces, then another model; whoever is asked first refuses, the others answer. */
function exchangeWith({ status, body, headers }: ErrorBody, seed: number): ScriptedExchange {
  return new ScriptedExchange({
    providers: {
      mistral: {
        keys: Object.entries(GROUPS).map(([key, group]) => `${key}:${group}`),
        script: (_call, number) => (number === 0 ? refuses(status, body, headers) : answers('hello')),
      },
    },
    pools: [['mistral/large'], ['mistral/medium']],
    seed,
  });
}

function relation(first: ScriptedCall, second: ScriptedCall): string {
  if (second.model !== first.model) return 'other-model';
  return second.key === first.key ? 'itself' : GROUPS[second.key] === GROUPS[first.key] ? 'sibling' : 'other-group';
}

/** Enough draws that each of four keys is the first, and that both groups follow, with near certainty. */
const SEEDS = Array.from({ length: 40 }, (_none, index) => index + 1);

async function askedNext(refusal: ErrorBody): Promise<string[]> {
  const next = new Set<string>();
  for (const seed of SEEDS) {
    const exchange = exchangeWith(refusal, seed);
    const { done } = await exchange.run();
    const [first, second, third] = exchange.calls;
    if (first === undefined || done.end.kind !== 'answered') throw new Error(done.end.kind);
    expect(third).toBeUndefined();
    next.add(second === undefined ? 'nobody' : relation(first, second));
    if (second === undefined) expect(done.end.reply.status).toBe(refusal.status);
  }
  return [...next].toSorted();
}

/** A sibling of the same group is as good as one of another where the key alone is to blame, or nobody. */
const EXPECTED = {
  sibling: ['other-group', 'sibling'],
  'other-group': ['other-group'],
  'other-model': ['other-model'],
  nobody: ['nobody'],
} as const;

describe('after each error that Mistral was seen to send', () => {
  it.each(ERROR_BODIES)('$status, $name: next asked is $next', async (refusal) => {
    expect(await askedNext(refusal)).toEqual(EXPECTED[refusal.next]);
  });

  it('waits for nothing, as there is always somebody else to ask', async () => {
    for (const refusal of ERROR_BODIES) {
      const { done } = await exchangeWith(refusal, 1).run();
      expect([refusal.name, done.waitedMs]).toEqual([refusal.name, 0]);
    }
  });
});
