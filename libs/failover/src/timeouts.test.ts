import { chunk, DONE, ROLE_CHUNK, type Script, ScriptedExchange, SILENT, STREAM_HEAD } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';

const timeouts = { connectMs: 100, firstTokenMs: 1000, answerMs: 3000, idleMs: 500 };
const WHOLE_HEAD: Script = [
  { do: 'connect' },
  { do: 'head', status: 200, headers: { 'content-type': 'application/json' } },
  { do: 'data', bytes: '{"id":' },
];

/** One target, one attempt. */
async function timedOut(script: Script, ask: { stream?: boolean; deadlineMs?: number }) {
  const exchange = new ScriptedExchange({
    providers: { mistral: { keys: ['a'], script: () => script } },
    pools: [['mistral/large']],
    timeouts,
    retries: { maxAttempts: 1 },
    recovery: 'error',
  });
  const asked = exchange.start(ask);
  let endedAtMs: number | undefined;
  void asked.report.then(() => {
    endedAtMs = exchange.clock.nowMs();
  });
  await exchange.clock.advance(400_000);
  const outcome = asked.ended.report?.attempts[0]?.outcome;
  expect([exchange.calls[0]?.abortedAtMs, exchange.inFlight, exchange.timersLeft]).toEqual([endedAtMs, 0, 0]);
  return { endedAtMs, reason: outcome?.kind === 'fault' ? outcome.reason : outcome?.kind, ...asked };
}

describe('each limit', () => {
  const cases: [string, Script, { stream?: boolean; deadlineMs?: number }, string, number][] = [
    ['connect, whole answer', [], {}, 'connect-timeout', 100],
    ['connect, stream', [], { stream: true }, 'connect-timeout', 100],
    ['answer, before the head', SILENT, {}, 'answer-timeout', 3000],
    ['idle, in a whole answer', WHOLE_HEAD, {}, 'idle-timeout', 500],
    ['first token, before the head', SILENT, { stream: true }, 'first-token-timeout', 1000],
    ['first token, after the head', STREAM_HEAD, { stream: true }, 'first-token-timeout', 1000],
    [
      'first token, after a contentless chunk',
      [...STREAM_HEAD, ROLE_CHUNK],
      { stream: true },
      'first-token-timeout',
      1000,
    ],
    [
      'first token, whatever comments come',
      [
        ...STREAM_HEAD,
        ...Array.from(
          { length: 30 },
          () =>
            [
              { do: 'wait', ms: 100 },
              { do: 'data', bytes: ': PROCESSING\n\n' },
            ] as const,
        ).flat(),
      ],
      { stream: true },
      'first-token-timeout',
      1000,
    ],
    ['idle, in a stream', [...STREAM_HEAD, chunk('Hi')], { stream: true }, 'idle-timeout', 500],
    ['deadline, while connecting', [], { deadlineMs: 50 }, 'deadline', 50],
    ['deadline, while waiting', SILENT, { deadlineMs: 2000 }, 'deadline', 2000],
    ['deadline, in a whole answer', WHOLE_HEAD, { deadlineMs: 200 }, 'deadline', 200],
    ['deadline, in a stream', [...STREAM_HEAD, chunk('Hi')], { stream: true, deadlineMs: 200 }, 'deadline', 200],
  ];
  it.each(cases)('%s', async (_name, script, ask, reason, atMs) => {
    const end = await timedOut(script, ask);
    expect([end.reason, end.endedAtMs]).toEqual([reason, atMs]);
  });

  it('idle counts from the last piece, not from the first', async () => {
    const pieces = Array.from({ length: 20 }, () => [{ do: 'wait', ms: 400 }, chunk('x')] as const).flat();
    const end = await timedOut([...STREAM_HEAD, ...pieces], { stream: true });
    expect([end.reason, end.endedAtMs]).toEqual(['idle-timeout', 20 * 400 + 500]);
  });

  it('the exchange’s deadline says 504 before the first byte and the error frame after it', async () => {
    expect((await timedOut(SILENT, { deadlineMs: 500 })).ended.report?.end).toMatchObject({
      kind: 'refused',
      error: { code: 'GW_DEADLINE', status: 504 },
    });
    const streamed = await timedOut([...STREAM_HEAD, chunk('Hi')], { stream: true, deadlineMs: 300 });
    expect(streamed.ended.report?.end.kind).toBe('broken');
    expect(streamed.client.errorCode).toBe('GW_STREAM_BROKEN');
  });

  it('a refusal whose body stalls is still the refusal that its head said', async () => {
    const end = await timedOut([{ do: 'connect' }, { do: 'head', status: 429, headers: {} }], {});
    expect(end.reason).toBe('quota');
  });

  it('a refusal whose body breaks off is still that refusal', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        mistral: {
          keys: ['a'],
          script: () => [{ do: 'connect' }, { do: 'head', status: 401, headers: {} }, { do: 'reset' }],
        },
      },
      pools: [['mistral/large']],
    });
    expect((await exchange.run()).done.attempts.map(({ outcome }) => outcome.kind)).toEqual(['credentials']);
  });

  it('lets the fallback run when an upstream accepts and never answers', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        mistral: { keys: ['a', 'b'], script: () => SILENT },
        backup: {
          dialect: 'openai',
          keys: ['z'],
          script: () => [...STREAM_HEAD, chunk('Hi', { finish: 'stop' })].concat({ do: 'end' }),
        },
      },
      pools: [['mistral/large'], ['backup/gpt']],
      timeouts,
    });
    const { done, client } = await exchange.run({ stream: true });
    expect(done.end.kind).toBe('streamed');
    expect([client.said, client.endedWell]).toEqual(['Hi', true]);
    expect(done.firstTokenAtMs).toBe(2000);
  });
});

