import {
  CAPACITY_BODY,
  chunk,
  DONE,
  refuses,
  ROLE_CHUNK,
  type Script,
  ScriptedExchange,
  type Step,
  STREAM_HEAD,
  streams,
} from '@leeward/testkit';
import { describe, expect, it } from 'vitest';

const ERROR_FRAME: Step = {
  do: 'data',
  bytes: 'data: {"object":"error","message":"Internal error.","code":"1000"}\n\n',
};

/** The first call gets the first script, the second the second; the last one serves the rest. */
function inTurn(scripts: readonly Script[], more: object = {}): ScriptedExchange {
  return new ScriptedExchange({
    providers: {
      mistral: {
        keys: ['a', 'b', 'c'],
        script: (_call, number) => scripts[Math.min(number, scripts.length - 1)] ?? [],
      },
    },
    pools: [['mistral/large']],
    recovery: 'error',
    ...more,
  });
}

const HELLO = streams(['Hel', 'lo']);

describe('a stream', () => {
  it('reaches the client byte for byte', async () => {
    const exchange = inTurn([HELLO]);
    const { client, done } = await exchange.run({ stream: true });
    const sent = HELLO.flatMap((step) => (step.do === 'data' ? [step.bytes.toString()] : [])).join('');
    expect(client.text).toBe(sent);
    expect(done.end).toMatchObject({ kind: 'streamed', served: { attempts: 1 } });
    expect(done.usage).toMatchObject({ promptTokens: 11, completionTokens: 2 });
    expect([exchange.inFlight, exchange.clock.pending]).toEqual([0, 0]);
  });

  it.each([1, 2, 3, 7, 64])('does so in pieces of %i bytes', async (size) => {
    const bytes = Buffer.concat(
      streams(['Grüße 🌬️ ', 'an Lee']).flatMap((step) => (step.do === 'data' ? [Buffer.from(step.bytes)] : [])),
    );
    const pieces: Step[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push({ do: 'data', bytes: bytes.subarray(at, at + size) });
    const { client } = await inTurn([[...STREAM_HEAD, ...pieces, { do: 'end' }]]).run({ stream: true });
    expect([client.said, client.endedWell]).toEqual(['Grüße 🌬️ an Lee', true]);
    expect(client.text).toBe(bytes.toString());
  });

  const invisible: [string, Script][] = [
    ['refused', [{ do: 'refuse' }]],
    ['full', refuses(429, CAPACITY_BODY).slice(0, 3)],
    ['an error after the head', [...STREAM_HEAD, ERROR_FRAME, { do: 'end' }]],
    ['an error after the first, contentless chunk', [...STREAM_HEAD, ROLE_CHUNK, ERROR_FRAME, { do: 'end' }]],
    ['a finish reason of error', [...STREAM_HEAD, ROLE_CHUNK, chunk('', { finish: 'error' })]],
    ['a clean end without a chunk', [...STREAM_HEAD, { do: 'end' }]],
    ['a clean end after the role', [...STREAM_HEAD, ROLE_CHUNK, { do: 'end' }]],
    ['a [DONE] without anything', [...STREAM_HEAD, DONE, { do: 'end' }]],
    ['a reset after the role', [...STREAM_HEAD, ROLE_CHUNK, { do: 'reset' }]],
    ['an answer that is no stream', refuses(200, '{"choices":[]}')],
    ['an event that is not JSON', [...STREAM_HEAD, { do: 'data', bytes: 'data: {"half\n\n' }]],
    ['an event that is null', [...STREAM_HEAD, { do: 'data', bytes: 'data: null\n\n' }]],
    ['an event beyond all bounds', [...STREAM_HEAD, { do: 'data', bytes: `data: ${'x'.repeat(1_100_000)}` }]],
    ['contentless chunks without end', [...STREAM_HEAD, ...Array.from({ length: 100 }, () => ROLE_CHUNK)]],
  ];
  it.each(invisible.filter(([name]) => name !== 'full'))('falls over invisibly: %s', async (_what, script) => {
    const exchange = inTurn([script, HELLO]);
    const { client, done } = await exchange.run({ stream: true });
    expect(done.attempts[0]?.outcome.kind).toBe('fault');
    expect(done.end).toMatchObject({ kind: 'streamed', served: { attempts: 2 } });
    expect([client.said, client.endedWell, client.finishReasons]).toEqual(['Hello', true, ['stop']]);
    expect(exchange.calls).toHaveLength(2);
    expect(exchange.calls[0]?.open).toBe(false);
    expect([exchange.inFlight, exchange.timersLeft]).toEqual([0, 0]);
  });

  const told: [kind: string, name: string, frame: object][] = [
    ['capacity', 'Mistral’s full data centre', { object: 'error', message: 'Service unavailable.', code: '3800' }],
    ['capacity', 'an overload, as Anthropic says it', { error: { type: 'overloaded_error', message: 'Overloaded' } }],
    ['quota', 'Mistral’s spent limit', { object: 'error', message: 'Rate limit exceeded', code: '1300' }],
    ['quota', 'OpenRouter’s spent limit', { error: { code: 429, message: 'Provider returned error' }, choices: [] }],
    ['fault', 'OpenRouter’s failed provider', { error: { code: 502, message: 'Idle timeout' }, choices: [] }],
    ['fault', 'a key’s refusal, by one that had just taken it', { error: { code: 401, message: 'Unauthorized' } }],
  ];
  it.each(told)('takes for %s inside a 200 what it would be outside: %s', async (kind, _name, frame) => {
    const script: Script = [...STREAM_HEAD, { do: 'data', bytes: `data: ${JSON.stringify(frame)}\n\n` }];
    const exchange = inTurn([script, HELLO]);
    const { client, done } = await exchange.run({ stream: true });
    expect(done.attempts[0]?.outcome.kind).toBe(kind);
    expect([client.said, client.endedWell]).toEqual(['Hello', true]);
  });

  it('has the headers of the attempt that gave it', async () => {
    const failed: Script = [
      { do: 'connect' },
      { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream', 'x-of-a': '1' } },
      ROLE_CHUNK,
      { do: 'reset' },
    ];
    const { client } = await inTurn([failed, HELLO]).run({ stream: true });
    expect(client.served?.headers).toEqual({ 'content-type': 'text/event-stream; charset=utf-8' });
    expect(client.served?.attempts).toBe(2);
  });

  const broken: [string, Script][] = [
    ['a reset', [{ do: 'reset' }]],
    ['a clean early close', [{ do: 'end' }]],
    ['an error frame', [ERROR_FRAME]],
    ['a [DONE] without a finish reason', [DONE, { do: 'end' }]],
    ['garbage', [{ do: 'data', bytes: 'data: {{{\n\n' }]],
    ['an event beyond all bounds', [{ do: 'data', bytes: `data: ${'x'.repeat(1_100_000)}` }]],
    ['silence', []],
  ];
  it.each(broken)(
    'that breaks after its first content by %s ends with the error frame, never a [DONE]',
    async (_what, script) => {
      const exchange = inTurn([[...STREAM_HEAD, ROLE_CHUNK, chunk('Hel'), ...script]]);
      const { client, done } = await exchange.run({ stream: true });
      expect(done.end.kind).toBe('broken');
      expect(client.errorCode).toBe('GW_STREAM_BROKEN');
      expect(client.finishReasons).toEqual(['error']);
      expect(client.text).not.toContain('[DONE]');
      expect(client.chunks.at(-1)).toMatchObject({
        id: 'cmpl-1',
        created: 1_757_759_492,
        model: 'mistral-large-latest',
      });
      expect(exchange.calls).toHaveLength(1);
      expect([exchange.calls[0]?.open, exchange.inFlight, exchange.timersLeft]).toEqual([false, 0, 0]);
    },
  );

  it('with a finish reason but no [DONE] is whole, and the client gets its [DONE]', async () => {
    for (const last of ['end', 'reset'] as const) {
      const { client, done } = await inTurn([
        [...STREAM_HEAD, ROLE_CHUNK, chunk('Hi', { finish: 'stop' }), { do: last }],
      ]).run({ stream: true });
      expect([done.end.kind, client.endedWell, done.attempts[0]?.outcome.kind]).toEqual(['streamed', true, 'ok']);
    }
  });

  it('of several choices is whole when each of them has finished', async () => {
    const choice = (index: number, finish: string | null): Step => ({
      do: 'data',
      bytes: `data: ${JSON.stringify({ id: 'x', created: 1, model: 'm', choices: [{ index, delta: { content: 'a' }, finish_reason: finish }] })}\n\n`,
    });
    const both = [...STREAM_HEAD, choice(0, null), choice(1, null), choice(0, 'stop')];
    const whole = await inTurn([[...both, choice(1, 'length'), DONE, { do: 'end' }]]).run({
      stream: true,
      body: { n: 2 },
    });
    expect([whole.done.end.kind, whole.client.endedWell]).toEqual(['streamed', true]);
    const half = await inTurn([[...both, choice(0, 'stop'), DONE, { do: 'end' }]]).run({
      stream: true,
      body: { n: 2 },
    });
    expect([half.done.end.kind, half.client.errorCode]).toEqual(['broken', 'GW_STREAM_BROKEN']);
  });

  it('does not wait for a socket that stays open after [DONE]', async () => {
    const exchange = inTurn([HELLO.slice(0, -1)]);
    const { done } = await exchange.run({ stream: true });
    expect(done.end.kind).toBe('streamed');
    expect([exchange.inFlight, exchange.calls[0]?.open]).toEqual([0, true]);
    await exchange.clock.advance(1000);
    expect([exchange.calls[0]?.open, exchange.clock.pending]).toEqual([false, 0]);
  });

  it('of an OpenAI provider reaches a Mistral client as Mistral’s, with the usage on the last choice', async () => {
    const tail: Step = {
      do: 'data',
      bytes:
        'data: {"id":"cmpl-1","created":1,"model":"gpt","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}\n\n',
    };
    const exchange = new ScriptedExchange({
      providers: {
        backup: {
          dialect: 'openai',
          keys: ['z'],
          script: () => [
            ...STREAM_HEAD,
            ROLE_CHUNK,
            chunk('Hi'),
            chunk('', { finish: 'stop' }),
            tail,
            DONE,
            { do: 'end' },
          ],
        },
      },
      pools: [['backup/gpt']],
    });
    const { client, done } = await exchange.run({ stream: true });
    expect(client.chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }], usage: { total_tokens: 7 } });
    expect(client.endedWell).toBe(true);
    expect(done.usage?.totalTokens).toBe(7);
  });
});

