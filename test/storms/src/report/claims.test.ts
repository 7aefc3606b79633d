import { describe, expect, it } from 'vitest';
import { measure } from '../measures/figures.ts';
import { steady, TOY } from '../fixtures/toy-storm.ts';
import type { RouterName } from '../routers/all.ts';
import type { Claim } from './claim.ts';
import { claimsOf, SUBJECTS, type Subject } from './claims.ts';
import { STORMS } from '../storms/catalogue.ts';
import { type RouterSummary, type StormSummary, summaryOf } from './summary.ts';
import { claimText } from './tables.ts';

/** A router in fair weather, but for what a test says of it. */
function row(router: RouterName, more: Partial<RouterSummary> = {}): RouterSummary {
  const fair = summaryOf('S0', [
    {
      leeward: measure(
        TOY,
        steady(() => ({})),
      ),
    },
  ]).routers[0];
  if (fair === undefined) throw new Error('a summary without its router');
  return { ...fair, router, ...more };
}

function storm(id: string, ...routers: readonly RouterSummary[]): StormSummary {
  return { id, title: 'a toy', exchangesPerSeed: 2000, routers };
}

function broken(id: string, ...routers: readonly RouterSummary[]): readonly string[] {
  return brokenOf('leeward', id, ...routers);
}

function brokenOf(subject: Subject, id: string, ...routers: readonly RouterSummary[]): readonly string[] {
  return claimsOf(storm(id, ...routers), subject)
    .filter(({ holds }) => !holds)
    .map(({ text }) => text);
}

