import { describe, expect, test } from 'vitest';
import { overviewPage } from './overview-page.ts';

const quiet = { isDraining: () => false, inFlight: () => 0, targets: () => [], decisions: () => [] };

describe('the page', () => {
  test('says that nothing has happened yet', () => {
    const page = overviewPage({ ...quiet, inFlight: () => 3 });
    expect(page).toContain('3 in flight');
    expect(page).toMatch(/^<!doctype html>/);
  });

  test('escapes every text of a target and of a decision', () => {
    const evil = '<img src=x onerror="alert(\'1\')">';
    const page = overviewPage({
      ...quiet,
      targets: () => [
        {
          id: evil,
          state: evil,
          freeInMs: 5,
          inFlight: 1,
          lastOutcome: evil,
          breaker: { state: evil, lastTrip: { reason: evil }, successShare: 1, samples: 2 },
        },
      ],
      decisions: () => [
        {
          agoMs: 1,
          route: evil,
          status: 502,
          code: evil,
          durationMs: 20_000,
          attempts: [{ target: evil, outcome: evil, reason: evil }],
        },
      ],
    });
    expect(page).not.toContain('<img');
    expect(page.match(/&#60;img src=x onerror=&#34;alert\(&#39;1&#39;\)&#34;&#62;/g)?.length).toBeGreaterThanOrEqual(9);
    expect(page).toContain('20 s');
  });

  test('shows no more decisions than a person reads, and survives what is not there', () => {
    const page = overviewPage({
      ...quiet,
      targets: () => [{}],
      decisions: () => Array.from({ length: 300 }, () => ({})),
    });
    expect(page.match(/<tr>/g)).toHaveLength(2 + 1 + 50);
  });

  test('says never for a target that time will not free', () => {
    const target = { id: 't', state: 'quota-cooldown', freeInMs: Number.POSITIVE_INFINITY };
    expect(overviewPage({ ...quiet, targets: () => [target] })).toContain('never');
  });
});
