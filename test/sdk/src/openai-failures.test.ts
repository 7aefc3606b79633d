/** The `openai` package when something fails: what it must not notice, and what it is told when it must. */
import OpenAI, {
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  RateLimitError,
  UnprocessableEntityError,
} from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  EXPECTED_TEXT,
  expectedCalls,
  expectedText,
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
let client: OpenAI;
beforeAll(async () => {
  world = await startWorld();
  client = clientWith({});
});
afterEach(() => world.simulator.faults.clear());
afterAll(() => world.stop());

function clientWith(options: { apiKey?: string; maxRetries?: number; timeout?: number }): OpenAI {
  return new OpenAI({ baseURL: `${world.url}/v1`, apiKey: world.clientKey, maxRetries: 0, ...options });
}

const messages = [{ role: 'user' as const, content: QUESTION }];
const toolMessages = [{ role: 'user' as const, content: TOOL_QUESTION }];

/** The text of a stream, and the error that ended it, if one did. */
async function readStream(model: string): Promise<{ text: string; error: unknown }> {
  let text = '';
  try {
    for await (const { choices } of await client.chat.completions.create({ model, messages, stream: true })) {
      text += choices[0]?.delta.content ?? '';
    }
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

describe('an OpenAI client does not notice that Mistral', () => {
  it.each(OUTAGES)('%s', async (_name, effect) => {
    const model = world.takeRoute('safe');
    world.strike(model, { effect });
    const { data, response } = await client.chat.completions.create({ model, messages }).withResponse();
    expect(data.choices[0]?.message.content).toBe(EXPECTED_TEXT);
    expect(response.headers.get('x-leeward-provider')).toBe('secondary');
    expect(response.headers.get('x-leeward-fallback')).toBe('1');
    expect(response.headers.get('mistral-correlation-id')).toBeNull();
    expect(await readStream(model)).toEqual({ text: EXPECTED_TEXT, error: undefined });
    const helper = client.chat.completions.stream({ model, messages: toolMessages, tools: [...TOOLS] });
    const [choice] = (await helper.finalChatCompletion()).choices;
    const calls = (choice?.message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function' ? [call.function] : [],
    );
    expect(namesAndArguments(calls)).toEqual(namesAndArguments(expectedCalls()));
  });

  it('fails on one key of three', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: { kind: 'error', error: '500/1000' }, times: 1 });
    expect(await readStream(model)).toEqual({ text: EXPECTED_TEXT, error: undefined });
  });
});

describe('an OpenAI client reads on to the exact end when its stream', () => {
  it.each(BREAKS)('%s', async (_name, effect) => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect, times: 1 });
    const whole = await client.chat.completions.create({ model: MODEL, messages });
    let text = '';
    let usage: OpenAI.CompletionUsage | undefined;
    const ids = new Set<string>();
    const options = { include_usage: true };
    const asked = { model, messages, stream: true, stream_options: options } as const;
    for await (const chunk of await client.chat.completions.create(asked)) {
      text += chunk.choices[0]?.delta.content ?? '';
      ids.add(chunk.id);
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(EXPECTED_TEXT);
    expect(ids.size).toBe(1);
    expectAboutEqual(usage, whole.usage);
    expect(countsOf(world.simulator.state(), model).seen).toBe(2);
  });
});

describe('an OpenAI client reads a stream to its exact end', () => {
  it.each(SILENCES)('when a key of Mistral %s', async (_name, effect) => {
    const model = world.takeRoute('impatient');
    world.strike(model, { effect, times: 1 });
    expect(await readStream(model)).toEqual({ text: EXPECTED_TEXT, error: undefined });
  });

  it('when it breaks although tools were offered, as long as none was called', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: BREAK, times: 1 });
    const helper = client.chat.completions.stream({ model, messages, tools: [...TOOLS] });
    expect((await helper.finalChatCompletion()).choices[0]?.message.content).toBe(EXPECTED_TEXT);
    expect(countsOf(world.simulator.state(), model).seen).toBe(2);
  });

  it('when it is limited to some tokens, about there', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: BREAK, times: 1 });
    const helper = client.chat.completions.stream({ model, messages, max_completion_tokens: 30 });
    const [choice] = (await helper.finalChatCompletion()).choices;
    const text = choice?.message.content ?? '';
    expect(EXPECTED_TEXT.startsWith(text)).toBe(true);
    expect(choice?.finish_reason).toBe('length');
    // What was said before the break can only be guessed in tokens, and is guessed low: nobody gets less than asked for.
    const limit = expectedText({ max_tokens: 30 }).length;
    expect(text.length).toBeGreaterThanOrEqual(limit);
    expect(text.length).toBeLessThanOrEqual(limit * 1.2);
  });
});