describe('a client that leaves a stream', () => {
  const phases: [string, Script, number][] = [
    ['before the head', [{ do: 'connect' }], 5],
    ['after the head', STREAM_HEAD, 5],
    ['after the role', [...STREAM_HEAD, ROLE_CHUNK], 5],
    ['after the first content', [...STREAM_HEAD, ROLE_CHUNK, chunk('Hi')], 5],
    [
      'between two chunks',
      [...STREAM_HEAD, chunk('Hi'), { do: 'wait', ms: 4 }, chunk('there'), { do: 'wait', ms: 4 }, chunk('!')],
      5,
    ],
  ];
  it.each(phases)('%s cancels the upstream call at once, and nothing more is asked', async (_phase, script, atMs) => {
    const exchange = inTurn([script], { recovery: 'resume' });
    const { client, ended } = exchange.start({ stream: true });
    await exchange.clock.advance(atMs);
    client.leave();
    await exchange.clock.advance(0);
    expect(ended.report?.end.kind).toBe('cancelled');
    expect(exchange.calls[0]?.abortedAtMs).toBe(atMs);
    expect(client.ended).toBe(false);
    await exchange.clock.advance(400_000);
    expect([exchange.calls.length, exchange.inFlight, exchange.clock.pending]).toEqual([1, 0, 0]);
  });
});

