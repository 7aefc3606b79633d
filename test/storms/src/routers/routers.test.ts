import type { AttemptReport } from '@leeward/failover';
import type { Outcome } from '@leeward/upstream';
import { describe, expect, it } from 'vitest';
import { drawsFor } from '../draws.ts';
import { EventClock } from '../event-clock.ts';
import { STORMS } from '../storms/catalogue.ts';
import { type Call, traffic } from '../traffic.ts';
import { bifrost } from './bifrost.ts';
import { litellm } from './litellm.ts';
import { leastInFlight, roundRobin } from './plain.ts';
import type { Router, RouterDeps } from './router.ts';

const CANDIDATES = ['a', 'b', 'c'].map((id) => ({ id, weight: 1, available: true, load: 1, inFlight: 0 }));

const OK: Outcome = { kind: 'ok' };
const FAULT: Outcome = { kind: 'fault', reason: 'reset', retryAfterMs: undefined };
const QUOTA: Outcome = { kind: 'quota', never: false, retryAfterMs: 1 };

function someCall(): Call {
  const [storm] = STORMS;
  const [call] = storm === undefined ? [] : traffic({ ...storm, durationMs: 1000 }, 1);
  if (call === undefined) throw new Error('no client came within a second');
  return call;
}

class Bench {
  readonly clock = new EventClock();
  readonly router: Router;
  readonly #call = someCall();

  constructor(create: (deps: RouterDeps) => Router) {
    const target = () => {
      throw new Error('only a clairvoyant looks behind the curtain');
    };
    this.router = create({ clock: this.clock, rng: drawsFor(1), target, pools: () => [] });
  }

  /** How often each of the candidates is picked, of 1000. */
  shares(): Record<string, number> {
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    const picker = this.router.pickerFor(this.#call);
    for (let pick = 0; pick < 1000; pick++) {
      const id = picker.pick(CANDIDATES, () => false)?.id ?? 'none';
      counts[id] = (counts[id] ?? 0) + 1;
    }
    return counts;
  }

  ended(target: string, outcome: Outcome, { firstTokenMs = 400, times = 1, status = 200 } = {}): void {
    const report: Omit<AttemptReport, 'member'> = {
      poolIndex: 0,
      cause: 'first',
      candidates: [],
      startedAtMs: 0,
      endedAtMs: firstTokenMs,
      firstTokenAtMs: outcome.kind === 'ok' ? firstTokenMs : undefined,
      status,
      outcome,
    };
    for (let time = 0; time < times; time++) this.router.ended?.(target, report);
  }

  async pass(ms: number): Promise<void> {
    let over = false;
    this.clock.after(ms, () => {
      over = true;
    });
    await this.clock.runUntil(() => over);
  }
}

describe('the routers beside Leeward', () => {
  it('round robin goes round', () => {
    const shares = new Bench(roundRobin).shares();
    expect([shares['a'], shares['b'], shares['c']]).toEqual([334, 333, 333]);
  });

  it('least in flight takes the idle one, and either of two that are equally idle', () => {
    const bench = new Bench(leastInFlight);
    bench.router.started?.('a');
    const shares = bench.shares();
    expect(shares['a']).toBe(0);
    expect(Math.min(shares['b'] ?? 0, shares['c'] ?? 0)).toBeGreaterThan(400);
  });

  it('LiteLLM leaves a deployment for 5 s after a single 429', async () => {
    const bench = new Bench(litellm);
    bench.ended('a', QUOTA, { status: 429 });
    expect(bench.shares()['a']).toBe(0);
    await bench.pass(5000);
    expect(bench.shares()['a']).toBeGreaterThan(250);
  });

  it('LiteLLM leaves a deployment when over half of at least five requests failed', () => {
    const bench = new Bench(litellm);
    bench.ended('a', FAULT, { status: 503, times: 4 });
    expect(bench.shares()['a']).toBeGreaterThan(250);
    bench.ended('a', FAULT, { status: 503 });
    expect(bench.shares()['a']).toBe(0);
  });

  it('the Bifrost score leaves a failing key with the least weight from the next interval on', async () => {
    const bench = new Bench(bifrost);
    for (const id of ['a', 'b', 'c']) bench.ended(id, OK, { times: 20 });
    bench.ended('a', FAULT, { times: 5 });
    await bench.pass(5000);
    expect(bench.shares()['a']).toBeLessThan(10);
  });

  it('the Bifrost score sends three quarters of the picks and more to the fastest', async () => {
    const bench = new Bench(bifrost);
    for (const id of ['a', 'b']) bench.ended(id, OK, { times: 20, firstTokenMs: 800 });
    bench.ended('c', OK, { times: 20, firstTokenMs: 400 });
    await bench.pass(5000);
    expect(bench.shares()['c']).toBeGreaterThan(750);
  });
});
