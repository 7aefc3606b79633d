import { readClientRequest } from '@leeward/wire';
import { expect, it } from 'vitest';
import { dialectByHeaders, withDialectByHabit } from './client-dialect.ts';

const AI_SDK = { 'user-agent': 'ai/7.0.173 ai-sdk-provider-utils/5.0.81 node.js/26' };

function dialectOf(headers: Record<string, string>, content: unknown) {
  const body = { model: 'm', messages: [{ role: 'user', content }] };
  const client = readClientRequest('chat', dialectByHeaders(headers), Buffer.from(JSON.stringify(body)));
  return withDialectByHabit(client, headers).dialect;
}

it.each([
  ['OpenAI’s own SDK', { 'x-stainless-lang': 'js' }],
  ['OpenAI’s .NET library', { 'user-agent': 'OpenAI/2.1.0 (.NET 9.0.0)' }],
  ['the AI SDK’s OpenAI model called by itself', { 'user-agent': 'ai-sdk-openai/4.0.118' }],
])('knows %s by its headers', (_client, headers) => {
  expect(dialectOf(headers, 'Ahoy')).toBe('openai');
});

it('takes a client that says nothing of itself for Mistral’s', () => {
  expect(dialectOf({}, 'Ahoy')).toBe('mistral');
  expect(dialectOf({ 'user-agent': 'mistral-client-typescript/2.7.0' }, 'Ahoy')).toBe('mistral');
});

it('tells the AI SDK’s providers apart by how they write a user’s message', () => {
  const image = 'data:image/png;base64,AA==';
  expect(dialectOf(AI_SDK, 'Ahoy')).toBe('openai');
  expect(dialectOf(AI_SDK, [{ type: 'image_url', image_url: { url: image } }])).toBe('openai');
  expect(dialectOf(AI_SDK, [{ type: 'text', text: 'Ahoy' }])).toBe('mistral');
  expect(dialectOf(AI_SDK, [{ type: 'image_url', image_url: image }])).toBe('mistral');
});

it('leaves a dialect that the path has fixed', () => {
  const bytes = Buffer.from('{"model":"m","messages":[{"role":"user","content":"Ahoy"}]}');
  const client = readClientRequest('chat', 'openai', bytes);
  expect(withDialectByHabit(client, AI_SDK)).toBe(client);
});

it('leaves the text of a large body unread until it is needed', () => {
  // The mistake shows when the text is read, and not before.
  const text = `${'wind '.repeat(4000)}\\x`;
  const bytes = Buffer.from(`{"model":"m","messages":[{"role":"user","content":"${text}"}]}`);
  const client = withDialectByHabit(readClientRequest('chat', 'auto', bytes), AI_SDK);
  expect(client).toMatchObject({ dialect: 'openai', model: 'm', includeUsage: false });
  expect(() => client.json).toThrow(expect.objectContaining({ code: 'GW_BAD_JSON' }));
});
