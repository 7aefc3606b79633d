/** Whatever upstreams do, every exchange keeps its promises. Scripts are drawn at random, time is virtual. */
import {
  answers,
  CAPACITY_BODY,
  chunk,
  DONE,
  QUOTA_BODY,
  refuses,
  ROLE_CHUNK,
  type Script,
  ScriptedExchange,
  type Step,
  streams,
} from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taughtHedging } from './fixtures/taught-hedging.ts';

const waits = fc.integer({ min: 0, max: 6000 }).map((ms): Step => ({ do: 'wait', ms }));

const heads = fc.constantFrom<Step>(
  { do: 'head', status: 200, headers: { 'content-type': 'application/json' } },
  { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream' } },
  { do: 'head', status: 200, headers: { 'content-type': 'text/html' } },
  { do: 'head', status: 204, headers: {} },
  { do: 'head', status: 302, headers: {} },
  { do: 'head', status: 400, headers: {} },
  { do: 'head', status: 401, headers: {} },
  { do: 'head', status: 429, headers: {} },
  { do: 'head', status: 500, headers: {} },
  { do: 'head', status: 503, headers: { 'retry-after': '2' } },
);

const pieces = fc.constantFrom<Step>(
  ROLE_CHUNK,
  chunk('some '),
  chunk('text '),
  chunk('', { delta: { tool_calls: [{ id: 'abcdefghi', function: { name: 'f', arguments: '{}' }, index: 0 }] } }),
  chunk('', { finish: 'stop', usage: { prompt: 3, completion: 4 } }),
  chunk('', { finish: 'error' }),
  DONE,
  { do: 'data', bytes: 'data: {"id":' },
  { do: 'data', bytes: '"x"}\n\n' },
  { do: 'data', bytes: ': comment\n\n' },
  { do: 'data', bytes: '{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"x"}}]}' },
  { do: 'data', bytes: 'data: {"object":"error","message":"Service unavailable."}\n\n' },
  { do: 'data', bytes: '<html>' },
);

const last = fc.constantFrom<readonly Step[]>([{ do: 'end' }], [{ do: 'reset' }], []);

/** Any order of things that a transport can tell, with any pauses between them. */
const scripts = fc.oneof(
  fc.constantFrom<Script>(
    [],
    [{ do: 'refuse' }],
    answers('fine'),
    streams(['fi', 'ne'], { gapMs: 300 }),
    refuses(429, QUOTA_BODY),
    refuses(429, CAPACITY_BODY),
    refuses(401, { detail: 'Unauthorized' }),
  ),
  fc
    .record({ before: waits, head: heads, body: fc.array(fc.oneof(pieces, waits), { maxLength: 10 }), last })
    .map(({ before, head, body, last }): Script => [before, { do: 'connect' }, head, ...body, ...last]),
);

const asks = fc.record({
  scripts: fc.array(scripts, { minLength: 1, maxLength: 8 }),
  stream: fc.boolean(),
  recovery: fc.constantFrom('resume' as const, 'error' as const),
  /** How long first tokens usually take, on a route that hedges. */
  hedgesAfterMs: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined }),
  deadlineMs: fc.integer({ min: 1, max: 60_000 }),
  attemptsPerPool: fc.integer({ min: 1, max: 4 }),
  maxAttempts: fc.integer({ min: 1, max: 8 }),
  slowFromMs: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined, freq: 2 }),
  slowForMs: fc.integer({ min: 1, max: 40_000 }),
  leavesAtMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined, freq: 3 }),
  seed: fc.nat(),
});

type Drawn = typeof asks extends fc.Arbitrary<infer Value> ? Value : never;

function draw({ scripts, recovery, hedgesAfterMs, attemptsPerPool, maxAttempts, seed }: Drawn): ScriptedExchange {
  let number = 0;
  const script = () => scripts[number++ % scripts.length] ?? [];
  const exchange = new ScriptedExchange({
    providers: {
      mistral: { keys: ['a:w1', 'b:w1', 'c:w2'], script },
      backup: { dialect: 'openai', keys: ['z'], script },
    },
    pools: [['mistral/large'], ['mistral/medium', 'backup/gpt'], ['backup/gpt']],
    timeouts: { connectMs: 1000, firstTokenMs: 4000, answerMs: 5000, idleMs: 2000 },
    retries: { attemptsPerPool, maxAttempts },
    recovery,
    ...(hedgesAfterMs === undefined ? {} : { hedge: {} }),
    seed,
  });
  return hedgesAfterMs === undefined ? exchange : taughtHedging(exchange, hedgesAfterMs);
}

