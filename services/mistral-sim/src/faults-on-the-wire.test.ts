/** Each fault as a client sees it: on a real socket, byte by byte, with the way the connection ended. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { VirtualClock } from '@leeward/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answerFor, ERROR_KINDS, type FaultRuleInput, type Simulator, startSimulator } from './index.ts';

let simulator: Simulator;
let clock: VirtualClock;
beforeEach(async () => {
  clock = new VirtualClock();
  simulator = await startSimulator({ clock, chunkTokens: { least: 1, most: 1 }, padding: false });
});
afterEach(() => simulator.close());

interface Seen {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
  /** `clean`: the message ended as HTTP says. `reset`: the connection broke. */
  end: 'clean' | 'reset' | undefined;
}

/** Sockets are real, so their events come when they come: soon, and long before this gives up. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

const messages = [{ role: 'user', content: 'Hello there' }];
const expected = answerFor({ messages }).text;

/** Starts a request; `seen` grows as bytes come. */
function ask(fields: object = {}, options: { openai?: boolean; key?: string } = {}) {
  const openai = options.openai === true;
  const key = options.key ?? (openai ? 'sim-openai-key' : 'sim-key-a');
  const seen: Seen = { status: undefined, headers: {}, body: '', end: undefined };
  const url = `${openai ? simulator.openaiUrl : simulator.mistralUrl}/v1/chat/completions`;
  const sent = request(url, { method: 'POST', agent: false, headers: { authorization: `Bearer ${key}` } });
  const ended = new Promise<Seen>((resolve) => {
    const end = (how: 'clean' | 'reset') => {
      seen.end ??= how;
      resolve(seen);
    };
    sent.on('error', () => end('reset'));
    sent.on('response', (response) => {
      seen.status = response.statusCode;
      seen.headers = response.headers;
      response.setEncoding('utf8').on('data', (text: string) => {
        seen.body += text;
      });
      response.on('end', () => end('clean'));
      response.on('error', () => end('reset'));
    });
  });
  sent.end(JSON.stringify({ model: openai ? 'gpt-4.1' : 'mistral-large-latest', messages, ...fields }));
  return { seen, ended, leave: () => sent.destroy() };
}

const script = (effect: FaultRuleInput['effect'], when: FaultRuleInput['when'] = {}) =>
  simulator.faults.set([{ effect, when }]);

