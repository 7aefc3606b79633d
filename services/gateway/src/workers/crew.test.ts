import { Hub } from '@leeward/cluster';
import type { LogFields, Logger } from '@leeward/telemetry';
import { VirtualClock } from '@leeward/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { Crew } from './crew.ts';
import type { Child, Ended } from './fork-worker.ts';
import type { FromWorker, ToWorker } from './words.ts';

const READING = { input: { text: '{}' }, env: {}, files: new Map<string, string>() };

/** A worker process by hand. */
class FakeChild implements Child {
  readonly pid = 1;
  readonly told: ToWorker[] = [];
  wasKilled = false;
  #onWord: (word: FromWorker) => void = () => undefined;
  #onEnd: (ended: Ended) => void = () => undefined;

  send(word: ToWorker, taken?: () => void): void {
    this.told.push(word);
    taken?.();
  }

  sendSocket(word: ToWorker): void {
    this.told.push(word);
  }

  onWord(run: (word: FromWorker) => void): void {
    this.#onWord = run;
  }

  onEnd(run: (ended: Ended) => void): void {
    this.#onEnd = run;
  }

  kill(): void {
    this.wasKilled = true;
    this.end({ code: null, signal: 'SIGKILL' });
  }

  says(...words: FromWorker[]): void {
    for (const word of words) this.#onWord(word);
  }

  serves(): void {
    this.says({ kind: 'up' }, { kind: 'serving', isServing: true });
  }

  end(ended: Ended): void {
    this.#onEnd(ended);
  }

  kinds(): string[] {
    return this.told.map(({ kind }) => kind);
  }
}

let clock: VirtualClock;
let children: FakeChild[];
let logged: LogFields[];
let events: string[];
let crew: Crew;

beforeEach(() => {
  clock = new VirtualClock();
  children = [];
  logged = [];
  events = [];
  const logger = { error: (fields: LogFields) => void logged.push(fields) } as unknown as Logger;
  crew = new Crew(
    {
      clock,
      logger,
      hub: new Hub(),
      dealer: {
        join: () => void events.push('join'),
        leave: () => void events.push('leave'),
        taken: (_seat, id) => void events.push(`taken ${id}`),
        heard: () => void events.push('heard'),
        closed: () => void events.push('closed'),
      },
      fork: () => {
        const child = new FakeChild();
        children.push(child);
        return child;
      },
      begin: (index) => ({ kind: 'begin', index, workers: 2, reading: READING, isDraining: false, drainedTargets: [] }),
      onEnded: (index) => void events.push(`ended ${index}`),
      onRestart: () => void events.push('restart'),
    },
    2,
  );
});

const CRASH: Ended = { code: null, signal: 'SIGSEGV' };
const child = (place: number): FakeChild => children[place] ?? new FakeChild();

async function started(): Promise<void> {
  const starting = crew.start();
  for (const one of children) one.serves();
  await starting;
}

describe('the start', () => {
  test('is over when all of them serve, and each is told with what to begin', async () => {
    const starting = crew.start();
    child(0).serves();
    expect([crew.serving, crew.hasStarted]).toEqual([1, false]);
    child(1).serves();
    await starting;
    expect([crew.serving, crew.hasStarted]).toEqual([2, true]);
    expect(children.map(({ told }) => told[0])).toMatchObject([{ index: 1 }, { index: 2 }]);
    expect(events).toEqual(['join', 'join']);
  });

  test('fails when one cannot, and leaves none behind', async () => {
    const starting = crew.start();
    child(0).serves();
    child(1).says({ kind: 'up' });
    child(1).end({ code: 1, signal: null });
    await Promise.all([
      expect(starting).rejects.toThrow('worker 2 ended with code 1 before it could serve'),
      clock.advance(1),
    ]);
    expect(child(0).wasKilled).toBe(true);
    await clock.advance(120_000);
    expect(children).toHaveLength(2);
  });

  test('fails when one says nothing', async () => {
    const starting = crew.start();
    child(0).serves();
    await Promise.all([expect(starting).rejects.toThrow('did not begin within'), clock.advance(60_001)]);
    expect(children.every(({ wasKilled }) => wasKilled)).toBe(true);
  });
});