describe('an exchange, whatever the upstreams do', () => {
  it('ends once, by its deadline, within its attempts, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(asks, async (drawn) => {
        const exchange = draw(drawn);
        const { clock } = exchange;
        const asked = exchange.start({ stream: drawn.stream, deadlineMs: drawn.deadlineMs });
        if (drawn.slowFromMs !== undefined) {
          clock.after(drawn.slowFromMs, () => {
            asked.client.slow = true;
          });
          clock.after(drawn.slowFromMs + drawn.slowForMs, () => asked.client.drain());
        }
        if (drawn.leavesAtMs !== undefined) clock.after(drawn.leavesAtMs, () => asked.client.leave());
        await clock.advance(drawn.deadlineMs);
        const { report, count } = asked.ended;
        if (report === undefined) throw new Error('not ended by the deadline');
        expect(count).toBe(1);
        expect(report.endedAtMs).toBeLessThanOrEqual(drawn.deadlineMs);

        expect(exchange.calls).toHaveLength(report.attempts.length);
        expect(report.attempts.length).toBeLessThanOrEqual(drawn.maxAttempts);
        expect(mostInOnePool(report.attempts)).toBeLessThanOrEqual(drawn.attemptsPerPool);
        expect(report.attempts.filter(({ cause }) => cause === 'hedge').length).toBeLessThanOrEqual(1);
        expect(exchange.inFlight).toBe(0);

        const { client } = asked;
        switch (report.end.kind) {
          case 'streamed':
            expect([client.endedWell, report.attempts.at(-1)?.outcome.kind]).toEqual([true, 'ok']);
            break;
          case 'broken':
            expect([client.errorCode, client.events.includes('[DONE]')]).toEqual(['GW_STREAM_BROKEN', false]);
            break;
          case 'answered':
          case 'refused':
            expect([client.writes.length, client.ended]).toEqual([0, false]);
            break;
          case 'cancelled':
            expect([client.signal.aborted, client.ended]).toEqual([true, false]);
            break;
        }
        // Beyond the linger of a finished stream's socket.
        await clock.advance(50_000);
        expect([exchange.timersLeft, exchange.calls.filter((call) => call.open).length]).toEqual([0, 0]);
      }),
      { numRuns: 600 },
    );
  });

  const faults = fc.oneof(
    fc.constantFrom<Script>(
      [],
      [{ do: 'connect' }],
      [{ do: 'refuse' }],
      [{ do: 'connect' }, { do: 'reset' }],
      refuses(500, { detail: 'Internal Server Error' }),
      refuses(503, '<html>', { 'retry-after': '5' }),
      refuses(429, QUOTA_BODY),
      refuses(429, CAPACITY_BODY),
      refuses(401, { detail: 'Unauthorized' }),
      refuses(200, ''),
    ),
    fc
      .record({ head: heads, last })
      .filter(({ head }) => head.do === 'head' && head.status !== 400)
      .map(({ head, last }): Script => [{ do: 'connect' }, head, ROLE_CHUNK, ...last]),
  );

  it('is answered rightly when one target within reach is sound, however ill the others are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(faults, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        fc.nat(),
        async (ill, stream, later, seed) => {
          let number = 0;
          const exchange = new ScriptedExchange({
            providers: {
              mistral: { keys: ['a', 'b', 'c'], script: () => ill[number++ % ill.length] ?? [] },
              sound: { keys: ['s'], script: () => (stream ? streams(['sound'], { gapMs: 100 }) : answers('sound')) },
            },
            pools: later ? [['mistral/large'], ['mistral/medium', 'sound/large']] : [['mistral/large', 'sound/large']],
            timeouts: { connectMs: 1000, firstTokenMs: 4000, answerMs: 5000, idleMs: 2000 },
            retries: { attemptsPerPool: 4, maxAttempts: 10 },
            seed,
          });
          // The ill ones' state carries over from exchange to exchange; the promise does not depend on it.
          for (let round = 0; round < 4; round++) {
            const { done, client } = await exchange.run({ stream });
            if (stream) expect([client.said, client.endedWell]).toEqual(['sound', true]);
            else if (done.end.kind === 'answered') expect(done.end.reply.bytes.toString()).toContain('sound');
            else throw new Error(`ended as ${done.end.kind}`);
            expect(exchange.inFlight).toBe(0);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** The longest run of attempts in one pool within one pass. */
function mostInOnePool(attempts: readonly { poolIndex: number; cause: string; startedAtMs: number }[]): number {
  let most = 0;
  let run = 0;
  let pool = -1;
  // A hedge may end before the attempt beside which it ran.
  for (const { poolIndex, cause } of attempts.toSorted((one, other) => one.startedAtMs - other.startedAtMs)) {
    // A resumed stream's passes cannot be told apart by their causes.
    if (cause === 'resume') return most;
    run = poolIndex === pool && (cause === 'sibling' || cause === 'hedge') ? run + 1 : 1;
    pool = poolIndex;
    most = Math.max(most, run);
  }
  return most;
}
