import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { VirtualClock } from '@leeward/testkit';
import { expect, test } from 'vitest';
import { LiveEvents } from './live-events.ts';

class Listener extends EventEmitter {
  readonly texts: string[] = [];
  writableLength = 0;
  destroyed = false;

  writeHead(): void {
    this.texts.push('head');
  }

  write(text: string | Buffer): boolean {
    this.texts.push(text.toString());
    return true;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  get views(): number {
    return this.texts.filter((text) => text.startsWith('event: view\n')).length;
  }
}

function setUp(view = () => Promise.resolve<object>({})) {
  const clock = new VirtualClock();
  let made = 0;
  const failures: unknown[] = [];
  const counted = () => {
    made++;
    return view();
  };
  const events = new LiveEvents({ clock, view: counted, onFailed: (error) => failures.push(error) });
  const add = () => {
    const listener = new Listener();
    return { listener, taken: events.add(listener as unknown as ServerResponse) };
  };
  return { clock, events, add, failures, made: () => made };
}

test('one view is made for all listeners, once a second, the first at once, and none when nobody listens', async () => {
  const { clock, events, add, made } = setUp();
  await clock.advance(5000);
  expect(made()).toBe(0);
  const { listener: one } = add();
  await clock.advance(0);
  expect([one.texts[0], one.views]).toEqual(['head', 1]);
  const { listener: other } = add();
  await clock.advance(0);
  expect([one.views, other.views, made()]).toEqual([2, 1, 2]);
  await clock.advance(3000);
  expect([one.views, other.views, made()]).toEqual([5, 4, 5]);
  one.destroy();
  other.destroy();
  await clock.advance(5000);
  expect([events.listeners, made()]).toEqual([0, 5]);
});

test('a listener that does not read is dropped, and the others are not held up', async () => {
  const { clock, events, add } = setUp();
  const { listener: slow } = add();
  const { listener: quick } = add();
  await clock.advance(0);
  slow.writableLength = 2 * 1024 * 1024;
  await clock.advance(2000);
  expect([slow.destroyed, quick.destroyed, events.listeners]).toEqual([true, false, 1]);
  expect(quick.views).toBeGreaterThanOrEqual(3);
});

test('there is room for thirty-two listeners, and again when one has left', () => {
  const { add } = setUp();
  const taken = Array.from({ length: 33 }, add);
  expect(taken.map((one) => one.taken).filter(Boolean)).toHaveLength(32);
  taken[0]?.listener.destroy();
  expect(add().taken).toBe(true);
});

test('a view that cannot be made is told, and the next one is made all the same', async () => {
  let fails = true;
  const { clock, add, failures } = setUp(() => (fails ? Promise.reject(new Error('no view')) : Promise.resolve({})));
  const { listener } = add();
  await clock.advance(1000);
  expect([failures.length, listener.views]).toEqual([2, 0]);
  fails = false;
  await clock.advance(1000);
  expect([failures.length, listener.views]).toEqual([2, 1]);
});

test('views do not pile up when making one takes longer than a second', async () => {
  const slow = Promise.withResolvers<object>();
  const { clock, add, made } = setUp(() => slow.promise);
  add();
  add();
  await clock.advance(10_000);
  expect(made()).toBe(1);
  slow.resolve({});
  await clock.advance(1000);
  expect(made()).toBeGreaterThan(1);
});
