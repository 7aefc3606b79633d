import {
  chunk,
  DONE,
  ROLE_CHUNK,
  type Script,
  type ScriptedCall,
  ScriptedExchange,
  type Step,
  STREAM_HEAD,
} from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const ANSWER = 'The quick brown fox — schnell & 🦊 — jumps over the lazy dog.';

function cutUp(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  const characters = Array.from(text);
  for (let at = 0, turn = 0; at < characters.length; turn++) {
    const size = sizes[turn % Math.max(1, sizes.length)] ?? 1;
    pieces.push(characters.slice(at, at + size).join(''));
    at += size;
  }
  return pieces;
}

/** The last message of a continuation: what the upstream was told to go on from. */
function toldToGoOnFrom(call: ScriptedCall): string | undefined {
  const { messages } = call.json;
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (typeof last !== 'object' || last === null || !('prefix' in last) || !('content' in last)) return undefined;
  return String(last.content);
}

/** An upstream that repeats what it was told and goes on, in pieces, breaking after so many of them if told so. */
function goesOn(sizes: readonly number[], options: { breaksAfter?: number; by?: Step } = {}) {
  return (call: ScriptedCall, id = 'other'): Script => {
    const said = toldToGoOnFrom(call) ?? '';
    const role = chunk('', { id, model: call.model, delta: { role: 'assistant' } });
    const pieces = cutUp(ANSWER, sizes).map((piece) => chunk(piece, { id, model: call.model }));
    if (options.breaksAfter !== undefined) {
      return [...STREAM_HEAD, role, ...pieces.slice(0, options.breaksAfter), options.by ?? { do: 'reset' }];
    }
    // The prompt grows by what was said, at four characters a token.
    const usage = { prompt: 11 + Math.ceil(said.length / 4), completion: Math.ceil((ANSWER.length - said.length) / 4) };
    return [...STREAM_HEAD, role, ...pieces, chunk('', { id, finish: 'stop', usage }), DONE, { do: 'end' }];
  };
}

