import type { ExchangeReport } from '@leeward/failover';
import { readClientRequest } from '@leeward/wire';
import { expect, test } from 'vitest';
import { Decisions } from './decisions.ts';

const client = readClientRequest(
  'chat',
  'mistral',
  Buffer.from('{"model":"m","messages":[{"role":"user","content":"p"}]}'),
);

function finished(number: number): Parameters<Decisions['add']>[0] {
  const report: ExchangeReport = {
    end: { kind: 'cancelled' },
    attempts: [],
    startedAtMs: number,
    endedAtMs: number + 5,
    firstTokenAtMs: undefined,
    usage: undefined,
    waitedMs: 0,
    maxGapMs: 0,
  };
  const visit = { requestId: `r-${number}`, clientName: 'c', startedAtMs: number };
  return { visit, client, route: '*', report, status: 499, traceId: undefined };
}

const ids = (decisions: Decisions) => decisions.list(10_000).map((one) => ('requestId' in one ? one.requestId : ''));

test('the last 256 are kept, the newest first, through any number of turns of the ring', () => {
  const decisions = new Decisions();
  expect(ids(decisions)).toEqual([]);
  for (let number = 1; number <= 1000; number++) {
    decisions.add(finished(number));
    const kept = Math.min(number, 256);
    const shown = ids(decisions);
    expect(shown).toHaveLength(kept);
    expect([shown[0], shown.at(-1)]).toEqual([`r-${number}`, `r-${number - kept + 1}`]);
  }
});

test('ages are told from now', () => {
  const decisions = new Decisions();
  decisions.add(finished(100));
  expect(decisions.list(1105)).toEqual([expect.objectContaining({ agoMs: 1000, durationMs: 5, attempts: [] })]);
});
