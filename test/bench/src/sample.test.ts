import { expect, test } from 'vitest';
import { findTrouble, isDisturbed, lessDisturbed, type Sample } from './sample.ts';

const tally = { sent: 10, answered: 10, wrong: 0, broken: 0 };
const upstream = { requests: 10, unauthorised: 0, short: 0, otlpExports: 3 };

test('a run in which everything adds up has no trouble', () => {
  expect(findTrouble(tally, upstream)).toEqual([]);
});

test.each([
  [{ ...tally, answered: 9 }, upstream, '1 of 10 requests were not answered'],
  [{ ...tally, wrong: 2 }, upstream, '2 of 10 answers were wrong'],
  [{ ...tally, broken: 1 }, upstream, '1 connections broke'],
  [tally, { ...upstream, requests: 11 }, '10 requests were sent, the upstream saw 11'],
  [tally, { ...upstream, unauthorised: 10 }, "10 requests came without the upstream's key"],
  [tally, { ...upstream, short: 4 }, '4 bodies arrived short'],
])('names what does not add up: %#', (sent, seen, message) => {
  expect(findTrouble(sent, seen)).toEqual([message]);
});

function take(foreignBusy: number, trouble: string[] = []): Sample {
  return { round: 1, subject: 'nginx', measure: 'small', figures: { foreignBusy }, trouble };
}

test('a sample is disturbed when strangers used more than a tenth of a core', () => {
  expect(isDisturbed(take(0.05))).toBe(false);
  expect(isDisturbed(take(0.3))).toBe(true);
});

test('of two takes the less disturbed is kept', () => {
  expect(lessDisturbed(take(0.3), take(0.2)).figures.foreignBusy).toBe(0.2);
  expect(lessDisturbed(take(0.2), take(0.3)).figures.foreignBusy).toBe(0.2);
});

test('a take that failed is never replaced by one that went well', () => {
  const failed = take(0.9, ['1 of 10 answers were wrong']);
  expect(lessDisturbed(failed, take(0))).toBe(failed);
  expect(lessDisturbed(take(0.2), failed)).toBe(failed);
});
