import { describe, expect, it } from 'vitest';
import { exchange, TOY } from '../fixtures/toy-storm.ts';
import type { ExchangeRecord } from '../exchange-record.ts';
import type { Storm } from '../storms/storm.ts';
import { heedingOf } from './heeding.ts';
import { newcomerBadShare } from './newcomer.ts';

const REVOKED: Storm = {
  ...TOY,
  spells: [{ target: 'a', fromMs: 10_000, untilMs: 40_000, weather: { revoked: true }, isBad: true }],
  nodes: { count: 3, troubles: [{ node: 1, fromMs: 12_000, untilMs: 20_000, kind: 'away' }] },
};

/** To the revoked key, which says so 50 ms later. */
function asked(node: number, atMs: number): ExchangeRecord {
  return exchange({ node, atMs, asked: [0, 1], askedAtMs: [atMs, atMs + 50], toldAtMs: [atMs + 50, atMs + 450] });
}

function measured(...exchanges: readonly ExchangeRecord[]) {
  return heedingOf(REVOKED, { targets: ['a', 'b'], exchanges, quotas: [] });
}

describe('the heeding of a revoked key', () => {
  it('is counted from the first node’s being told, not from the first request', () => {
    expect(measured(asked(0, 10_000), asked(1, 10_040))).toEqual({ afterMs: 0, mostByOne: 0 });
  });

  it('is as late as the last request of any node, and counts what one of the others sent', () => {
    const late = [asked(0, 10_000), asked(1, 10_060), asked(1, 10_070), asked(2, 10_100), asked(0, 10_150)];
    expect(measured(...late)).toEqual({ afterMs: 100, mostByOne: 2 });
  });

  it('leaves out what was sent before the key was revoked, and probes', () => {
    expect(measured(asked(1, 9900), asked(0, 10_000), asked(2, 15_100))).toEqual({ afterMs: 0, mostByOne: 0 });
  });

  it('is not measured where no key is revoked, nor of a single node', () => {
    expect(heedingOf(TOY, { targets: ['a'], exchanges: [], quotas: [] })).toBeNull();
    const { nodes: _, ...single } = REVOKED;
    expect(heedingOf(single, { targets: ['a'], exchanges: [], quotas: [] })).toBeNull();
  });
});

describe('a newcomer’s share of bad targets', () => {
  it('is of its own first requests', () => {
    const good = exchange({ node: 1, atMs: 21_000 });
    const exchanges = [asked(1, 20_500), good, good, good, asked(0, 21_000), asked(1, 24_000), asked(1, 11_000)];
    expect(newcomerBadShare(REVOKED, { targets: ['a', 'b'], exchanges, quotas: [] })).toBe(0.25);
  });

  it('is not measured where none starts while a target is bad', () => {
    const { nodes: _, ...single } = REVOKED;
    expect(newcomerBadShare(single, { targets: ['a'], exchanges: [], quotas: [] })).toBeNull();
  });
});
