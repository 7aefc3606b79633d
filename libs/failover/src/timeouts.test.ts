import { chunk, ROLE_CHUNK, type Script, ScriptedExchange, SILENT, STREAM_HEAD } from '@leeward/testkit';
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
