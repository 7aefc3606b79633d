import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerFor } from './answer.ts';
import { countTokens } from './tokens.ts';

const ask = (content: string) => [{ role: 'user', content }];
const word = (text: string) => text.split(' ').length;

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 7 } },
      required: ['city', 'days'],
    },
  },
};

describe('answerFor', () => {
  it('gives the same text for the same messages, whatever the model, sampling or dialect', () => {
    const plain = answerFor({ model: 'a', messages: [{ role: 'system', content: 'Be brief' }, ...ask('Hello')] });
    const other = answerFor({
      model: 'gpt-5-mini',
      seed: 4,
      max_completion_tokens: 10_000,
      messages: [
        { role: 'developer', content: [{ type: 'text', text: 'Be brief' }] },
        { role: 'user', content: [{ type: 'text', text: 'Hello' }], name: 'Ann' },
      ],
    });
    expect(other.text).toBe(plain.text);
    expect(answerFor({ messages: ask('Hello!') }).text).not.toBe(plain.text);
  });

  it('writes between 20 and 60 words unless the prompt asks for a number', () => {
    fc.assert(
      fc.property(fc.string(), (content) => {
        const words = word(answerFor({ messages: ask(content.replaceAll('[words=', '')) }).text);
        return words >= 20 && words <= 60;
      }),
      { seed: 1 },
    );
    expect(word(answerFor({ messages: ask('Tell me [words=200]') }).text)).toBe(200);
    expect(word(answerFor({ messages: ask('[words=3] no, rather [words=7]') }).text)).toBe(7);
  });

  it('goes on exactly where a prefix broke off, for every break point', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 80 }), (content, words) => {
        const messages = ask(`${content} [words=${words}]`);
        const whole = answerFor({ messages }).text;
        for (let at = 0; at <= whole.length; at++) {
          const prefix = { role: 'assistant', content: whole.slice(0, at), prefix: true };
          const continued = answerFor({ messages: [...messages, prefix] });
          expect(continued.text).toBe(whole);
          expect(continued.prefix + continued.generated).toBe(whole);
        }
      }),
      { seed: 1, numRuns: 25 },
    );
  });

  it('puts the whole answer after a prefix that is not its beginning', () => {
    const whole = answerFor({ messages: ask('Hi') }).text;
    const prefix = { role: 'assistant', content: '## ', prefix: true };
    expect(answerFor({ messages: [...ask('Hi'), prefix] }).text).toBe(`## ${whole}`);
  });

  it('cuts at max_tokens and says length', () => {
    const whole = answerFor({ messages: ask('Hi') });
    const cut = answerFor({ messages: ask('Hi'), max_tokens: 5 });
    expect(whole.finishReason).toBe('stop');
    expect(cut.finishReason).toBe('length');
    expect(countTokens(cut.text)).toBe(5);
    expect(whole.text.startsWith(cut.text)).toBe(true);
    expect(answerFor({ messages: ask('Hi'), max_completion_tokens: 5 }).text).toBe(cut.text);
  });

  it('stops before the first stop sequence', () => {
    const whole = answerFor({ messages: ask('Hi') }).text;
    const cut = answerFor({ messages: ask('Hi'), stop: ['never there', '.'] });
    expect(cut.text).toBe(whole.slice(0, whole.indexOf('.')));
    expect(cut.finishReason).toBe('stop');
  });

  it('gives each of several choices a text of its own', () => {
    const first = answerFor({ messages: ask('Hi') });
    const second = answerFor({ messages: ask('Hi') }, { choice: 1 });
    expect(second.text).not.toBe(first.text);
    expect(answerFor({ messages: ask('Hi') }, { choice: 0 })).toEqual(first);
  });

  it.each([
    ['any', ask('Hi'), 1],
    ['required', ask('Hi'), 1],
    [{ type: 'function', function: { name: 'weather' } }, ask('Hi'), 1],
    ['auto', ask('Please use a tool'), 1],
    ['auto', ask('Please use a tool [calls=3]'), 3],
    ['none', ask('Please use a tool'), 0],
    ['auto', ask('Hi'), 0],
    ['auto', [...ask('Use the tool'), { role: 'tool', content: '12 degrees' }], 0],
  ])('with tool_choice %j and messages %j calls %i tools', (tool_choice, messages, calls) => {
    const answer = answerFor({ messages, tools: [weather], tool_choice });
    expect(answer.toolCalls).toHaveLength(calls);
    expect(answer.finishReason).toBe(calls > 0 ? 'tool_calls' : 'stop');
    for (const call of answer.toolCalls) {
      expect(call.id).toMatch(/^[A-Za-z0-9]{9}$/);
      expect(call.name).toBe('weather');
      const filled: unknown = JSON.parse(call.arguments);
      expect(filled).toEqual({ city: expect.any(String) as unknown, days: expect.any(Number) as unknown });
      expect(call.arguments).toMatch(/^\{"city": ".+", "days": [1-7]\}$/);
    }
  });

  it('calls one tool only when parallel calls are off', () => {
    const asked = { messages: ask('tool [calls=3]'), tools: [weather], parallel_tool_calls: false };
    expect(answerFor(asked).toolCalls).toHaveLength(1);
  });

  it('answers JSON when JSON is asked for', () => {
    const object = answerFor({ messages: ask('JSON'), response_format: { type: 'json_object' } });
    expect(JSON.parse(object.text)).toEqual({ answer: expect.any(String) as unknown });
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const shaped = answerFor({
      messages: ask('JSON'),
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(JSON.parse(shaped.text)).toEqual({ ok: expect.any(Boolean) as unknown });
  });

  it('answers a completion prompt as well', () => {
    expect(answerFor({ prompt: 'def f():', suffix: 'return' }).text).not.toBe('');
  });
});