describe('a slow client', () => {
  const LONG = streams(
    Array.from({ length: 20 }, (_, index) => `${index} `),
    { gapMs: 10 },
  );

  it('holds the upstream back and lets it go on when it has caught up', async () => {
    const exchange = inTurn([LONG]);
    const { client, ended } = exchange.start({ stream: true });
    client.slow = true;
    await exchange.clock.advance(1000);
    expect(client.said).toBe('0 ');
    expect(exchange.calls[0]).toMatchObject({ paused: true, pauses: 1 });
    client.drain();
    await exchange.clock.advance(1000);
    expect([client.endedWell, ended.report?.end.kind, exchange.calls[0]?.paused]).toEqual([true, 'streamed', false]);
    expect([exchange.inFlight, exchange.clock.pending]).toEqual([0, 0]);
  });

  it('is not taken for a silent upstream', async () => {
    const exchange = inTurn([LONG], { timeouts: { idleMs: 500 } });
    const { client, ended } = exchange.start({ stream: true });
    client.slow = true;
    await exchange.clock.advance(30_000);
    expect(ended.report).toBeUndefined();
    client.drain();
    await exchange.clock.advance(5000);
    expect([client.endedWell, ended.count]).toEqual([true, 1]);
  });

  it('that takes nothing for a minute is given up, and the target is not blamed', async () => {
    const exchange = inTurn([LONG]);
    const { client, ended } = exchange.start({ stream: true });
    client.slow = true;
    await exchange.clock.advance(61_000);
    expect(ended.report?.end.kind).toBe('cancelled');
    expect(exchange.calls[0]?.aborted).toBe(true);
    client.drain();
    expect([exchange.inFlight, exchange.clock.pending]).toEqual([0, 0]);
  });
});

