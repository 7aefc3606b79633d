import { seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { type Distribution, drawMs } from './distribution.ts';
import { FaultScript, type Struck } from './fault-script.ts';
import type { FaultRuleInput } from './rule.ts';
import { shapeSchema, strengthAt } from './shape.ts';

const struck: Struck = {
  personality: 'mistral',
  key: 'a',
  workspace: 'w',
  models: ['large-latest', 'large-2512'],
  surface: 'chat',
  stream: true,
};

function script(rules: FaultRuleInput[]) {
  const clock = new VirtualClock();
  const faults = new FaultScript({ clock, rng: seededRng(1) }, { firstTokenMs: 10, perTokenMs: 0 });
  faults.set(rules);
  return { clock, faults };
}

const silence: FaultRuleInput = { effect: { kind: 'silence' } };

describe('a fault script', () => {
  it('strikes only what every given member of `when` matches', () => {
    const matching = [
      {},
      { key: 'a' },
      { model: 'large-latest' },
      { model: 'large-2512', stream: true },
      { surface: 'chat' },
    ];
    for (const when of matching) {
      expect(script([{ ...silence, when } as FaultRuleInput]).faults.plan(struck).fault).toEqual({ kind: 'silence' });
    }
    const others = [
      { key: 'b' },
      { workspace: 'v' },
      { personality: 'openai' },
      { key: 'a', stream: false },
      { model: 'x' },
    ];
    for (const when of others) {
      expect(script([{ ...silence, when } as FaultRuleInput]).faults.plan(struck).fault).toBeUndefined();
    }
  });

  it('holds to its time, counted from when it was set', async () => {
    const { clock, faults } = script([{ ...silence, fromMs: 100, untilMs: 200 }]);
    expect(faults.plan(struck).fault).toBeUndefined();
    await clock.advance(100);
    expect(faults.plan(struck).fault).toBeDefined();
    await clock.advance(100);
    expect(faults.plan(struck).fault).toBeUndefined();
    faults.set([silence]);
    expect(faults.plan(struck).fault).toBeDefined();
  });

  it('adds latencies to the base and lets the first fault that draws win', () => {
    const { faults } = script([
      { effect: { kind: 'latency', firstTokenMs: 100, perTokenMs: 5 } },
      { effect: { kind: 'refuse' }, times: 1 },
      silence,
      { effect: { kind: 'latency', firstTokenMs: 1000, perTokenMs: { kind: 'fixed', ms: 2 } } },
    ]);
    const plan = faults.plan(struck);
    expect(plan.firstTokenMs).toBe(1110);
    expect(plan.perTokenMs?.()).toBe(7);
    expect(plan.fault).toEqual({ kind: 'refuse' });
    expect(faults.plan(struck).fault).toEqual({ kind: 'silence' });
  });

  it('needs no timer per token when tokens cost nothing', () => {
    expect(script([]).faults.plan(struck)).toEqual({ firstTokenMs: 10, perTokenMs: undefined, fault: undefined });
  });

  it('strikes the share of requests that probability and shape make', async () => {
    const { clock, faults } = script([
      { ...silence, probability: 0.5, shape: { kind: 'step', atMs: 1000, before: 0, after: 0.6 } },
    ]);
    const share = () => Array.from({ length: 4000 }, () => faults.plan(struck).fault).filter(Boolean).length / 4000;
    expect(share()).toBe(0);
    await clock.advance(1000);
    // 0.3 ± 5 standard errors of sqrt(0.3 × 0.7 / 4000) = 0.0072.
    expect(share()).toBeGreaterThan(0.264);
    expect(share()).toBeLessThan(0.336);
  });

  it('multiplies a latency by its shape', async () => {
    const { clock, faults } = script([
      {
        shape: { kind: 'ramp', startMs: 0, endMs: 1000, from: 0, to: 1 },
        effect: { kind: 'latency', firstTokenMs: 100 },
      },
    ]);
    await clock.advance(500);
    expect(faults.plan(struck).firstTokenMs).toBe(60);
  });

  it('refuses a rule with an unknown member', () => {
    const { faults } = script([]);
    expect(() => faults.set([{ effect: { kind: 'silence', loud: true } }])).toThrow(/loud/);
    expect(() => faults.set([{ effect: { kind: 'explode' } }])).toThrow(/effect/);
  });
});

describe('shapes', () => {
  it('rise and fall as drawn', () => {
    const spike = shapeSchema.parse({ kind: 'spike', atMs: 100, durationMs: 200, base: 1, peak: 5 });
    expect([0, 100, 150, 200, 250, 300, 400].map((ms) => strengthAt(spike, ms))).toEqual([1, 1, 3, 5, 3, 1, 1]);
    const ramp = shapeSchema.parse({ kind: 'ramp', startMs: 100, endMs: 200 });
    expect([0, 100, 150, 200, 300].map((ms) => strengthAt(ramp, ms))).toEqual([0, 0, 0.5, 1, 1]);
  });
});

describe('distributions', () => {
  const mean = (distribution: Distribution) => {
    const rng = seededRng(7);
    let sum = 0;
    for (let at = 0; at < 20_000; at++) sum += drawMs(distribution, rng);
    return sum / 20_000;
  };

  it('have the mean that their parameters say, within 3 %', () => {
    expect(mean(40)).toBe(40);
    expect(mean({ kind: 'fixed', ms: 40 })).toBe(40);
    expect(mean({ kind: 'uniform', fromMs: 20, toMs: 60 })).toBeCloseTo(40, -0.4);
    expect(Math.abs(mean({ kind: 'exponential', meanMs: 40 }) / 40 - 1)).toBeLessThan(0.03);
    // The mean of a lognormal is median × exp(sigma² / 2).
    expect(Math.abs(mean({ kind: 'lognormal', medianMs: 40, sigma: 0.5 }) / (40 * Math.exp(0.125)) - 1)).toBeLessThan(
      0.03,
    );
  });
});
