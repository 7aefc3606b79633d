import { type ClientRequest, type JsonObject, readClientRequest } from '@leeward/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { affinityOf } from './affinity.ts';

function requestOf(text: string): ClientRequest {
  const { surface, dialect, bytes, outline, model, stream, includeUsage } = readClientRequest(
    'chat',
    'mistral',
    Buffer.from(text),
  );
  return {
    surface,
    dialect,
    bytes,
    outline,
    get json(): JsonObject {
      throw new Error('the whole body was parsed');
    },
    model,
    stream,
    includeUsage,
  };
}

const chat = (messages: readonly object[], more: object = {}) =>
  requestOf(JSON.stringify({ model: 'm', messages, ...more }));

const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const goneOn = [user('hello'), assistant('hi'), user('and?')];

describe('the affinity that a client states', () => {
  test('is its session header’s, before the body’s cache key, before its conversation', () => {
    const request = chat(goneOn, { prompt_cache_key: 'k-1' });
    expect(affinityOf({ 'x-leeward-session': 's-1' }, request)).toEqual({ by: 'session', key: 's-1' });
    expect(affinityOf({}, request)).toEqual({ by: 'prompt-cache-key', key: 'k-1' });
    expect(affinityOf({}, chat(goneOn))).toMatchObject({ by: 'conversation' });
  });

  test('counts for FIM and embeddings too, which have no conversation', () => {
    const fim = readClientRequest('fim', 'mistral', Buffer.from('{"model":"m","prompt":"p","prompt_cache_key":"k"}'));
    expect(affinityOf({}, fim)).toEqual({ by: 'prompt-cache-key', key: 'k' });
    const bare = readClientRequest('embeddings', 'mistral', Buffer.from('{"model":"m","input":"p"}'));
    expect(affinityOf({}, bare)).toBeUndefined();
    expect(affinityOf({ 'x-leeward-session': '!~' }, bare)).toEqual({ by: 'session', key: '!~' });
  });

  test.each(['', 'two words', 'a, b', 'caf\u00e9', 'tab\t', '\0', 'x'.repeat(257)])(
    'is refused when the session is %j',
    (session) => {
      expect(() => affinityOf({ 'x-leeward-session': session }, chat(goneOn))).toThrow(
        expect.objectContaining({
          code: 'GW_BAD_REQUEST',
          message: expect.stringMatching(/^x-leeward-session must be 1 to 256 visible ASCII/),
        }),
      );
    },
  );

  test('may be of any length up to 256; a longer cache key is the vendor’s to judge, and passed over', () => {
    expect(affinityOf({ 'x-leeward-session': 'x'.repeat(256) }, chat(goneOn))?.key).toHaveLength(256);
    for (const prompt_cache_key of ['', 'x'.repeat(257), 'x'.repeat(20_000), 7, null, ['k']]) {
      expect(affinityOf({}, chat(goneOn, { prompt_cache_key }))).toMatchObject({ by: 'conversation' });
      expect(affinityOf({}, chat([user('hello')], { prompt_cache_key }))).toBeUndefined();
    }
  });
});

describe('a conversation', () => {
  const keyOf = (messages: readonly object[], more: object = {}) => affinityOf({}, chat(messages, more))?.key;

  test('has no affinity at its first turn, nor without a word of the user', () => {
    expect(keyOf([user('hello')])).toBeUndefined();
    expect(keyOf([{ role: 'system', content: 'be brief' }, user('hello'), user('are you there?')])).toBeUndefined();
    expect(keyOf([{ role: 'system', content: 's' }, assistant('hi')])).toBeUndefined();
  });

  test('is known by its instructions, by a greeting before the user’s words, and by each of those words', () => {
    const keys = [
      goneOn,
      [{ role: 'system', content: 'be brief' }, ...goneOn],
      [{ role: 'system', content: 'be long' }, ...goneOn],
      [assistant('welcome'), ...goneOn],
      [user([{ type: 'text', text: 'hello' }]), ...goneOn.slice(1)],
      [user('hello!'), ...goneOn.slice(1)],
    ].map((messages) => keyOf(messages));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('is the same whatever else is asked for, and however the fields are ordered', () => {
    const key = keyOf(goneOn);
    expect(keyOf(goneOn, { temperature: 0.7, stream: true, tools: [{ type: 'function' }] })).toBe(key);
    const tool = { type: 'function', function: { name: 'messages', parameters: { required: ['messages'] } } };
    const first = JSON.stringify({ tools: [tool], metadata: { messages: 'none' }, messages: goneOn, model: 'm' });
    expect(affinityOf({}, requestOf(first))?.key).toBe(key);
    expect(affinityOf({}, requestOf(first.replace('"messages":[{', '"messages" :\n [{')))?.key).toBe(key);
  });

  test('has none where its beginning cannot be found in its bytes', () => {
    const text = JSON.stringify({ model: 'm', messages: goneOn }).replace('"messages"', '"\\u006dessages"');
    expect(affinityOf({}, requestOf(text))).toBeUndefined();
  });

  /** Sizes on both sides of what the outline leaves out, and what a text must not be mistaken for. */
  const size = fc.constantFrom(0, 1, 50, 1000, 1023, 1024, 1025, 3000, 20_000);
  const filler = fc.constantFrom(
    'plain words ',
    '\\',
    '\\\\"',
    '"messages":[{"role":"user"}],',
    '}]',
    '\u00e9\n\u{1f600}',
  );
  const content = fc.tuple(fc.string(), filler, size).map(([head, fill, length]) => {
    return head + fill.repeat(Math.ceil(length / fill.length));
  });
  const turn = fc.tuple(content, content).map(([said, asked]) => [assistant(said), user(asked)]);
  const beginning = fc
    .tuple(
      fc.array(
        content.map((text) => ({ role: 'system', content: text })),
        { maxLength: 2 },
      ),
      content.map(user),
    )
    .map(([instructions, first]) => [...instructions, first]);

  test('keeps its key as it grows turn by turn, whatever the sizes', () => {
    fc.assert(
      fc.property(
        beginning,
        fc.array(turn, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(undefined, 2),
        (begun, turns, indent) => {
          const keys = turns.map((_, index) => {
            const messages = [...begun, ...turns.slice(0, index + 1).flat()];
            return affinityOf({}, requestOf(JSON.stringify({ model: 'm', messages }, null, indent)))?.key;
          });
          expect(keys[0]).toMatch(/^[\w-]{16}$/);
          expect(new Set(keys).size).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is told from every other by the first words of its user', () => {
    const different = fc.tuple(content, content).filter(([one, other]) => one !== other);
    fc.assert(
      fc.property(different, turn, fc.constant('be brief'), fc.integer(), ([one, other], later, system, seed) => {
        const rest = [...later, user(String(seed))];
        const keys = [one, other].map((first) => keyOf([{ role: 'system', content: system }, user(first), ...rest]));
        expect(keys[0]).not.toBe(keys[1]);
      }),
      { numRuns: 60 },
    );
  });

  test('with more instructions than are worth reading is known by their beginning', () => {
    const instructions = { role: 'system', content: '"quoted" '.repeat(5000) };
    const keys = ['one', 'other'].map((first) => keyOf([instructions, user(first), assistant('a')]));
    expect(keys[0]).toMatch(/^[\w-]{16}$/);
    expect(keys[0]).toBe(keys[1]);
  });
});
