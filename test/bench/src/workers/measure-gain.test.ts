import { describe, expect, test } from 'vitest';
import type { Sample } from '../sample.ts';
import { gainOf } from './measure-gain.ts';

function sample(cpuMicros: number, more: { foreignBusy?: number; trouble?: string[] } = {}): Sample {
  const { foreignBusy = 0, trouble = [] } = more;
  return { round: 1, subject: 'leeward', measure: 'small', figures: { cpuMicros, foreignBusy }, trouble };
}

describe('gainOf', () => {
  test('is twice for two workers whose requests cost what they cost one process', () => {
    expect(gainOf([[sample(50), sample(50)]])?.gain.median).toBe(2);
  });

  test('compares within pairs, so that a slow minute of the machine cancels out', () => {
    const gained = gainOf([
      [sample(40), sample(50)],
      [sample(80), sample(100)],
      [sample(400), sample(500)],
    ]);
    expect(gained?.gain).toEqual({ median: 1.6, lower: 1.6, upper: 1.6 });
  });

  test('leaves out pairs of which either half was disturbed, and counts them', () => {
    const gained = gainOf([
      [sample(50), sample(50)],
      [sample(50), sample(90, { foreignBusy: 0.2 })],
      [sample(90, { foreignBusy: 0.2 }), sample(50)],
    ]);
    expect(gained).toMatchObject({ gain: { median: 2 }, pairs: 1, dropped: 2, trouble: [] });
  });

  test('leaves out failed pairs and says what failed', () => {
    const gained = gainOf([
      [sample(50), sample(50)],
      [sample(50), sample(10, { trouble: ['1 connections broke'] })],
    ]);
    expect(gained).toMatchObject({ gain: { median: 2 }, dropped: 1, trouble: ['2 workers: 1 connections broke'] });
  });

  test('has no figure when every pair was disturbed', () => {
    expect(gainOf([[sample(50, { foreignBusy: 1 }), sample(50)]])).toBeUndefined();
  });
});
