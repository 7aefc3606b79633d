import { describe, expect, it } from 'vitest';
import { type RouterName, ROUTER_NAMES } from './routers/all.ts';
import { OPPONENTS } from './report/comparisons.ts';
import { runSeed } from './run-seed.ts';

const STRUCK = ['S1', 'S2', 'S3', 'S4'];

describe('the storms', () => {
  it('give the same figures for the same seed, and others for another', async () => {
    const [once, again, other] = [
      await runSeed({ storm: 'S4', seed: 1 }),
      await runSeed({ storm: 'S4', seed: 1 }),
      await runSeed({ storm: 'S4', seed: 2 }),
    ];
    expect(again).toEqual(once);
    expect(other.leeward).not.toEqual(once.leeward);
  });

  it('let two routers that choose alike meet the same fates', async () => {
    // Nothing fails in S12, so LiteLLM's shuffle never cools anything down and is a weighted random choice.
    const alike: readonly RouterName[] = ['LiteLLM shuffle', 'weighted random'];
    const result = await runSeed({ storm: 'S12', seed: 1 }, alike);
    expect(result['LiteLLM shuffle']).toEqual(result['weighted random']);
  });

  it('give the same figures for the same seed with several nodes, too', async () => {
    const names: readonly RouterName[] = ['leeward', 'leeward, each alone'];
    const [once, again] = [
      await runSeed({ storm: 'S11', seed: 1 }, names),
      await runSeed({ storm: 'S11', seed: 1 }, names),
    ];
    expect(again).toEqual(once);
    expect(once['leeward, each alone']).not.toEqual(once.leeward);
  });

  it('have nodes that learn of each other, where each alone asks a revoked key until it knows', async () => {
    const names: readonly RouterName[] = ['leeward', 'leeward, each alone'];
    const { leeward, 'leeward, each alone': alone } = await runSeed({ storm: 'S11', seed: 1 }, names);
    expect(leeward?.figures.heededAfterMs).toBeLessThan(250);
    expect(alone?.figures.heededAfterMs).toBeGreaterThan(500);
  });

  it.each(['S1', 'S2', 'S3', 'S4', 'S7', 'S9', 'S10', 'S11', 'S12', 'S12b', 'S14'])(
    'have none that does better than who knows the dice, nor an opponent than who knows the state of a struck key: %s',
    async (id) => {
      const result = await runSeed({ storm: id, seed: 1 });
      const costMs = (name: RouterName) => result[name]?.figures.meanCostMs;
      const luckyMs = costMs('lucky clairvoyant') ?? Number.POSITIVE_INFINITY;
      for (const name of ROUTER_NAMES.filter((one) => result[one] !== undefined)) {
        if (name !== 'lucky clairvoyant') expect(costMs(name)).toBeGreaterThan(luckyMs);
      }
      const stateMs = costMs('clairvoyant') ?? Number.POSITIVE_INFINITY;
      for (const name of STRUCK.includes(id) ? OPPONENTS : []) expect(costMs(name)).toBeGreaterThan(stateMs);
      for (const name of ['clairvoyant', 'lucky clairvoyant'] as const) {
        if (result[name] !== undefined) expect(result[name].figures.errorShare).toBe(0);
      }
    },
  );

  it('keep Leeward’s memory from those that have none of their own', async () => {
    const { 'round robin': full } = await runSeed({ storm: 'S14', seed: 1 }, ['round robin']);
    // Every exchange asks the full model first, as long as it is full.
    expect(full?.figures.badShare).toBe(1);
    const { 'round robin': limited } = await runSeed({ storm: 'S5b', seed: 1 }, ['round robin']);
    expect(limited?.figures.limitedShare).toBeGreaterThan(0.5);
  });
});
