import { describe, expect, it } from 'vitest';
import { EventClock } from '../event-clock.ts';
import type { ModelledKey } from '../storms/storm.ts';
import { FAIR, type Weather } from '../storms/weather.ts';
import { type Call, traffic } from '../traffic.ts';
import { STORMS } from '../storms/catalogue.ts';
import { type Guest, ModelledTarget } from './modelled-target.ts';
import { QuotaWindow } from './quota-window.ts';

const KEY: ModelledKey = { name: 'k1', firstTokenMs: 400, tokenMs: 10, slots: 2 };

function someCalls(): readonly Call[] {
  const [storm] = STORMS;
  if (storm === undefined) throw new Error('there are no storms');
  return traffic({ ...storm, durationMs: 20_000 }, 1);
}

function target(weather: Partial<Weather> = {}, more: { seed?: number; quota?: QuotaWindow } = {}): ModelledTarget {
  const deps = { clock: new EventClock(), seed: more.seed ?? 1, weather: () => ({ ...FAIR, ...weather }) };
  return new ModelledTarget(deps, 'p/k1/m', KEY, more.quota);
}

describe('a modelled target', () => {
  const calls = someCalls();

  it('gives a request the same fate whatever came before it, and another on its next try', () => {
    const [first, second] = calls;
    if (first === undefined || second === undefined) throw new Error('too few calls');
    const busy = target();
    for (const call of calls.slice(1)) busy.meet(call);
    const idle = target();
    const fate = idle.meet(first);
    expect(busy.meet(first)).toEqual(fate);
    expect(idle.meet(first)).not.toEqual(fate);
    expect(target({}, { seed: 2 }).meet(first)).not.toEqual(fate);
  });

  it('is foreseen exactly by who knows the dice, and not changed by being looked at', () => {
    for (const call of calls) {
      const one = target({ faultShare: 0.3 });
      const foreseen = one.drawnFirstTokenMs(call);
      expect(one.drawnFirstTokenMs(call)).toBe(foreseen);
      const fate = one.meet(call);
      expect(foreseen).toBe(fate.kind === 'answer' ? fate.firstTokenMs : Number.POSITIVE_INFINITY);
    }
  });

  it('is expected, by who knows its state, to take as long as it does on average', () => {
    const [call] = calls;
    if (call === undefined) throw new Error('no call');
    for (const weather of [{}, { slowness: 10 }]) {
      const one = target(weather);
      let totalMs = 0;
      for (let index = 0; index < 20_000; index++) totalMs += one.drawnFirstTokenMs({ ...call, index });
      // One standard deviation of a draw is about half of its mean, so that of the mean is under 0.4 %.
      expect(totalMs / 20_000 / one.expectedFirstTokenMs(call.promptTokens)).toBeCloseTo(1, 1);
    }
  });

  it('is expected to take longer by its detours where it fails now and then, and for ever where it always does', () => {
    const [fair, failing] = [target(), target({ faultShare: 0.3 })].map((one) => one.expectedFirstTokenMs(600));
    expect((failing ?? 0) - (fair ?? 0)).toBeCloseTo(0.3 * 70);
    const spent = { quota: new QuotaWindow({ requestsPerMinute: 0 }) };
    for (const one of [target({ faultShare: 1 }), target({ silent: true }), target({ full: true }), target({}, spent)])
      expect(one.expectedFirstTokenMs(600)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is known to be no good when it is about to be struck, or has a queue, for as long as that takes', () => {
    const soon = (atMs: number) => ({ ...FAIR, faultShare: atMs < 300 ? 0 : 1 });
    const deps = { clock: new EventClock(), seed: 1, weather: (_: string, atMs: number) => soon(atMs) };
    expect(new ModelledTarget(deps, 'p/k1/m', KEY, undefined).expectedFirstTokenMs(600)).toBe(Number.POSITIVE_INFINITY);
    const busy = target();
    const idleMs = busy.expectedFirstTokenMs(600);
    for (let guest = 0; guest < 4; guest++) busy.sit({ seated: () => undefined });
    expect(busy.isFull).toBe(true);
    expect(busy.expectedFirstTokenMs(600)).toBeGreaterThan(idleMs + 1000);
  });

  it('fails the share of requests that the weather says, and slows the others by its factor', () => {
    const fates = calls.map((call) => target({ faultShare: 0.3 }).meet(call).kind);
    const failed = fates.filter((kind) => kind === 'fault' || kind === 'reset').length;
    // About 400 calls: one standard deviation is 0.023.
    expect(Math.abs(failed / calls.length - 0.3)).toBeLessThan(0.1);
    for (const call of calls) {
      const [fair, slow] = [target().meet(call), target({ slowness: 10 }).meet(call)];
      if (fair.kind !== 'answer' || slow.kind !== 'answer') throw new Error('a fault in fair weather');
      expect(slow.firstTokenMs).toBeCloseTo(10 * fair.firstTokenMs);
    }
  });

  it('refuses with the tripped rung when its quota is spent, and before that when the vendor is full', () => {
    const [call] = calls;
    if (call === undefined) throw new Error('no call');
    const quota = new QuotaWindow({ requestsPerMinute: 0 });
    expect(target({}, { quota }).meet(call)).toMatchObject({
      kind: 'quota',
      headers: { 'x-ratelimit-remaining-req-minute': '0' },
    });
    expect(target({ full: true }, { quota }).meet(call).kind).toBe('full');
    expect(target({ silent: true }, { quota }).meet(call)).toEqual({ kind: 'silent' });
  });

  it('says whether it would take a request: neither while it is struck, nor when its quota is spent', () => {
    expect(target().accepts).toBe(true);
    expect(target({ faultShare: 0.3, slowness: 10 }).accepts).toBe(true);
    for (const weather of [{ silent: true }, { full: true }, { faultShare: 1 }])
      expect(target(weather).accepts).toBe(false);
    expect(target({}, { quota: new QuotaWindow({ requestsPerMinute: 0 }) }).accepts).toBe(false);
  });

  it('seats as many as it has slots, the others in order as places come free', () => {
    const seated: string[] = [];
    const guest = (name: string): Guest => ({ seated: () => seated.push(name) });
    const [a, b, c, d] = [guest('a'), guest('b'), guest('c'), guest('d')];
    const one = target();
    for (const each of [a, b, c, d]) one.sit(each);
    expect(seated).toEqual(['a', 'b']);
    // Leaving the queue frees no slot.
    one.leave(c);
    expect(seated).toEqual(['a', 'b']);
    one.leave(a);
    expect(seated).toEqual(['a', 'b', 'd']);
  });
});