describe('an OpenAI client whose stream breaks at the secondary', () => {
  it('reads on to the exact end at Mistral, which has recovered', async () => {
    const model = world.takeRoute('safe');
    world.strike(
      model,
      { effect: { kind: 'error', error: '500/1000' }, times: 3 },
      { at: 'openai', effect: BREAK, times: 1 },
    );
    expect(await readStream(model)).toEqual({ text: EXPECTED_TEXT, error: undefined });
  });

  it.each([true, false])('then gets the usage as OpenAI sends it, when it asks for it: %s', async (wanted) => {
    const model = world.takeRoute('safe');
    world.strike(
      model,
      { effect: { kind: 'error', error: '500/1000' }, times: 3 },
      { at: 'openai', effect: BREAK, times: 1 },
    );
    const options = wanted ? { stream_options: { include_usage: true } } : {};
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    const stream = await client.chat.completions.create({ model, messages, stream: true, ...options });
    for await (const chunk of stream) chunks.push(chunk);
    const counted = chunks.filter(({ usage }) => usage !== undefined && usage !== null);
    expect(counted.map(({ choices }) => choices)).toEqual(wanted ? [[]] : []);
    expect(chunks.at(-1) === counted[0]).toBe(wanted);
  });

  it('is thrown an APIError rather than half a tool call', async () => {
    const model = world.takeRoute('safe');
    world.strike(model, { effect: { kind: 'error', error: '500/1000' } }, { at: 'openai', effect: BREAK });
    const helper = client.chat.completions.stream({ model, messages: toolMessages, tools: [...TOOLS] });
    expect(await failureOf(helper.finalChatCompletion())).toBeInstanceOf(APIError);
  });
});

describe('an OpenAI client whose stream breaks for good', () => {
  it.each(BREAKS)('is thrown an APIError when it %s', async (_name, effect) => {
    const model = world.takeRoute('brittle');
    world.strike(model, { effect });
    const { text, error } = await readStream(model);
    expect(text).not.toBe('');
    expect(EXPECTED_TEXT.startsWith(text)).toBe(true);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ code: 'GW_STREAM_BROKEN', message: expect.stringMatching(/broke off/) });
  });

  it('is thrown it by its stream helper too', async () => {
    const model = world.takeRoute('brittle');
    world.strike(model, { effect: BREAK });
    const helper = client.chat.completions.stream({ model, messages });
    expect(await failureOf(helper.finalChatCompletion())).toMatchObject({
      message: expect.stringMatching(/broke off/),
    });
  });

  it('is thrown it when the continuations fail as well', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: BREAK, times: 1 }, { effect: { kind: 'error', error: '500/1000' } });
    const { text, error } = await readStream(model);
    expect(EXPECTED_TEXT.startsWith(text)).toBe(true);
    expect(error).toMatchObject({ code: 'GW_STREAM_BROKEN' });
  });
});

describe('an OpenAI client is told', () => {
  it('401 as an AuthenticationError when its own key is wrong', async () => {
    const error = await failureOf(clientWith({ apiKey: 'another-key' }).models.list());
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({
      status: 401,
      code: 'GW_UNAUTHORIZED',
      message: expect.stringMatching(/no client key/),
    });
  });

  it('400 as a BadRequestError when no vendor has the model', async () => {
    const before = world.simulator.state().total.seen;
    const error = await failureOf(client.chat.completions.create({ model: NO_SUCH_MODEL, messages }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({
      code: '1500',
      type: 'invalid_model',
      message: `400 Invalid model: ${NO_SUCH_MODEL}`,
    });
    // Every key would say the same.
    expect(world.simulator.state().total.seen).toBe(before + 1);
  });

  it.each([
    ['422 as an UnprocessableEntityError by Mistral', MODEL, UnprocessableEntityError],
    ['400 as a BadRequestError by the secondary', SECONDARY_MODEL, BadRequestError],
  ])('%s when a field is out of its bounds, once', async (_what, model, expected) => {
    const before = world.simulator.state().total.seen;
    for (const stream of [false, true]) {
      const error = await failureOf(client.chat.completions.create({ model, messages, top_p: 7, stream }));
      expect(error).toBeInstanceOf(expected);
      expect(error).toMatchObject({ message: expect.stringMatching(/top_p|less than or equal/) });
    }
    expect(world.simulator.state().total.seen).toBe(before + 2);
  });

  it('400 as a BadRequestError when Mistral has no word for a tool', async () => {
    const tools = [{ type: 'custom' as const, custom: { name: 'shell' } }];
    const error = await failureOf(client.chat.completions.create({ model: 'mistral-large-latest', messages, tools }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: 'GW_UNTRANSLATABLE', message: expect.stringMatching(/custom/) });
  });

  it('400 as a BadRequestError when its deadline is no number', async () => {
    const options = { headers: { 'x-leeward-deadline-ms': 'soon' } };
    const error = await failureOf(client.chat.completions.create({ model: MODEL, messages }, options));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: 'GW_BAD_REQUEST' });
  });

  it('502 as an InternalServerError when every attempt failed', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: { kind: 'error', error: '500/1000' } });
    const error = await failureOf(client.chat.completions.create({ model, messages }));
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 502, code: 'GW_UPSTREAM_FAILED', requestID: expect.stringMatching(/./) });
    const headers = headersOf(error);
    expect(headers.get('x-leeward-provider')).toBe('mistral');
    expect(Number(headers.get('x-leeward-attempts'))).toBeGreaterThanOrEqual(3);
  });

  it('503 as an InternalServerError, and when to come again, when there is no capacity', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: { kind: 'error', error: '429/3505' } });
    const error = await failureOf(client.chat.completions.create({ model, messages }));
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 503, code: 'GW_NO_TARGET' });
    expectRetryAfter(error);
  });

  it('504 as an InternalServerError at its deadline, whole and streamed', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: SILENCE });
    for (const stream of [false, true]) {
      const options = { headers: { 'x-leeward-deadline-ms': '100' } };
      const error = await failureOf(client.chat.completions.create({ model, messages, stream }, options));
      expect(error).toBeInstanceOf(InternalServerError);
      expect(error).toMatchObject({ status: 504, code: 'GW_DEADLINE' });
    }
  });

  it('of the failure of the first provider when it wants no fallback', async () => {
    const model = world.takeRoute('safe');
    world.strike(model, { effect: { kind: 'error', error: '500/1000' } });
    const options = { headers: { 'x-leeward-no-fallback': 'true' } };
    const error = await failureOf(client.chat.completions.create({ model, messages }, options));
    expect(error).toMatchObject({ status: 502 });
  });
});

