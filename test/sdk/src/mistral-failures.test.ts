/** Mistral's own SDK when something fails: what it must not notice, and what it is told when it must. */
import { HTTPClient, Mistral } from '@mistralai/mistralai';
import {
  HTTPValidationError,
  MistralError,
  RequestAbortedError,
  RequestTimeoutError,
  SDKError,
} from '@mistralai/mistralai/models/errors';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  EXPECTED_TEXT,
  expectedCalls,
  failureOf,
  namesAndArguments,
  NO_SUCH_MODEL,
  QUESTION,
  TOOL_QUESTION,
  TOOLS,
} from './cases/cases.ts';
import {
  BREAK,
  BREAKS,
  countsOf,
  expectAborted,
  expectInFlight,
  OUTAGES,
  quotaFault,
  SILENCE,
  SILENCES,
  SLOW,
} from './cases/faults.ts';
import { MODEL, SECONDARY_MODEL, startWorld, type World } from './world/world.ts';

let world: World;
let client: Mistral;
let lastHeaders = new Headers();
beforeAll(async () => {
  world = await startWorld();
  const httpClient = new HTTPClient();
  httpClient.addHook('response', ({ headers }) => {
    lastHeaders = headers;
  });
  client = new Mistral({ serverURL: world.url, apiKey: world.clientKey, httpClient });
});
afterEach(() => world.simulator.faults.clear());
afterAll(() => world.stop());

const messages = [{ role: 'user' as const, content: QUESTION }];
const toolMessages = [{ role: 'user' as const, content: TOOL_QUESTION }];
const tools = [...TOOLS];

async function readStream(model: string) {
  let text = '';
  const finishReasons: string[] = [];
  const ids = new Set<string>();
  let usage: object | undefined;
  for await (const { data } of await client.chat.stream({ model, messages })) {
    ids.add(data.id);
    usage = data.usage ?? usage;
    for (const { delta, finishReason } of data.choices) {
      text += typeof delta.content === 'string' ? delta.content : '';
      if (finishReason !== null) finishReasons.push(finishReason);
    }
  }
  return { text, finishReasons, ids: [...ids], usage };
}

describe('a Mistral client does not notice that Mistral', () => {
  it.each(OUTAGES)('%s', async (_name, effect) => {
    const model = world.takeRoute('safe');
    world.strike(model, { effect });
    const answer = await client.chat.complete({ model, messages });
    expect(answer.choices[0]?.message?.content).toBe(EXPECTED_TEXT);
    expect(lastHeaders.get('x-leeward-provider')).toBe('secondary');
    expect(lastHeaders.get('x-leeward-fallback')).toBe('1');
    expect(await readStream(model)).toMatchObject({ text: EXPECTED_TEXT, finishReasons: ['stop'] });
    const calls: { name: string; arguments: unknown }[] = [];
    for await (const { data } of await client.chat.stream({ model, messages: toolMessages, tools })) {
      for (const call of data.choices[0]?.delta.toolCalls ?? []) {
        calls.push({ name: call.function.name, arguments: call.function.arguments });
      }
    }
    expect(calls).toEqual(namesAndArguments(expectedCalls()));
  });

  it('fails on one key of three', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: { kind: 'error', error: '500/1000' }, times: 1 });
    expect(await readStream(model)).toMatchObject({ text: EXPECTED_TEXT, finishReasons: ['stop'] });
  });
});

describe('a Mistral client reads on to the exact end when its stream', () => {
  it.each(BREAKS)('%s', async (_name, effect) => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect, times: 1 });
    const { text, finishReasons, ids, usage } = await readStream(model);
    expect(text).toBe(EXPECTED_TEXT);
    expect(finishReasons).toEqual(['stop']);
    expect(ids).toHaveLength(1);
    expect(usage).toBeDefined();
    expect(countsOf(world.simulator.state(), model).seen).toBe(2);
  });
});

describe('a Mistral client reads a stream to its exact end', () => {
  it.each(SILENCES)('when a key of Mistral %s', async (_name, effect) => {
    const model = world.takeRoute('impatient');
    world.strike(model, { effect, times: 1 });
    expect(await readStream(model)).toMatchObject({ text: EXPECTED_TEXT, finishReasons: ['stop'] });
  });
});