describe('a target that has recovered', () => {
  it('takes other requests while the stream that proved it still runs', async () => {
    let ill = true;
    const long = streams(
      Array.from({ length: 100 }, () => 'x'),
      { gapMs: 1000 },
    );
    const exchange = new ScriptedExchange({
      providers: { mistral: { keys: ['a'], script: () => (ill ? [{ do: 'refuse' }] : long) } },
      pools: [['mistral/large']],
      retries: { maxAttempts: 5 },
    });
    await exchange.run({ stream: true });
    expect(exchange.scripted.trips).toHaveLength(1);
    ill = false;
    await exchange.clock.advance(5000);
    const first = exchange.start({ stream: true });
    await exchange.clock.advance(2000);
    const second = exchange.start({ stream: true });
    await exchange.clock.advance(200_000);
    expect([first.client.endedWell, second.client.endedWell]).toEqual([true, true]);
  });
});

describe('keep-alive comments', () => {
  it('are sent every fifteen seconds of silence once the stream has begun, and none before', async () => {
    const exchange = inTurn(
      [
        [
          ...STREAM_HEAD,
          { do: 'wait', ms: 50_000 },
          chunk('Hi'),
          { do: 'wait', ms: 50_000 },
          chunk('!', { finish: 'stop' }),
          DONE,
          { do: 'end' },
        ],
      ],
      { timeouts: { firstTokenMs: 60_000, idleMs: 60_000 } },
    );
    const { client } = exchange.start({ stream: true });
    await exchange.clock.advance(50_000);
    expect(client.comments).toBe(0);
    await exchange.clock.advance(49_999);
    expect(client.comments).toBe(3);
    await exchange.clock.advance(2000);
    expect([client.said, client.endedWell]).toEqual(['Hi!', true]);
  });

  it('go on while a broken stream is being continued', async () => {
    const exchange = inTurn([[...STREAM_HEAD, chunk('Hi'), { do: 'reset' }], STREAM_HEAD, STREAM_HEAD], {
      recovery: 'resume',
      timeouts: { firstTokenMs: 40_000 },
    });
    const { client } = exchange.start({ stream: true });
    await exchange.clock.advance(79_000);
    expect(exchange.calls).toHaveLength(3);
    expect(client.comments).toBe(5);
  });
});
