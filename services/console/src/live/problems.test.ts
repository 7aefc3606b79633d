import { describe, expect, test } from 'vitest';
import { targetView, viewOf } from '../fixtures/views.ts';
import { problemsOf } from './problems.ts';

const titles = (...view: Parameters<typeof viewOf>) =>
  problemsOf(viewOf(...view)).map(({ mood, title }) => `${mood}: ${title}`);

describe('what is wrong', () => {
  test('is nothing while every target may be asked, or has as much as it may have', () => {
    expect(titles([targetView(), targetView({ key: 'b', state: 'full' })])).toEqual([]);
  });

  test('is told with its reason and when it is over', () => {
    const breaker = {
      state: 'open',
      lastTrip: { reason: 'consecutive-faults', agoMs: 12_000 },
      nextProbeInMs: 3000,
      successShare: 0,
      samples: 5,
    } as const;
    const ailing = targetView({ state: 'breaker-open', breaker, lastOutcome: 'fault: status-5xx' });
    expect(problemsOf(viewOf([ailing, targetView({ key: 'b' })]))).toMatchObject([
      {
        mood: 'bad',
        title: 'mistral/a/large: breaker open',
        detail: 'Faults in a row, 12\u00A0s ago (last: fault: status 5xx); next probe in 3.0\u00A0s.',
        target: ailing.id,
      },
    ]);
  });

  test('of many targets is one line when they ail alike, with the first names', () => {
    const ailing = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => targetView({ key, state: 'cooldown', freeInMs: 900 }));
    const [problem] = problemsOf(viewOf([...ailing, targetView({ key: 'g' })]));
    expect(problem).toMatchObject({
      title: '6 targets of mistral: cooling down',
      detail: 'The vendor ordered a wait, free in 900\u00A0ms. a/large, b/large, c/large, d/large, and 2 more',
    });
  });

  test('comes with what clients see of it first: a route that cannot be served, then one that fell back', () => {
    const ailing = targetView({ state: 'quota-cooldown', freeInMs: null });
    const other = targetView({ key: 'b' });
    const pools = [[{ id: ailing.id, weight: 1, load: 1 }], [{ id: other.id, weight: 1, load: 1 }]];
    expect(titles([ailing, other], { routes: [{ name: 'r', picker: 'adaptive', pools }] })[0]).toBe(
      'warn: r has fallen back',
    );
    expect(titles([ailing])[0]).toBe('bad: large cannot be served');
  });

  test('is also a node that drains, a bus that is gone, a quota that gets scarce, and a peer that fell silent', () => {
    const peer = { peer: 'node-2', ageMs: 8000, health: 0, draining: false, targets: 1, waits: [] };
    const self = { peer: 'node-1', epoch: 1, health: 0, bus: 'connected', intervalMs: 250 };
    const told = titles([targetView({ headroom: 0.1 })], {
      status: 'draining',
      degraded: ['cluster-bus-disconnected'],
      cluster: { self, peers: [peer], shares: [] },
    });
    expect(told).toEqual([
      'bad: This node is degraded',
      'warn: This node drains',
      'warn: mistral/group-a/large: quota is scarce',
      'warn: node-2 is silent',
    ]);
  });
});