describe('a Mistral client whose stream breaks at the secondary', () => {
  it('reads on to the exact end at Mistral, which has recovered', async () => {
    const model = world.takeRoute('safe');
    world.strike(
      model,
      { effect: { kind: 'error', error: '500/1000' }, times: 3 },
      { at: 'openai', effect: BREAK, times: 1 },
    );
    const { text, finishReasons, usage } = await readStream(model);
    expect(text).toBe(EXPECTED_TEXT);
    expect(finishReasons).toEqual(['stop']);
    expect(usage).toBeDefined();
  });

  it('reads the finish reason "error", and no half of a tool call', async () => {
    const model = world.takeRoute('safe');
    world.strike(model, { effect: { kind: 'error', error: '500/1000' } }, { at: 'openai', effect: BREAK });
    const finishReasons: (string | null)[] = [];
    let calls = 0;
    for await (const { data } of await client.chat.stream({ model, messages: toolMessages, tools })) {
      for (const { delta, finishReason } of data.choices) {
        calls += delta.toolCalls?.length ?? 0;
        finishReasons.push(finishReason);
      }
    }
    expect(finishReasons.at(-1)).toBe('error');
    expect(calls).toBe(0);
  });
});

describe('a Mistral client whose stream breaks for good', () => {
  it.each(BREAKS)('reads the finish reason "error", and no exception, when it %s', async (_name, effect) => {
    const model = world.takeRoute('brittle');
    world.strike(model, { effect });
    const { text, finishReasons, usage } = await readStream(model);
    expect(text).not.toBe('');
    expect(EXPECTED_TEXT.startsWith(text)).toBe(true);
    expect(finishReasons).toEqual(['error']);
    // An estimate: clients that read the finish reason only beside a usage would miss that the stream broke.
    expect(usage).toMatchObject({ completionTokens: Math.ceil(text.length / 4) });
  });

  it('reads it when the continuations fail as well', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: BREAK, times: 1 }, { effect: { kind: 'error', error: '500/1000' } });
    const { text, finishReasons } = await readStream(model);
    expect(EXPECTED_TEXT.startsWith(text)).toBe(true);
    expect(finishReasons).toEqual(['error']);
  });
});

describe('a Mistral client is told', () => {
  it('401 as an SDKError when its own key is wrong', async () => {
    const stranger = new Mistral({ serverURL: world.url, apiKey: 'another-key' });
    const error = await failureOf(stranger.chat.complete({ model: MODEL, messages }));
    expect(error).toBeInstanceOf(SDKError);
    expectRefusal(error, 401, 'GW_UNAUTHORIZED');
  });

  it('400 in the words of Mistral when no vendor has the model, once', async () => {
    const before = world.simulator.state().total.seen;
    const error = await failureOf(client.chat.complete({ model: NO_SUCH_MODEL, messages }));
    expect(error).toBeInstanceOf(SDKError);
    expectRefusal(error, 400, '1500');
    expect(bodyOf(error)).toEqual({
      object: 'error',
      message: `Invalid model: ${NO_SUCH_MODEL}`,
      type: 'invalid_model',
      param: null,
      code: '1500',
      raw_status_code: 400,
    });
    expect(world.simulator.state().total.seen).toBe(before + 1);
  });

  it('422 as an HTTPValidationError that names the field, whole and streamed', async () => {
    const asked = { model: MODEL, messages, topP: 7 };
    for (const ask of [() => client.chat.complete(asked), () => client.chat.stream(asked)]) {
      const error = await failureOf(ask());
      expect(error).toBeInstanceOf(HTTPValidationError);
      expect(bodyOf(error)).toMatchObject({ message: { detail: [{ loc: ['body', 'top_p'] }] } });
    }
  });

  it('400 as an SDKError by the secondary, in a form it knows', async () => {
    const error = await failureOf(client.chat.complete({ model: SECONDARY_MODEL, messages, topP: 7 }));
    expect(error).toBeInstanceOf(SDKError);
    expect(error).toHaveProperty('statusCode', 400);
    expect(bodyOf(error)).toMatchObject({ object: 'error', message: expect.stringMatching(/top_p/) });
  });

  it('400 as an SDKError when the secondary has no word for a tool', async () => {
    const asked = { model: SECONDARY_MODEL, messages, tools: [{ type: 'web_search' as const }] };
    expectRefusal(await failureOf(client.chat.complete(asked)), 400, 'GW_UNTRANSLATABLE');
  });

  it('502 as an SDKError when every attempt failed', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: { kind: 'error', error: '500/1000' } });
    expectRefusal(await failureOf(client.chat.complete({ model, messages })), 502, 'GW_UPSTREAM_FAILED');
  });

  it('503 as an SDKError, and when to come again, when there is no capacity', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: { kind: 'error', error: '429/3505' } });
    const error = await failureOf(client.chat.stream({ model, messages }));
    expectRefusal(error, 503, 'GW_NO_TARGET');
    expectRetryAfter(error);
  });

  it('504 as an SDKError at its deadline, whole and streamed', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: SILENCE });
    const options = { headers: { 'x-leeward-deadline-ms': '100' } };
    expectRefusal(await failureOf(client.chat.complete({ model, messages }, options)), 504, 'GW_DEADLINE');
    expectRefusal(await failureOf(client.chat.stream({ model, messages }, options)), 504, 'GW_DEADLINE');
  });

  it('502 when the vendor does not answer what is passed through', async () => {
    world.simulator.faults.set([{ when: { surface: 'other' }, effect: { kind: 'refuse' } }]);
    const error = await failureOf(client.files.list({}, { retries: { strategy: 'none' } }));
    expectRefusal(error, 502, 'GW_UPSTREAM_FAILED');
  });
});