function inTurn(scripts: readonly ((call: ScriptedCall, id: string) => Script)[], more: object = {}): ScriptedExchange {
  return new ScriptedExchange({
    providers: {
      mistral: {
        keys: ['a', 'b', 'c', 'd'],
        script: (call, number) => scripts[Math.min(number, scripts.length - 1)]?.(call, `cmpl-${number}`) ?? [],
      },
    },
    pools: [['mistral/large']],
    ...more,
  });
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
const breaks: Step[] = [
  { do: 'reset' },
  { do: 'end' },
  DONE,
  { do: 'data', bytes: 'data: {"error":{"message":"upstream","code":502}}\n\n' },
  { do: 'data', bytes: 'data: not json\n\n' },
];

describe('a broken stream that may be resumed', () => {
  it('reads as one answer, wherever it broke, however it is cut up', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.nat({ max: 60 }), fc.constantFrom(...breaks), async (first, second, at, by) => {
        const pieces = cutUp(ANSWER, first);
        const breaksAfter = 1 + (at % pieces.length);
        const exchange = inTurn([goesOn(first, { breaksAfter, by }), goesOn(second)]);
        const { client, done } = await exchange.run({ stream: true });
        expect(client.said).toBe(ANSWER);
        expect(client.endedWell).toBe(true);
        expect(client.finishReasons).toEqual(['stop']);
        expect(
          new Set(client.chunks.map(({ id, created, model }) => `${String(id)} ${String(created)} ${String(model)}`))
            .size,
        ).toBe(1);
        expect(done.end).toMatchObject({ kind: 'streamed', served: { attempts: 1 } });
        expect(done.attempts.map(({ cause }) => cause)).toEqual(['first', 'resume']);
        const said = pieces.slice(0, breaksAfter).join('');
        expect(toldToGoOnFrom(exchange.calls[1] ?? failing())).toBe(said);
        // One answer to one prompt of 11 tokens.
        expect(done.usage?.promptTokens).toBe(11);
        expect(done.usage?.completionTokens).toBe(
          Math.ceil(said.length / 4) + Math.ceil((ANSWER.length - said.length) / 4),
        );
        expect(client.chunks.at(-1)?.usage).toEqual({
          prompt_tokens: 11,
          completion_tokens: done.usage?.completionTokens,
          total_tokens: 11 + (done.usage?.completionTokens ?? 0),
        });
        expect([exchange.inFlight, exchange.timersLeft]).toEqual([0, 0]);
      }),
      { numRuns: 150 },
    );
  });

  it('goes on at another target than the one that broke', async () => {
    const exchange = inTurn([goesOn([5], { breaksAfter: 3 }), goesOn([4])]);
    await exchange.run({ stream: true });
    expect(new Set(exchange.keys).size).toBe(2);
  });

  it('goes on with the model that began, although the vendor says in the middle that it is full', async () => {
    const by: Step = {
      do: 'data',
      bytes: 'data: {"object":"error","message":"Service unavailable.","code":"3800"}\n\n',
    };
    const exchange = inTurn([goesOn([5], { breaksAfter: 3, by }), goesOn([4])], {
      pools: [['mistral/large'], ['mistral/medium']],
    });
    const { client, done } = await exchange.run({ stream: true });
    expect(done.attempts.map(({ outcome }) => outcome.kind)).toEqual(['capacity', 'ok']);
    expect(exchange.calls.map(({ model }) => model)).toEqual(['large', 'large']);
    expect([client.said, client.endedWell]).toEqual([ANSWER, true]);
  });

  it('resumes again when the continuation breaks, in its repetition or after it', async () => {
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 3 }),
        async (each, points) => {
          const scripts = [
            ...points.map((breaksAfter) =>
              goesOn(each, { breaksAfter: Math.min(breaksAfter, cutUp(ANSWER, each).length) }),
            ),
            goesOn([3]),
          ];
          const { client } = await inTurn(scripts).run({ stream: true });
          expect([client.said, client.endedWell, client.finishReasons]).toEqual([ANSWER, true, ['stop']]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('finds the one who can go on when the first who is asked refuses to', async () => {
    const refuses: Script = [
      { do: 'connect' },
      { do: 'head', status: 400, headers: { 'content-type': 'application/json' } },
      { do: 'data', bytes: '{"object":"error","message":"prefix","type":"invalid_request","code":"3230"}' },
      { do: 'end' },
    ];
    const exchange = new ScriptedExchange({
      providers: {
        mistral: {
          keys: ['a', 'b', 'c'],
          script: (call, number) =>
            number === 0 ? goesOn([5], { breaksAfter: 3 })(call) : call.model === 'large' ? refuses : goesOn([4])(call),
        },
      },
      pools: [['mistral/large'], ['mistral/medium']],
    });
    const { client } = await exchange.run({ stream: true });
    expect(exchange.calls.map(({ model }) => model)).toEqual(['large', 'large', 'medium']);
    expect([client.said, client.endedWell]).toEqual([ANSWER, true]);
  });

  it('ends with the error frame when the continuation says something else', async () => {
    const exchange = inTurn([
      goesOn([5], { breaksAfter: 3 }),
      () => [...STREAM_HEAD, chunk('Something else altogether.'), chunk('', { finish: 'stop' }), DONE, { do: 'end' }],
    ]);
    const { client, done } = await exchange.run({ stream: true });
    expect(done.end.kind).toBe('broken');
    expect([client.said, client.errorCode]).toEqual([ANSWER.slice(0, 15), 'GW_STREAM_BROKEN']);
    expect(client.text).not.toContain('[DONE]');
    expect(done.attempts.slice(1).map(({ outcome }) => outcome)).toEqual([
      { kind: 'fault', reason: 'diverged', retryAfterMs: undefined },
    ]);
  });

  it('does not open a breaker over a model that goes on in other words', async () => {
    const exchange = inTurn([
      (call) =>
        toldToGoOnFrom(call) === undefined
          ? goesOn([5], { breaksAfter: 3 })(call)
          : [...STREAM_HEAD, chunk('No.'), chunk('', { finish: 'stop' }), DONE, { do: 'end' }],
    ]);
    await exchange.run({ stream: true });
    const diverged = exchange.calls.slice(1).map(({ key }) => `mistral/${key}/large`);
    const views = exchange.scripted.fleet.targets
      .filter(({ id }) => diverged.includes(id))
      .map((target) => target.view());
    expect(views.length).toBeGreaterThan(0);
    for (const view of views) expect([view.lastOutcome, view.breaker.samples]).toEqual(['fault: diverged', 0]);
  });

  it('ends with the error frame when the continuation stops short of what was said', async () => {
    const { client, done } = await inTurn([
      goesOn([5], { breaksAfter: 3 }),
      () => [...STREAM_HEAD, chunk('The'), chunk('', { finish: 'stop' }), DONE, { do: 'end' }],
    ]).run({ stream: true });
    expect([done.end.kind, client.finishReasons]).toEqual(['broken', ['error']]);
  });

  it('never shows a null usage to the client', async () => {
    const nulled: Step = {
      do: 'data',
      bytes: `data: ${JSON.stringify({ id: 'x', created: 1, model: 'm', usage: null, choices: [{ index: 0, delta: { content: ANSWER }, finish_reason: null }] })}\n\n`,
    };
    const { client } = await inTurn([
      goesOn([5], { breaksAfter: 3 }),
      () => [...STREAM_HEAD, nulled, chunk('', { finish: 'stop' }), DONE, { do: 'end' }],
    ]).run({ stream: true });
    expect(client.said).toBe(ANSWER);
    expect(client.text).not.toContain('"usage":null');
  });

  it('speaks the client’s dialect also when the continuation comes in another than the beginning', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        backup: { dialect: 'openai', keys: ['z'], script: (call) => goesOn([5], { breaksAfter: 3 })(call) },
        mistral: { keys: ['a'], script: (call) => goesOn([4])(call) },
      },
      pools: [['backup/gpt'], ['mistral/large']],
    });
    const asked = await exchange.run({
      stream: true,
      dialect: 'openai',
      body: { stream_options: { include_usage: true } },
    });
    expect([asked.client.said, asked.client.endedWell]).toEqual([ANSWER, true]);
    expect(asked.client.chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 11 } });
    await exchange.clock.advance(10_000);
    const without = await exchange.run({ stream: true, dialect: 'openai' });
    expect([without.client.said, without.client.endedWell]).toEqual([ANSWER, true]);
    expect(without.client.text).not.toContain('usage');
  });
});