describe('a worker that ends', () => {
  test('is told and started anew, hardly later the first time and later each time it does not stay', async () => {
    await started();
    const waits: number[] = [];
    for (let crash = 0; crash < 10; crash++) {
      const before = children.length;
      const crashedAtMs = clock.nowMs();
      child(before - 1).end(CRASH);
      expect(crew.serving).toBe(1);
      while (children.length === before) await clock.advance(50);
      waits.push(clock.nowMs() - crashedAtMs);
      child(before).serves();
    }
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000]);
    expect(events.filter((event) => event === 'restart')).toHaveLength(10);
    expect(events.filter((event) => event === 'ended 2')).toHaveLength(10);
    expect(logged).toHaveLength(10);
    expect(logged[0]).toMatchObject({ worker: 2, code: null, signal: 'SIGSEGV', restartInMs: 100 });
  });

  test('is started anew at once again after a minute of work', async () => {
    await started();
    for (let crash = 0; crash < 3; crash++) {
      await clock.advance(60_000);
      child(children.length - 1).end(CRASH);
      await clock.advance(100);
      child(children.length - 1).serves();
    }
    expect(children).toHaveLength(5);
  });
});

describe('a question', () => {
  test('is answered by all who answer in time, and the others are named', async () => {
    await started();
    const patience = new AbortController();
    const asked = crew.askAll({ kind: 'in-flight' }, patience.signal);
    child(0).says({ kind: 'answer', id: 1, answer: 7 });
    patience.abort();
    expect(await asked).toEqual({ answered: [{ worker: 1, answer: 7 }], missing: [2] });
  });

  test('is given up when the worker ends', async () => {
    await started();
    const asked = crew.askAll({ kind: 'in-flight' }, new AbortController().signal);
    child(0).end(CRASH);
    child(1).says({ kind: 'answer', id: 1, answer: 7 });
    expect(await asked).toEqual({ answered: [{ worker: 2, answer: 7 }], missing: [1] });
  });

  test('is no longer sent to a worker that answers none', async () => {
    await started();
    for (let count = 0; count < 200; count++) {
      const patience = new AbortController();
      const asked = crew.askAll({ kind: 'in-flight' }, patience.signal);
      patience.abort();
      expect((await asked).missing).toEqual([1, 2]);
    }
    expect(
      child(0)
        .kinds()
        .filter((kind) => kind === 'ask'),
    ).toHaveLength(64);
  });
});

describe('the stop', () => {
  test('waits for those who end by themselves, and starts nobody anew', async () => {
    await started();
    const stopping = crew.stop(1000);
    expect(children.map((one) => one.kinds().at(-1))).toEqual(['stop', 'stop']);
    child(0).end({ code: 0, signal: null });
    await clock.advance(900);
    child(1).end({ code: 0, signal: null });
    expect(await stopping).toBe(0);
    await clock.advance(60_000);
    expect(children).toHaveLength(2);
    expect(logged).toEqual([]);
  });

  test('kills those who do not', async () => {
    await started();
    const stopping = crew.stop(1000);
    child(0).end({ code: 0, signal: null });
    await clock.advance(1000);
    expect(await stopping).toBe(1);
    expect(children.map(({ wasKilled }) => wasKilled)).toEqual([false, true]);
  });

  test('does not wait for one that was to be started anew', async () => {
    await started();
    child(0).end(CRASH);
    const stopping = crew.stop(1000);
    child(1).end({ code: 0, signal: null });
    expect(await stopping).toBe(0);
    await clock.advance(60_000);
    expect(children).toHaveLength(2);
  });
});