describe('a Mistral client and rate limits', () => {
  it('is told 429, and when to come again, when all workspaces are out of quota', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: quotaFault() });
    for (const ask of [
      () => client.chat.complete({ model, messages }),
      () => client.chat.stream({ model, messages }),
    ]) {
      const error = await failureOf(ask());
      expect(error).toBeInstanceOf(SDKError);
      expectRefusal(error, 429, 'GW_QUOTA_EXHAUSTED');
      expectRetryAfter(error);
    }
    // One refusal of each workspace was enough to know.
    expect(countsOf(world.simulator.state(), model).seen).toBe(3);
  });

  it('waits as long as it is told and then succeeds, when it is set to retry', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: quotaFault(1), times: 3 });
    const backoff = { initialInterval: 1, maxInterval: 10, exponent: 1, maxElapsedTime: 5000 };
    const retries = { strategy: 'backoff' as const, backoff, retryConnectionErrors: false };
    const answer = await client.chat.complete({ model, messages }, { retries });
    expect(answer.choices[0]?.message?.content).toBe(EXPECTED_TEXT);
    expect(countsOf(world.simulator.state(), model).seen).toBe(4);
  });
});

describe('a Mistral client that leaves', () => {
  it('ends the generation of its stream', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: SLOW });
    for await (const { data } of await client.chat.stream({ model, messages })) {
      if (data.choices[0]?.delta.content) break;
    }
    await expectAborted(world.simulator, model);
  });

  it('ends the generation of its whole answer', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: SILENCE });
    const leaving = new AbortController();
    const answer = failureOf(client.chat.complete({ model, messages }, { signal: leaving.signal }));
    await expectInFlight(world.simulator, model);
    leaving.abort();
    expect(await answer).toBeInstanceOf(RequestAbortedError);
    await expectAborted(world.simulator, model);
  });

  it('does so when its own patience ends', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: SILENCE });
    const error = await failureOf(client.chat.complete({ model, messages }, { timeoutMs: 150 }));
    expect(error).toBeInstanceOf(RequestTimeoutError);
    await expectAborted(world.simulator, model);
  });
});

function bodyOf(error: unknown): unknown {
  return error instanceof MistralError ? JSON.parse(error.body) : undefined;
}

function expectRefusal(error: unknown, status: number, code: string): void {
  expect(error).toHaveProperty('statusCode', status);
  expect(bodyOf(error)).toMatchObject({ object: 'error', code });
}

function expectRetryAfter(error: unknown): void {
  const seconds = error instanceof MistralError ? error.headers.get('retry-after') : '';
  expect(seconds).toMatch(/^[1-9]\d?$/);
  expect(Number(seconds)).toBeLessThanOrEqual(59);
}