describe('a broken stream that must not be resumed', () => {
  const tool = { tool_calls: [{ id: 'abcdefghi', function: { name: 'f', arguments: '{"a"' }, index: 0 }] };
  const thinking = { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] };
  const cases: [string, object, Script, object][] = [
    ['recovery: error', {}, [chunk('Hi')], { recovery: 'error' }],
    ['a tool call half sent', { tools: [] }, [chunk('Hi'), chunk('', { delta: tool })], {}],
    ['JSON mode', { response_format: { type: 'json_object' } }, [chunk('{"a":')], {}],
    ['several choices', { n: 2 }, [chunk('Hi')], {}],
    ['thinking', {}, [chunk('', { delta: thinking })], {}],
    ['reasoning asked for', { reasoning_effort: 'high' }, [chunk('Hi')], {}],
    [
      'a prefix of the client’s own',
      {
        messages: [
          { role: 'user', content: 'x' },
          { role: 'assistant', content: 'y', prefix: true },
        ],
      },
      [chunk('Hi')],
      {},
    ],
  ];
  it.each(cases)('%s: the error frame, never a clean [DONE]', async (_what, body, steps, more) => {
    for (const by of breaks) {
      const exchange = inTurn([() => [...STREAM_HEAD, ROLE_CHUNK, ...steps, by]], more);
      const { client, done } = await exchange.run({ stream: true, body: { ...body } });
      expect([done.end.kind, client.errorCode]).toEqual(['broken', 'GW_STREAM_BROKEN']);
      expect(client.text).not.toContain('[DONE]');
      expect(exchange.calls).toHaveLength(1);
    }
  });

  it('no target left that can continue: the error frame', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        mistral: { keys: ['a'], script: (call) => goesOn([5], { breaksAfter: 3 })(call) },
        backup: { dialect: 'openai', keys: ['z'], script: () => failing() },
      },
      pools: [['mistral/large'], ['backup/gpt']],
      retries: { maxAttempts: 2 },
    });
    const { client, done } = await exchange.run({ stream: true });
    expect([done.end.kind, client.errorCode]).toEqual(['broken', 'GW_STREAM_BROKEN']);
    expect(exchange.keys).not.toContain('z');
  });
});

function failing(): never {
  throw new Error('nobody should have been asked');
}
