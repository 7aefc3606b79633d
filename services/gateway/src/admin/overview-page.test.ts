import { describe, expect, test } from 'vitest';
import { overviewPage } from './overview-page.ts';

const quiet = { isDraining: false, inFlight: 0, targets: [], decisions: [], hasLivePage: false };

describe('the page', () => {
  test('says that nothing has happened yet', () => {
    const page = overviewPage({ ...quiet, inFlight: 3 });
    expect(page).toContain('3 in flight');
    expect(page).toMatch(/^<!doctype html>/);
  });

  test('escapes every text of a target and of a decision', () => {
    const evil = '<img src=x onerror="alert(\'1\')">';
    const page = overviewPage({
      ...quiet,
      targets: [
        {
          id: evil,
          state: evil,
          freeInMs: 5,
          inFlight: 1,
          lastOutcome: evil,
          breaker: { state: evil, lastTrip: { reason: evil }, successShare: 1, samples: 2 },
        },
      ],
      decisions: [
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

  test('survives what is not there', () => {
    const page = overviewPage({ ...quiet, targets: [{}], decisions: [{}, {}] });
    expect(page.match(/<tr>/g)).toHaveLength(2 + 1 + 2);
  });

  test('shows what a target is picked by, and nothing where nothing is known', () => {
    const known = {
      id: 't',
      state: 'slow-start',
      load: 412.4,
      firstTokenMs: 280.6,
      headroom: 0.254,
      slowStartWindow: 4,
    };
    const page = overviewPage({ ...quiet, targets: [known, { id: 'u', firstTokenMs: undefined }] });
    for (const cell of ['412', '281 ms', '25 %', '4']) expect(page).toContain(`<td>${cell}</td>`);
    expect(page).not.toMatch(/NaN ms|undefined/);
  });

  test('marks the attempts that were made beside others, or in panic, and blames none that was called off', () => {
    const attempts = [
      { target: 'a', cause: 'first', outcome: 'cancelled' },
      { target: 'b', cause: 'hedge', outcome: 'ok' },
      { target: 'c', cause: 'panic', outcome: 'fault', reason: 'reset' },
    ];
    const page = overviewPage({ ...quiet, decisions: [{ attempts }] });
    expect(page).toContain('a: <span class="dim">cancelled</span>');
    expect(page).toContain('b <span class="dim">hedge</span>: <span class="good">ok</span>');
    expect(page).toContain('c <span class="dim">panic</span>: <span class="bad">fault (reset)</span>');
  });

  test('says never for a target that time will not free', () => {
    const target = { id: 't', state: 'quota-cooldown', freeInMs: Number.POSITIVE_INFINITY };
    expect(overviewPage({ ...quiet, targets: [target] })).toContain('never');
  });
});
