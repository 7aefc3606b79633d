/**
 * The promise of recovery, over every answer, every way to cut it up and every way for it to break: the text that the
 * client has is exactly the answer, once; and where that cannot be, it is told so and has nothing but the answer's
 * beginning.
 */
import {
  BREAK_KINDS,
  chunk,
  type Scenario,
  type Script,
  type ScriptedCall,
  ScriptedExchange,
  type Step,
  STREAM_HEAD,
  type StreamBreak,
  type StreamForm,
  streamSteps,
  textEvents,
  toldToGoOnFrom,
} from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Texts that look like the protocol they travel in, that repeat themselves, or that are many bytes a character. */
const TREACHEROUS = [
  'data: [DONE]\n\n',
  '[DONE]',
  '\n\n',
  '\r\n\r\ndata: {}\r\n\r\n',
  '{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}',
  '"finish_reason":"stop"',
  '","usage":null,"p":"abc',
  'aaaaaaaaaaaaaaaaaaaa',
  'abababababab',
  '🦊🦊🦊🦊🦊',
  '👩‍👩‍👧‍👦 naïve — schnell, 日本語 and \u2028\u2029',
  '\uFEFFa mark of byte order',
  '\\u0041\\n\\',
];

const texts = fc.oneof(
  fc.constantFrom(...TREACHEROUS),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.json({ maxDepth: 2 }),
);

/** The last size keeps a form of nothing but empty pieces from never ending. */
const forms: fc.Arbitrary<StreamForm> = fc.record({
  textSizes: fc.array(fc.nat({ max: 9 }), { maxLength: 5 }).map((sizes) => [...sizes, 7]),
  byteSizes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
  newline: fc.constantFrom('\n', '\r\n'),
  comments: fc.boolean(),
});

const breaks: fc.Arbitrary<StreamBreak> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  by: fc.constantFrom(...BREAK_KINDS),
});

/** Four targets each, which three breaks cannot exhaust: of one model, of a pool of two models, of two pools, of four. */
const HOUSES: readonly { readonly keys: readonly string[]; readonly pools: Scenario['pools'] }[] = [
  { keys: ['a', 'b', 'c', 'd'], pools: [['mistral/large']] },
  { keys: ['a', 'b'], pools: [['mistral/large', 'mistral/medium']] },
  { keys: ['a', 'b'], pools: [['mistral/large'], ['other/large']] },
  { keys: ['a'], pools: [['mistral/large'], ['mistral/medium'], ['other/large'], ['other/medium']] },
];

const clients = fc.constantFrom(
  { dialect: 'mistral' as const, body: {} },
  { dialect: 'openai' as const, body: {} },
  { dialect: 'openai' as const, body: { stream_options: { include_usage: true } } },
);

/** One upstream's part: how it frames, what it makes of a beginning it was given, and how it breaks, if it does. */
interface Turn {
  readonly form: StreamForm;
  readonly goesOn: (said: string, answer: string) => string;
  readonly breaks: StreamBreak | undefined;
}

function play(answer: string, turn: Turn, call: ScriptedCall, number: number): Script {
  const said = toldToGoOnFrom(call);
  const text = said === undefined ? answer : turn.goesOn(said, answer);
  const names = { id: `cmpl-${number}`, model: `${call.model}-${number}` };
  const finish = chunk('', { ...names, finish: 'stop', usage: { prompt: 11, completion: 7 } });
  return [...STREAM_HEAD, ...streamSteps(textEvents(text, turn.form, names), turn.form, { ...turn, finish })];
}

function inTurn(
  answer: string,
  turns: readonly [Turn, ...Turn[]],
  house: (typeof HOUSES)[number],
  seed: number,
): ScriptedExchange {
  let number = 0;
  const script = (call: ScriptedCall): Script => {
    const turn = turns[number] ?? turns.at(-1) ?? turns[0];
    return play(answer, turn, call, number++);
  };
  return new ScriptedExchange({
    providers: {
      mistral: { keys: house.keys, script },
      other: { keys: house.keys.map((key) => `other-${key}`), script },
    },
    pools: house.pools,
    timeouts: { firstTokenMs: 4000, idleMs: 2000 },
    retries: { attemptsPerPool: 4 },
    seed,
  });
}

function repeatsAll(_said: string, answer: string): string {
  return answer;
}