const contents = (body: string) =>
  [...body.matchAll(/"delta":\{(?:"role":"assistant",)?"content":"([^"]*)"/g)].map((match) => match[1]);

describe('instead of an answer', () => {
  const pages = ERROR_KINDS.filter((error) => error.endsWith('html'));
  const coded = ERROR_KINDS.filter((error) => /^(?!401)\d+\/\d+$/.test(error));

  it.each(ERROR_KINDS)('%s comes with its status, on both personalities, and without retry-after', async (error) => {
    script({ kind: 'error', error });
    const mistral = await ask().ended;
    expect(mistral.status).toBe(Number(error.slice(0, 3)));
    expect(mistral.headers['retry-after']).toBeUndefined();
    // A model that is not there is a 404 at OpenAI.
    expect((await ask({}, { openai: true }).ended).status).toBe(error === '400/1500' ? 404 : mistral.status);
    expect(simulator.state().total.faults).toEqual({ error: 2 });
  });

  it.each(coded)('%s says its code in the flat body, and OpenAI’s nested one has a message', async (error) => {
    script({ kind: 'error', error });
    const code = error.slice(4);
    const { body, status } = await ask().ended;
    expect(JSON.parse(body)).toMatchObject({ object: 'error', code, raw_status_code: status });
    const { body: nested } = await ask({}, { openai: true }).ended;
    expect(JSON.parse(nested)).toMatchObject({ error: { message: expect.any(String) as unknown } });
  });

  it.each(pages)('%s is a page, not JSON', async (error) => {
    script({ kind: 'error', error });
    const { body, headers } = await ask().ended;
    expect(headers['content-type']).toBe('text/html; charset=UTF-8');
    expect(body).toMatch(/^<!DOCTYPE html>/);
  });

  it('an error carries retry-after when it is scripted to', async () => {
    script({ kind: 'error', error: '429/1300', retryAfterSeconds: 7 });
    expect((await ask().ended).headers['retry-after']).toBe('7');
  });

  it('a silent one accepts, never answers, and counts the client’s leaving', async () => {
    script({ kind: 'silence' });
    const { seen, leave } = ask();
    await eventually(() => expect(simulator.state().total).toMatchObject({ inFlight: 1, faults: { silence: 1 } }));
    expect(seen.status).toBeUndefined();
    leave();
    await eventually(() =>
      expect(simulator.state().total).toMatchObject({ inFlight: 0, abortedByClient: 1, completed: 0 }),
    );
  });

  it('a refusal and a reset before the first byte are resets', async () => {
    script({ kind: 'refuse' });
    expect(await ask().ended).toMatchObject({ status: undefined, end: 'reset' });
    simulator.faults.set([
      { effect: { kind: 'latency', firstTokenMs: 50 } },
      { effect: { kind: 'reset-before-first-byte' } },
    ]);
    const { seen, ended } = ask({ stream: true });
    await eventually(() => expect(clock.pending).toBe(1));
    expect(seen.end).toBeUndefined();
    await clock.advance(50);
    expect(await ended).toMatchObject({ status: undefined, end: 'reset' });
    expect(simulator.state().total).toMatchObject({
      abortedByClient: 0,
      faults: { refuse: 1, 'reset-before-first-byte': 1 },
    });
  });

  it('an empty 200 has the right type and nothing in it', async () => {
    script({ kind: 'empty' });
    expect(await ask().ended).toMatchObject({ status: 200, body: '', end: 'clean' });
    const streamed = await ask({ stream: true }).ended;
    expect(streamed).toMatchObject({ status: 200, body: '', end: 'clean' });
    expect(streamed.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  });

  it('a revoked key and an exhausted quota strike one key or one workspace', async () => {
    script({ kind: 'revoked' }, { key: 'sim-key-a' });
    expect(await ask().ended).toMatchObject({ status: 401, body: '{"detail":"Invalid API Key"}' });
    expect((await ask({}, { key: 'sim-key-a2' }).ended).status).toBe(200);
    script({ kind: 'quota-exhausted' }, { workspace: 'workspace-1' });
    const exhausted = await ask({}, { key: 'sim-key-a2' }).ended;
    expect(exhausted.status).toBe(429);
    expect(exhausted.headers['x-ratelimit-remaining-req-minute']).toBe('0');
    expect(exhausted.headers['x-ratelimit-limit-tokens-minute']).toBeUndefined();
    expect((await ask({}, { key: 'sim-key-b' }).ended).status).toBe(200);
    script({ kind: 'quota-exhausted', form: '401' });
    expect((await ask().ended).body).toBe('{"detail":"Unauthorized"}');
  });

  it('a server can fail on one personality alone', async () => {
    script({ kind: 'error', error: '503/3800' }, { personality: 'openai' });
    expect((await ask().ended).status).toBe(200);
    expect((await ask({}, { openai: true }).ended).status).toBe(503);
  });
});

describe('inside a stream', () => {
  const begun = ['', expected.slice(0, 4), expected.slice(4, 8)];

  it('a reset comes after the chunks that were scripted, and they arrive', async () => {
    script({ kind: 'reset-mid-stream', afterChunks: 2 });
    const { body, end, status } = await ask({ stream: true }).ended;
    expect([status, end, contents(body)]).toEqual([200, 'reset', begun]);
    expect(simulator.state().total).toMatchObject({ completed: 0, abortedByClient: 0, inFlight: 0 });
  });

  it('an early close looks like a good end, without finish and [DONE]', async () => {
    script({ kind: 'close-early', afterChunks: 2 });
    const { body, end } = await ask({ stream: true }).ended;
    expect([end, contents(body)]).toEqual(['clean', begun]);
    expect(body).not.toMatch(/DONE|"stop"|usage/);
  });

  it('a stall holds the rest back, for good or for a time', async () => {
    script({ kind: 'stall', afterChunks: 2 });
    const stalled = ask({ stream: true });
    await eventually(() => expect(contents(stalled.seen.body)).toEqual(begun));
    expect(stalled.seen.end).toBeUndefined();
    stalled.leave();
    await eventually(() => expect(simulator.state().total.abortedByClient).toBe(1));
    script({ kind: 'stall', afterChunks: 2, forMs: 1000 });
    const paused = ask({ stream: true });
    await eventually(() => expect(contents(paused.seen.body)).toEqual(begun));
    await clock.advance(1000);
    const { body, end } = await paused.ended;
    expect([end, contents(body).join('')]).toEqual(['clean', expected]);
  });

  it.each(['nested', 'flat', 'finish'] as const)('an error frame in the %s form ends it', async (form) => {
    script({ kind: 'error-frame', afterChunks: 2, form });
    const { body, end } = await ask({ stream: true }).ended;
    expect([end, contents(body).slice(0, 3)]).toEqual(['clean', begun]);
    const last = body.trimEnd().split('\n\n').at(-1) ?? '';
    expect(last).toContain({ nested: '{"error":{', flat: '"object":"error"', finish: '"finish_reason":"error"' }[form]);
    expect(body).not.toContain('DONE');
  });

  it('an error can follow a first chunk without content', async () => {
    script({ kind: 'contentless-then-error' });
    for (const openai of [false, true]) {
      const { body, end } = await ask({ stream: true }, { openai }).ended;
      const events = body.trimEnd().split('\n\n');
      expect([end, events.length]).toEqual(['clean', 2]);
      expect(events[0]).toContain('"role":"assistant"');
      expect(events[1]).toMatch(/^data: \{"error":/);
    }
  });

  it('a break that comes too late for the answer still leaves it unfinished', async () => {
    script({ kind: 'close-early', afterChunks: 10_000 });
    const { body } = await ask({ stream: true, max_tokens: 3 }).ended;
    expect(contents(body)).toEqual(begun);
    expect(body).not.toContain('DONE');
  });

  it('strikes a tool call before it is said', async () => {
    script({ kind: 'close-early', afterChunks: 1 });
    const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
    const { body } = await ask({ stream: true, tools, tool_choice: 'any' }).ended;
    expect(body.trimEnd().split('\n\n')).toHaveLength(1);
  });
});

describe('inside a whole answer', () => {
  it('a reset comes half way through the body', async () => {
    script({ kind: 'reset-mid-stream' });
    const { body, end, headers } = await ask().ended;
    expect(end).toBe('reset');
    expect(Math.ceil(Number(headers['content-length']) / 2)).toBe(Buffer.byteLength(body));
  });

  it('an early close is a body cut in half that ends cleanly', async () => {
    script({ kind: 'close-early' });
    const { body, end } = await ask().ended;
    expect(end).toBe('clean');
    expect(body.startsWith('{"id":')).toBe(true);
    expect(() => void JSON.parse(body)).toThrow(SyntaxError);
  });

  it('an error can stand in a 200', async () => {
    script({ kind: 'error-frame' });
    const { body, status } = await ask().ended;
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ error: { code: '3800' } });
  });

  it('a stall sends half and waits', async () => {
    script({ kind: 'stall', forMs: 500 });
    const { seen, ended } = ask();
    await eventually(() => expect(seen.body).not.toBe(''));
    expect(() => void JSON.parse(seen.body)).toThrow(SyntaxError);
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.advance(500);
    expect(JSON.parse((await ended).body)).toMatchObject({ object: 'chat.completion' });
  });
});

it('forgets a waiting answer when its client leaves', async () => {
  simulator.faults.set([{ effect: { kind: 'latency', firstTokenMs: 60_000 } }]);
  const { leave } = ask({ stream: true });
  await eventually(() => expect(clock.pending).toBe(1));
  leave();
  await eventually(() => expect(simulator.state().total).toMatchObject({ inFlight: 0, abortedByClient: 1 }));
  expect(clock.pending).toBe(0);
});