describe('near the deadline, a silent target', () => {
  const fine: Script = [...STREAM_HEAD, chunk('Hi'), chunk('', { finish: 'stop' }), DONE, { do: 'end' }];

  /** The first call is silent before its first content; the others answer. */
  async function firstTokenLate(more: object, deadlineMs: number) {
    const exchange = new ScriptedExchange({
      providers: { mistral: { keys: ['a', 'b'], script: (_call, number) => (number === 0 ? SILENT : fine) } },
      pools: [['mistral/large']],
      timeouts: { firstTokenMs: 20_000 },
      ...more,
    });
    const { done } = await exchange.run({ stream: true, deadlineMs });
    expect([exchange.inFlight, exchange.timersLeft]).toEqual([0, 0]);
    return { kind: done.end.kind, endedAtMs: done.attempts[0]?.endedAtMs, outcome: done.attempts[0]?.outcome };
  }

  it.each([
    ['leaves a third of what is left', 12_000, 8000],
    ['is given two seconds all the same', 2700, 2000],
    ['gets the route’s limit when there is time enough', 60_000, 20_000],
  ])('that has a sibling %s', async (_what, deadlineMs, endedAtMs) => {
    expect(await firstTokenLate({}, deadlineMs)).toMatchObject({
      kind: 'streamed',
      endedAtMs,
      outcome: { kind: 'fault', reason: 'first-token-timeout' },
    });
  });

  it('leaves time for the next pool too', async () => {
    const providers = {
      mistral: { keys: ['a'], script: () => SILENT },
      backup: { dialect: 'openai' as const, keys: ['z'], script: () => fine },
    };
    const pools = [['mistral/large'], ['backup/gpt']];
    expect(await firstTokenLate({ providers, pools }, 6000)).toMatchObject({ kind: 'streamed', endedAtMs: 4000 });
    const retries = { attemptsPerPool: 1 };
    expect(await firstTokenLate({ providers, pools, retries }, 6000)).toMatchObject({ endedAtMs: 4000 });
  });

  it.each([
    ['there is no other target', { providers: { mistral: { keys: ['a'], script: () => SILENT } } }],
    ['it was the pool’s last attempt, and there is no other pool', { retries: { attemptsPerPool: 1 } }],
    ['it was the last attempt', { retries: { maxAttempts: 1 } }],
  ])('may use all of it when %s', async (_when, more) => {
    expect(await firstTokenLate(more, 9000)).toMatchObject({ endedAtMs: 9000 });
  });

  it('may use all of it when the other target is unavailable', async () => {
    const exchange = new ScriptedExchange({
      providers: { mistral: { keys: ['a', 'b'], script: () => SILENT } },
      pools: [['mistral/large']],
    });
    exchange.pools[0]?.[0]?.target.drain();
    const { done } = await exchange.run({ stream: true, deadlineMs: 9000 });
    expect(done.attempts.map(({ endedAtMs }) => endedAtMs)).toEqual([9000]);
  });

  /** A stream that falls silent after its second piece, three seconds after the first one. */
  async function silentStream(more: object, deadlineMs: number, gapMs = 3000) {
    const begins: Script = [...STREAM_HEAD, chunk('H'), { do: 'wait', ms: gapMs }, chunk('i')];
    const exchange = new ScriptedExchange({
      providers: { mistral: { keys: ['a', 'b'], script: (_call, number) => (number === 0 ? begins : fine) } },
      pools: [['mistral/large']],
      timeouts: { idleMs: 30_000 },
      ...more,
    });
    const { done, client } = await exchange.run({ stream: true, deadlineMs });
    expect([exchange.inFlight, exchange.timersLeft]).toEqual([0, 0]);
    return { said: client.said, kind: done.end.kind, endedAtMs: done.attempts[0]?.endedAtMs };
  }

  it.each([
    ['half of what is left', 13_000, 8000],
    ['as much of a shorter rest', 10_000, 6500],
    ['the route’s idle limit when there is time enough', 90_000, 33_000],
  ])('of a stream that can be continued may be silent for %s', async (_what, deadlineMs, endedAtMs) => {
    expect(await silentStream({}, deadlineMs)).toEqual({ said: 'Hi', kind: 'streamed', endedAtMs });
  });

  it('of a stream that can be continued may be silent for a second, however near the deadline', async () => {
    expect(await silentStream({}, 2600, 1000)).toEqual({ said: 'Hi', kind: 'streamed', endedAtMs: 2000 });
  });

  it.each([
    ['errors are wanted rather than resuming', { recovery: 'error' as const }],
    ['no attempt is left', { retries: { maxAttempts: 1 } }],
  ])('of a stream may use all of it when %s', async (_when, more) => {
    expect(await silentStream(more, 13_000)).toEqual({ said: 'Hi', kind: 'broken', endedAtMs: 13_000 });
  });
});