describe('an OpenAI client and rate limits', () => {
  it('is told 429 as a RateLimitError, and when to come again, when all workspaces are out of quota', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: quotaFault() });
    for (const stream of [false, true]) {
      const error = await failureOf(client.chat.completions.create({ model, messages, stream }));
      expect(error).toBeInstanceOf(RateLimitError);
      expect(error).toMatchObject({ code: 'GW_QUOTA_EXHAUSTED', type: 'rate_limited' });
      expectRetryAfter(error);
    }
    // One refusal of each workspace was enough to know.
    expect(countsOf(world.simulator.state(), model).seen).toBe(3);
  });

  it('waits as long as it is told and then succeeds by itself', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: quotaFault(1), times: 3 });
    const answer = await clientWith({ maxRetries: 1 }).chat.completions.create({ model, messages });
    expect(answer.choices[0]?.message.content).toBe(EXPECTED_TEXT);
    expect(countsOf(world.simulator.state(), model).seen).toBe(4);
  });

  it('gives up after its own retries, each of which asks each workspace once at the most', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: quotaFault(1) });
    const error = await failureOf(clientWith({ maxRetries: 1 }).chat.completions.create({ model, messages }));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(countsOf(world.simulator.state(), model).seen).toBeLessThanOrEqual(6);
  });
});

describe('an OpenAI client that leaves', () => {
  it('ends the generation of its stream', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: SLOW });
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) break;
    }
    await expectAborted(world.simulator, model);
  });

  it('ends the generation of its whole answer', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: SILENCE });
    const leaving = new AbortController();
    const answer = failureOf(client.chat.completions.create({ model, messages }, { signal: leaving.signal }));
    await expectInFlight(world.simulator, model);
    leaving.abort();
    expect(await answer).toBeInstanceOf(APIUserAbortError);
    await expectAborted(world.simulator, model);
  });

  it('does so when its own patience ends', async () => {
    const model = world.takeRoute('alone');
    world.strike(model, { effect: SILENCE });
    const error = await failureOf(clientWith({ timeout: 150 }).chat.completions.create({ model, messages }));
    expect(error).toBeInstanceOf(APIConnectionTimeoutError);
    await expectAborted(world.simulator, model);
  });
});

/**
 * A broken stream tells no usage, so what it said is counted by its length, which may end within a token; and the
 * continuation's prompt had one message more, whose role and separators cost four.
 */
function expectAboutEqual(usage: OpenAI.CompletionUsage | undefined, whole: OpenAI.CompletionUsage | undefined): void {
  const { prompt_tokens: prompt = 0, completion_tokens: completion = 0, total_tokens: total } = usage ?? {};
  expect(prompt - (whole?.prompt_tokens ?? 0)).toBe(4);
  expect(Math.abs(completion - (whole?.completion_tokens ?? 0))).toBeLessThanOrEqual(1);
  expect(total).toBe(prompt + completion);
}

function headersOf(error: unknown): Headers {
  const headers: unknown = error instanceof APIError ? error.headers : undefined;
  if (headers instanceof Headers) return headers;
  throw new Error('an error without headers', { cause: error });
}

function expectRetryAfter(error: unknown): void {
  const headers = headersOf(error);
  const seconds = headers.get('retry-after') ?? '';
  expect(seconds).toMatch(/^[1-9]\d?$/);
  expect(Number(seconds)).toBeLessThanOrEqual(59);
  expect(Number(headers.get('retry-after-ms'))).toBeLessThanOrEqual(Number(seconds) * 1000);
}
