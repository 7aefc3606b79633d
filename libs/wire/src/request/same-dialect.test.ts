import { describe, expect, it } from 'vitest';
import { hello, parsed, requestOf } from '../fixtures/read-fixture.ts';
import { readClientRequest } from './read-client-request.ts';
import { writeUpstreamRequest } from './write-upstream-request.ts';

const read = (text: string, dialect: 'mistral' | 'openai' = 'mistral') =>
  readClientRequest('chat', dialect, Buffer.from(text));
const write = (text: string, model: string) =>
  writeUpstreamRequest(read(text), { dialect: 'mistral', model }).toString();

describe('a request to a target of the same dialect', () => {
  it('is the client’s bytes, unknown fields included', () => {
    const request = requestOf({ model: 'm', messages: hello, brand_new_field: 1 }, 'mistral');
    expect(writeUpstreamRequest(request, { dialect: 'mistral', model: 'm' })).toBe(request.bytes);
  });

  it('changes the model alone and keeps numbers, order and spelling', () => {
    const text =
      '{ "random_seed": 12345678901234567890, "messages": [{"role":"user","content":"the \\"model\\" é"}], "model" : "m" }';
    expect(write(text, 'n"x')).toBe(text.replace('"model" : "m"', '"model" : "n\\"x"'));
  });

  it.each([
    [
      'the word stands elsewhere too',
      '{"messages":[{"role":"user","content":"model"}],"metadata":{"model":"m"},"model":"m"}',
    ],
    ['the key is given twice', '{"model":"a","messages":[{"role":"user","content":"x"}],"model":"m"}'],
    [
      'the key is spelt with escapes',
      '{"messages":[{"role":"user","content":"x"}],"metadata":{"model":"m"},"mod\\u0065l":"m"}',
    ],
    ['the value is spelt with escapes', '{"messages":[{"role":"user","content":"x"}],"model":"\\u006d"}'],
  ])('encodes anew when %s', (_name, text) => {
    const written = JSON.parse(write(text, 'n')) as object;
    expect(written).toEqual({ ...(JSON.parse(text) as object), model: 'n' });
  });

  it('asks an OpenAI upstream for the usage of a stream', () => {
    const text = '{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}';
    const written = writeUpstreamRequest(read(text, 'openai'), { dialect: 'openai', model: 'n' });
    expect(parsed(written)).toEqual({
      ...(JSON.parse(text) as object),
      model: 'n',
      stream_options: { include_usage: true },
    });
    const off = `${text.slice(0, -1)},"stream_options":{"include_usage":false,"x":1}}`;
    expect(parsed(writeUpstreamRequest(read(off, 'openai'), { dialect: 'openai', model: 'm' })).stream_options).toEqual(
      { include_usage: true, x: 1 },
    );
  });

  it('limits the tokens of another OpenAI model by the name that all of them know', () => {
    const text = '{"model":"m","stream":true,"max_tokens":5,"messages":[{"role":"user","content":"x"}]}';
    const request = read(text, 'openai');
    expect(parsed(writeUpstreamRequest(request, { dialect: 'openai', model: 'n' }))).toEqual({
      model: 'n',
      stream: true,
      max_completion_tokens: 5,
      messages: [{ role: 'user', content: 'x' }],
      stream_options: { include_usage: true },
    });
    expect(parsed(writeUpstreamRequest(request, { dialect: 'openai', model: 'm' })).max_tokens).toBe(5);
  });

  it('leaves an OpenAI request alone that asks for usage, or does not stream', () => {
    for (const extra of ['"stream":true,"stream_options":{"include_usage":true}', '"stream":false']) {
      const request = read(`{"model":"m",${extra},"messages":[{"role":"user","content":"x"}]}`, 'openai');
      expect(writeUpstreamRequest(request, { dialect: 'openai', model: 'm' })).toBe(request.bytes);
    }
  });

  it('does not carry a reasoning effort to another model that is known to refuse it', () => {
    const request = requestOf({ model: 'mistral-medium-latest', messages: hello, reasoning_effort: 'high' }, 'mistral');
    const effort = (model: string) =>
      parsed(writeUpstreamRequest(request, { dialect: 'mistral', model })).reasoning_effort;
    expect(effort('mistral-large-latest')).toBeUndefined();
    expect(effort('mistral-small-latest')).toBe('high');
    expect(effort('a-model-of-our-own')).toBe('high');
    expect(effort('mistral-medium-latest')).toBe('high');
  });
});