describe('the claims', () => {
  it('hold for a router that does as well as can be', () => {
    const gaps = { p50Ms: 400, p95Ms: 400, p50Ratio: 1, p95Ratio: 1 };
    const told = { heededAfterMs: 20, unheededByOne: 0, newcomerBadShare: 0 };
    const figures = { servedShare: 1, quotaUsedShare: 1, peakShares: 1, gaps, ...told };
    const ids = STORMS.map(({ id }) => id);
    for (const subject of SUBJECTS) {
      const routers = [row(subject, figures), row('clairvoyant'), row('round robin', { p99Ms: 500 })];
      for (const id of ids) expect(brokenOf(subject, id, ...routers)).toEqual([]);
    }
  });

  it('allow no error where some target has capacity', () => {
    expect(broken('S3', row('leeward', { errorShare: 0.0001 }))).toEqual(['errors']);
    expect(broken('S5', row('leeward', { errorShare: 0.01, servedShare: 0.98 }))).toEqual([]);
  });

  it('want errors that are in time and say when to come back, where nobody has capacity', () => {
    const [late, untold] = ['errors past the deadline', 'errors without a retry-after'];
    for (const [id, figures] of [
      ['S5', { servedShare: 1 }],
      ['S5b', { quotaUsedShare: 1 }],
    ] as const) {
      const own = row('leeward', { ...figures, errors: { GW_QUOTA_EXHAUSTED: 100 } });
      expect(broken(id, { ...own, flaws: { late: 1, untold: 1, untrue: 0 } })).toEqual([late, untold]);
    }
  });

  it('want the retry-after to be true but for one in a hundred, and in an overload for one in twenty', () => {
    const untrue = (id: string, errors: number, untrue: number) => {
      const flaws = { late: 0, untold: 0, untrue };
      return broken(id, row('leeward', { servedShare: 1, quotaUsedShare: 1, errors: { GW_NO_TARGET: errors }, flaws }));
    };
    // One of a few may be wrong by chance.
    expect(untrue('S5', 10, 1)).toEqual([]);
    expect(untrue('S5', 199, 2)).toEqual(['errors whose retry-after was not true']);
    expect(untrue('S5', 200, 2)).toEqual([]);
    expect(untrue('S5b', 200, 10)).toEqual([]);
    expect(untrue('S5b', 200, 11)).toEqual(['errors with a true retry-after']);
    expect(untrue('S5b', 0, 0)).toEqual([]);
  });

  it('bound the share that goes to a struck key, and the p99 beside the clairvoyant’s of the hedged router alone', () => {
    const bad = { earlyShare: 0.01, badShare: 0.002, p99Ms: 530 };
    const limits = [row('clairvoyant', { p99Ms: 400 }), row('lucky clairvoyant', { p99Ms: 100 })];
    const names = ['bad share from 2 s after the onset', 'bad share, steady'];
    for (const id of ['S1', 'S2', 'S4']) {
      expect(broken(id, row('leeward', bad), ...limits)).toEqual(names);
      expect(brokenOf('leeward, hedged', id, row('leeward, hedged', bad), ...limits)).toEqual([
        ...names,
        'p99 over the clairvoyant’s',
      ]);
    }
    expect(brokenOf('leeward, hedged', 'S3', row('leeward, hedged', bad), ...limits)).toEqual([]);
  });

  it('want it better than every opponent where one key is struck; better than none is not to be had', () => {
    const own = row('leeward, hedged', { p99Ms: 400, wastedPer100: 0.01 });
    const judged = (more: Partial<RouterSummary>) => brokenOf('leeward, hedged', 'S2', own, row('round robin', more));
    expect(judged({ p99Ms: 401, wastedPer100: 0.02 })).toEqual([]);
    expect(judged({ p99Ms: 400, wastedPer100: 0 })).toEqual([
      'p99, better than every opponent',
      'wasted, better than every opponent',
    ]);
    // Without hedging, a tail is not to be had either.
    expect(broken('S2', row('leeward', { p99Ms: 400 }), row('round robin', { p99Ms: 400 }))).toEqual([]);
  });

  it('want it nowhere worse than the best opponent of each figure by more than 5 % and a little', () => {
    const best = [
      row('round robin', { p99Ms: 1000, wastedPer100: 9 }),
      row('Bifrost score', { p99Ms: 9000, wastedPer100: 1 }),
    ];
    for (const [subject, p99Ms] of [
      ['leeward', 1150],
      ['leeward, hedged', 1090],
    ] as const) {
      expect(brokenOf(subject, 'S3', row(subject, { p99Ms, wastedPer100: 1.1 }), ...best)).toEqual([]);
      expect(brokenOf(subject, 'S3', row(subject, { p99Ms: p99Ms + 1, wastedPer100: 1.11 }), ...best)).toEqual([
        'p99, against the best opponent',
        'wasted, against the best opponent',
      ]);
    }
  });

  it('compare no p99 where everyone must refuse, and count an error as never where nobody need', () => {
    const other = row('round robin', { p99Ms: 500, p99OfAllMs: 500 });
    const own = row('leeward, hedged', { servedShare: 1, quotaUsedShare: 1, p99Ms: 400, p99OfAllMs: null });
    expect(brokenOf('leeward, hedged', 'S5b', { ...own, p99Ms: 5000 }, other)).toEqual([]);
    expect(brokenOf('leeward, hedged', 'S5', own, other)).toEqual([
      'p99, errors counted as never, against the best opponent',
    ]);
    // Who has too many errors themselves are no bound.
    expect(brokenOf('leeward, hedged', 'S5', own, { ...other, p99OfAllMs: null })).toEqual([]);
  });

  it('take neither a clairvoyant nor the other Leeward for an opponent', () => {
    const own = row('leeward', { p99Ms: 1300 });
    const fast = (['clairvoyant', 'lucky clairvoyant', 'leeward, hedged'] as const).map((name) =>
      row(name, { p99Ms: 100 }),
    );
    expect(broken('S3', own, ...fast)).toEqual([]);
  });

  it.each<[string, Partial<RouterSummary>, string]>([
    ['S5', { servedShare: 0.96 }, 'served of what was asked for and allowed'],
    ['S5', { servedShare: 1, limitedShare: 0.005 }, '429s among all attempts'],
    ['S5b', { quotaUsedShare: 0.96 }, 'quota used'],
    ['S8', { peakShares: 1.6 }, 'most in 5 s after the recovery'],
    ['S9', { gaps: { p50Ms: 1, p95Ms: 1, p50Ratio: 1.6, p95Ratio: 1 } }, 'gap at a break, p50 over first token’s'],
    ['S9', { gaps: { p50Ms: 1, p95Ms: 1, p50Ratio: 1, p95Ratio: 1.6 } }, 'gap at a break, p95 over first token’s'],
    ['S10', { wastedPer100: 3 }, 'wasted'],
    ['S6', { quotaUsedShare: 0.94 }, 'quota used'],
    ['S6', { quotaUsedShare: 1, limitedShare: 0.01 }, '429s among all attempts'],
    ['S13', { heededAfterMs: 251, unheededByOne: 1 }, 'revoked key left by all nodes after'],
    ['S13', { heededAfterMs: 250, unheededByOne: 2 }, 'sent to it by one of the others'],
    ['S11', { heededAfterMs: 0, unheededByOne: 0, newcomerBadShare: 0.1 }, 'bad share of a new node'],
  ])('of %s alone bound what it is about: %o', (id, figures, text) => {
    expect(broken(id, row('leeward', figures))).toEqual([text]);
  });

  it('want many nodes to be as fast as one with all their traffic, but for chance', () => {
    const one = row('leeward, one node', { p95Ms: 1000, p99Ms: 2000 });
    expect(broken('S12b', row('leeward', { p95Ms: 1080, p99Ms: 2200 }), one)).toEqual([]);
    const slow = row('leeward', { p95Ms: 1081, p99Ms: 2201, heededAfterMs: 0, unheededByOne: 0 });
    const names = ['p95', 'p99'].map((name) => `${name}, against one node with all the traffic`);
    expect(broken('S12b', slow, one)).toEqual(names);
    expect(broken('S13', slow, one)).toEqual(names.slice(0, 1));
  });

  it('do not hold of what was not measured', () => {
    expect(broken('S8', row('leeward'))).toEqual(['most in 5 s after the recovery']);
    expect(broken('S9', row('leeward'))).toHaveLength(2);
    expect(broken('S11', row('leeward'))).toHaveLength(3);
    expect(broken('S1', row('leeward', { earlyShare: null, badShare: null }))).toHaveLength(2);
  });

  it('are said in words with value and bound', () => {
    const claim: Claim = {
      storm: 'S10',
      text: 'wasted',
      unit: 'per 100',
      value: 3.2,
      relation: '<',
      bound: 3,
      holds: false,
    };
    expect(claimText(claim)).toBe('S10: wasted: 3.20 /100, to be < 3.00 /100');
    expect(claimText({ ...claim, unit: 'ms', value: Number.POSITIVE_INFINITY })).toContain('wasted: never');
  });
});
