import { getEventListeners } from 'node:events';
import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from './clock.ts';

const clocks: Record<string, () => Clock> = {
  'the system’s': () => systemClock,
  'the virtual one': () => new VirtualClock(),
};

describe.each(Object.entries(clocks))('every clock (%s)', (_name, create) => {
  it('rejects a sleep with the signal’s reason as soon as it aborts', async () => {
    const controller = new AbortController();
    const sleep = create().sleep(3_600_000, controller.signal);
    const reason = new Error('the client left');
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
  });

  it('rejects at once when the signal had aborted before', async () => {
    const reason = new Error('already gone');
    await expect(create().sleep(3_600_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('counts up and knows the date', () => {
    const clock = create();
    const before = clock.nowMs();
    expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
    expect(clock.wallMs()).toBeGreaterThan(Date.UTC(2025, 0, 1));
  });
});

describe('the system’s clock', () => {
  it('wakes a sleeper without leaving a listener on the signal', async () => {
    const { signal } = new AbortController();
    await systemClock.sleep(0, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('does not call what was cancelled', async () => {
    let called = 0;
    const cancelled = systemClock.after(0, () => called++);
    cancelled.cancel();
    await new Promise<void>((resolve) => {
      systemClock.after(1, resolve);
      // `after` never keeps a process alive by itself; the test does.
      const held = setTimeout(() => undefined, 1000);
      systemClock.after(2, () => clearTimeout(held));
    });
    expect(called).toBe(0);
  });
});

describe('VirtualClock', () => {
  it('leaves no timer behind when a sleep is aborted', async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const sleep = clock.sleep(1000, controller.signal);
    expect(clock.pending).toBe(1);
    controller.abort(new Error('gone'));
    await expect(sleep).rejects.toThrow('gone');
    expect(clock.pending).toBe(0);
  });

  it('fires timers in order of time, those set by others within the same advance', async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push('late'));
    clock.after(10, () => {
      fired.push('early');
      clock.after(5, () => fired.push('between'));
    });
    await clock.advance(20);
    expect(fired).toEqual(['early', 'between', 'late']);
    expect(clock.nowMs()).toBe(20);
  });
});
