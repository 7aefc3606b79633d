/**
 * Two attempts at once, whatever either of them does and however their pieces interleave: the client reads one answer,
 * once, and nothing of the other attempt, which leaves nothing behind.
 */
import {
  chunk,
  DONE,
  type Script,
  type ScriptedCall,
  ScriptedExchange,
  type Step,
  STREAM_HEAD,
} from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taughtHedging } from './fixtures/taught-hedging.ts';

const ANSWER = 'The wind is at our back, and both of us know it.';

const breaks = fc.constantFrom<readonly Step[]>(
  [{ do: 'reset' }],
  [{ do: 'end' }],
  [DONE],
  [{ do: 'data', bytes: 'data: {"error":{"message":"upstream","code":502}}\n\n' }],
  [],
);

/** A stream of the answer: what is waited before each piece, and how it breaks after how many of them, if it does. */
const plays = fc.record({
  connectMs: fc.integer({ min: 0, max: 300 }),
  gapsMs: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 6 }),
  size: fc.integer({ min: 1, max: 30 }),
  breaksAfter: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
  by: breaks,
  /** All of it in one piece of bytes, so that a stream begins and ends in the same moment. */
  atOnce: fc.boolean(),
});

type Play = typeof plays extends fc.Arbitrary<infer Value> ? Value : never;

function script({ connectMs, gapsMs, size, breaksAfter, by, atOnce }: Play, id: string): Script {
  const pieces: Step[] = [];
  for (let at = 0; at < ANSWER.length; at += size) pieces.push(chunk(ANSWER.slice(at, at + size), { id }));
  const ends: Step[] = [chunk('', { id, finish: 'stop', usage: { prompt: 1, completion: 9 } }), DONE, { do: 'end' }];
  const said = breaksAfter === undefined ? [...pieces, ...ends] : [...pieces.slice(0, breaksAfter), ...by];
  const [connect, ...head] = STREAM_HEAD;
  const start: Step[] = [{ do: 'wait', ms: connectMs }, ...(connect === undefined ? [] : [connect]), ...head];
  if (atOnce) {
    const wait: Step = { do: 'wait', ms: gapsMs[0] ?? 0 };
    const bytes = said.flatMap((step) => (step.do === 'data' ? [step.bytes.toString()] : [])).join('');
    return [...start, wait, { do: 'data', bytes }, ...said.filter((step) => step.do !== 'data')];
  }
  return [
    ...start,
    ...said.flatMap((step, index): Step[] => [{ do: 'wait', ms: gapsMs[index % gapsMs.length] ?? 0 }, step]),
  ];
}

const SOUND: Play = { connectMs: 0, gapsMs: [5], size: 7, breaksAfter: undefined, by: [], atOnce: false };

describe('two attempts at once', () => {
  it('give the client one answer, once, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        plays,
        plays,
        fc.integer({ min: 1, max: 400 }),
        fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined, freq: 4 }),
        fc.nat(),
        async (first, second, patienceMs, leavesAtMs, seed) => {
          const turns = [first, second];
          const exchange = taughtHedging(
            new ScriptedExchange({
              providers: {
                mistral: {
                  keys: ['a', 'b', 'c'],
                  script: (_call: ScriptedCall, number) => script(turns[number] ?? SOUND, `call-${number}`),
                },
              },
              pools: [['mistral/large']],
              timeouts: { firstTokenMs: 1500, idleMs: 1000 },
              hedge: {},
              seed,
            }),
            patienceMs,
          );
          const asked = exchange.start({ stream: true, deadlineMs: 20_000 });
          const { client } = asked;
          if (leavesAtMs !== undefined) exchange.clock.after(leavesAtMs, () => client.leave());
          await exchange.clock.advance(20_000);
          const { report } = asked.ended;
          if (report === undefined) throw new Error('not ended by the deadline');
          if (client.left && report.end.kind === 'cancelled') expect(ANSWER.startsWith(client.said)).toBe(true);
          else {
            expect(report.end.kind).toBe('streamed');
            expect([client.said, client.endedWell, client.finishReasons]).toEqual([ANSWER, true, ['stop']]);
            expect(report.attempts.at(-1)?.outcome.kind).toBe('ok');
          }
          expect(new Set(client.chunks.map(({ id }) => id)).size).toBeLessThanOrEqual(1);
          expect(report.attempts).toHaveLength(exchange.calls.length);
          expect(report.attempts.filter(({ cause }) => cause === 'hedge').length).toBeLessThanOrEqual(1);
          // What lost is over as soon as the other one begins to be heard.
          for (const { outcome, endedAtMs } of report.attempts) {
            if (outcome.kind === 'cancelled' && !client.left) expect(endedAtMs).toBe(report.firstTokenAtMs);
          }
          await exchange.clock.advance(2000);
          expect([exchange.inFlight, exchange.timersLeft]).toEqual([0, 0]);
          expect(exchange.calls.filter((call) => call.open)).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });
});
