import { VirtualClock } from '@leeward/testkit';
import { expect, test } from 'vitest';
import { BATCH_DELAY_MS, BATCH_SPANS, QUEUE_SPANS, type SpanExporter, SpanQueue } from './span-queue.ts';

type ReadableSpan = Parameters<SpanExporter['export']>[0][number];

/** The queue looks at no field of a span, so one stands for all. */
const span: ReadableSpan = {
  name: 'chat',
  kind: 1,
  spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }),
  startTime: [0, 0],
  endTime: [0, 0],
  status: { code: 0 },
  attributes: {},
  links: [],
  events: [],
  duration: [0, 0],
  ended: true,
  resource: { attributes: {}, merge: (other) => other ?? span.resource, getRawAttributes: () => [] },
  instrumentationScope: { name: 'leeward' },
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
};

/** A collector whose answers wait for `answer`. */
function build() {
  const batches: number[] = [];
  const answers: ((arrived: boolean) => void)[] = [];
  let dropped = 0;
  const clock = new VirtualClock();
  const exporter: SpanExporter = {
    export: (spans, done) => {
      batches.push(spans.length);
      answers.push((arrived) => done({ code: arrived ? 0 : 1 }));
    },
    shutdown: () => Promise.resolve(),
  };
  const queue = new SpanQueue({ exporter, clock, onDropped: (count) => (dropped += count) });
  return {
    queue,
    clock,
    batches,
    dropped: () => dropped,
    end: (count: number) => {
      for (let ended = 0; ended < count; ended += 1) queue.onEnd(span);
    },
    answer: async (arrived: boolean) => {
      answers.shift()?.(arrived);
      await clock.advance(0);
    },
  };
}

test('sends a full batch at once, and a part of one after the delay', async () => {
  const { end, batches, clock, answer } = build();
  end(BATCH_SPANS);
  await clock.advance(0);
  expect(batches).toEqual([BATCH_SPANS]);
  await answer(true);
  end(3);
  await clock.advance(BATCH_DELAY_MS - 1);
  expect(batches).toEqual([BATCH_SPANS]);
  await clock.advance(1);
  expect(batches).toEqual([BATCH_SPANS, 3]);
  await answer(true);
  expect(clock.pending).toBe(0);
});

test('sends one batch at a time', async () => {
  const { end, batches, clock, answer } = build();
  end(3 * BATCH_SPANS);
  await clock.advance(0);
  expect(batches).toHaveLength(1);
  await answer(true);
  await answer(true);
  expect(batches).toEqual([BATCH_SPANS, BATCH_SPANS, BATCH_SPANS]);
});

test('holds a burst of 5,000 without loss', async () => {
  const { end, batches, clock, answer, dropped } = build();
  end(5_000);
  await clock.advance(0);
  for (let batch = 0; batch < Math.ceil(5_000 / BATCH_SPANS); batch += 1) await answer(true);
  expect(batches.reduce((sum, count) => sum + count, 0)).toBe(5_000);
  expect(dropped()).toBe(0);
});

test('is bounded while the collector is silent, and counts what it drops', async () => {
  const { end, clock, dropped } = build();
  end(BATCH_SPANS);
  await clock.advance(0);
  end(QUEUE_SPANS);
  expect(dropped()).toBe(0);
  end(7);
  expect(dropped()).toBe(7);
});

test('counts a batch that the collector refused, and goes on with the next', async () => {
  const { end, batches, clock, answer, dropped } = build();
  end(BATCH_SPANS + 1);
  await clock.advance(0);
  await answer(false);
  expect(dropped()).toBe(BATCH_SPANS);
  await answer(true);
  expect(batches).toEqual([BATCH_SPANS, 1]);
  expect(dropped()).toBe(BATCH_SPANS);
});

test('counts everything unsent once when it is abandoned, and takes nothing after', async () => {
  const { queue, end, clock, answer, dropped } = build();
  end(BATCH_SPANS + 5);
  await clock.advance(0);
  queue.abandon();
  expect(dropped()).toBe(BATCH_SPANS + 5);
  await answer(false);
  expect(dropped()).toBe(BATCH_SPANS + 5);
  end(1);
  expect(dropped()).toBe(BATCH_SPANS + 6);
});