describe('an answer that breaks up to three times', () => {
  const brokenTurns = fc.array(fc.record({ form: forms, breaks }), { minLength: 1, maxLength: 3 });

  it('is read once and whole, wherever and however it breaks, whoever goes on', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        brokenTurns,
        forms,
        fc.constantFrom(...HOUSES),
        clients,
        fc.nat(),
        async (answer, broken, form, house, ask, seed) => {
          const [first, ...others] = broken.map((turn): Turn => ({ ...turn, goesOn: repeatsAll }));
          if (first === undefined) throw new Error('no turn');
          const last = { form, goesOn: repeatsAll, breaks: undefined };
          const exchange = inTurn(answer, [first, ...others, last], house, seed);
          const { client, done } = await exchange.run({ ...ask, stream: true });
          expect(client.said).toBe(answer);
          expect([client.endedWell, client.finishReasons]).toEqual([true, ['stop']]);
          expect(client.events.filter((event) => event === '[DONE]')).toHaveLength(1);
          expect(new Set(client.chunks.map(({ id, model }) => `${String(id)} ${String(model)}`)).size).toBe(1);
          expect(done.end.kind).toBe('streamed');
          expect(exchange.calls).toHaveLength(broken.length + 1);
          expect(
            new Set(exchange.calls.map(({ key, json, path }) => `${key} ${String(json['model'])} ${path}`)).size,
          ).toBeGreaterThanOrEqual(2);
          expect(exchange.inFlight).toBe(0);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('a continuation that does not repeat what it was given', () => {
  /** Only what begins otherwise than the given text can be told from a repetition; the model need not be that kind. */
  function unlike(said: string, text: string): string {
    return text.startsWith(said) ? `${said.startsWith('x') ? 'y' : 'x'}${text}` : text;
  }

  const odd: fc.Arbitrary<Turn['goesOn']> = fc.oneof(
    fc.constant((said: string, answer: string) => unlike(said, answer.slice(said.length))),
    fc
      .double({ min: 0, max: 1, noNaN: true })
      .map((share) => (said: string, answer: string) => unlike(said, answer.slice(Math.ceil(share * said.length)))),
    texts.map((other) => (said: string) => unlike(said, other)),
    texts.map((other) => (said: string) => unlike(said, said.slice(0, -1) + other)),
    fc.constant((said: string) => unlike(said, said.slice(0, -1))),
  );
  const oddTurns = fc.array(fc.record({ form: forms, goesOn: odd, breaks: fc.option(breaks, { nil: undefined }) }), {
    minLength: 1,
    maxLength: 3,
  });

  it('adds nothing to the client’s text and never ends it well; another model may go on', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.record({ form: forms, breaks }),
        oddTurns,
        fc.option(forms, { nil: undefined }),
        fc.constantFrom(...HOUSES),
        fc.nat(),
        async (answer, first, others, sound, house, seed) => {
          const last = sound === undefined ? [] : [{ form: sound, goesOn: repeatsAll, breaks: undefined }];
          const exchange = inTurn(answer, [{ ...first, goesOn: repeatsAll }, ...others, ...last], house, seed);
          const { client, done } = await exchange.run({ stream: true });
          switch (done.end.kind) {
            case 'streamed':
              expect([client.said, client.endedWell]).toEqual([answer, true]);
              // Either nothing had been sent when it broke, or one was asked who does repeat.
              expect(
                toldToGoOnFrom(exchange.calls.at(-1) ?? nobody()) === undefined ||
                  exchange.calls.length === others.length + 2,
              ).toBe(true);
              break;
            case 'broken':
              expect([client.errorCode, client.events.includes('[DONE]')]).toEqual(['GW_STREAM_BROKEN', false]);
              expect(answer.startsWith(client.said)).toBe(true);
              break;
            case 'refused':
              expect(client.writes).toHaveLength(0);
              break;
            case 'answered':
            case 'cancelled':
              throw new Error(done.end.kind);
          }
          expect(exchange.inFlight).toBe(0);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('a provider that cannot be given a beginning', () => {
  const turn = (form: StreamForm, broken?: StreamBreak): Turn => ({ form, goesOn: repeatsAll, breaks: broken });

  it('is asked when nothing has been sent yet, and passed over for one that can when something has', async () => {
    await fc.assert(
      fc.asyncProperty(texts, forms, breaks, forms, fc.boolean(), async (answer, form, broken, second, third) => {
        const sound = (call: ScriptedCall, number: number) => play(answer, turn(second), call, number);
        const exchange = new ScriptedExchange({
          providers: {
            mistral: { keys: ['a'], script: (call, number) => play(answer, turn(form, broken), call, number) },
            backup: { dialect: 'openai', keys: ['y', 'z'], script: sound },
            third: { keys: ['c'], script: sound },
          },
          pools: third ? [['mistral/large'], ['backup/gpt'], ['third/large']] : [['mistral/large'], ['backup/gpt']],
          timeouts: { firstTokenMs: 4000, idleMs: 2000 },
          retries: { maxAttempts: 2 },
        });
        const { client } = await exchange.run({ stream: true });
        const begun = client.served?.poolIndex === 0;
        const [, next] = exchange.calls.map(({ model }) => model);
        // Where nobody else can go on, the one that broke is asked once more, and breaks once more.
        expect([next, exchange.keys[1]]).toEqual(begun ? ['large', third ? 'c' : 'a'] : ['gpt', exchange.keys[1]]);
        if (begun && !third) {
          expect([client.errorCode, answer.startsWith(client.said)]).toEqual(['GW_STREAM_BROKEN', true]);
          expect(client.events).not.toContain('[DONE]');
        } else {
          expect([client.said, client.endedWell]).toEqual([answer, true]);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('an answer that must not be continued', () => {
  const halfACall = [{ id: 'abcdefghi', type: 'function', function: { name: 'f', arguments: '{"a"' }, index: 0 }];
  const half: Step = chunk('', { delta: { tool_calls: halfACall } });
  const thought: Step = chunk('', {
    delta: { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Well …' }] }] },
  });
  const ownPrefix = [
    { role: 'user', content: 'x' },
    { role: 'assistant', content: 'y', prefix: true },
  ];
  /** Each with what the stream says beside its text. */
  const cases = fc.constantFrom<{ body: Record<string, unknown>; first?: Step; last?: Step }>(
    { body: {}, last: half },
    { body: {}, first: thought },
    { body: { response_format: { type: 'json_object' } } },
    { body: { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } } } },
    { body: { reasoning_effort: 'high' } },
    { body: { messages: ownPrefix } },
  );

  it('ends with the frame that every SDK understands once it has begun, and is whole elsewhere if it has not', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        forms,
        breaks,
        cases,
        fc.constantFrom('mistral' as const, 'openai' as const),
        async (answer, form, broken, { body, first, last }, dialect) => {
          let number = 0;
          const script = (call: ScriptedCall): Script => {
            if (number++ > 0) return play(answer, { form, goesOn: repeatsAll, breaks: undefined }, call, number);
            const [role, ...pieces] = textEvents(answer, form);
            const events = [role, first, ...pieces, last].filter((step) => step !== undefined);
            return [
              ...STREAM_HEAD,
              ...streamSteps(events, form, { finish: chunk('', { finish: 'stop' }), breaks: broken }),
            ];
          };
          const exchange = new ScriptedExchange({
            providers: { mistral: { keys: ['a', 'b'], script } },
            pools: [['mistral/large']],
            timeouts: { firstTokenMs: 4000, idleMs: 2000 },
          });
          const { client, done } = await exchange.run({ stream: true, dialect, body });
          // What breaks before its tool call or its thought has come is text like any other.
          if (exchange.calls.length > 1) {
            expect([client.said, client.endedWell]).toEqual([answer, true]);
            expect(client.served?.attempts === 2 || first !== undefined || last !== undefined).toBe(true);
            return;
          }
          expect([done.end.kind, client.ended, client.events.includes('[DONE]')]).toEqual(['broken', true, false]);
          expect(answer.startsWith(client.said)).toBe(true);
          const [{ id, created, model } = {}] = client.chunks;
          const usage: unknown = expect.objectContaining({ total_tokens: expect.any(Number) });
          expect(client.chunks.at(-1)).toEqual({
            id,
            created,
            model,
            object: 'chat.completion.chunk',
            choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
            ...(dialect === 'mistral' ? { usage } : {}),
            error: { message: expect.any(String), type: expect.any(String), param: null, code: 'GW_STREAM_BROKEN' },
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});

function nobody(): never {
  throw new Error('nobody was asked');
}
