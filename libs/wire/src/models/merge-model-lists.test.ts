import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../wire.ts';
import { mergeModelLists } from './merge-model-lists.ts';

const mistral = {
  object: 'list',
  data: [
    {
      id: 'mistral-large-latest',
      object: 'model',
      created: 7,
      owned_by: 'mistralai',
      capabilities: { completion_chat: true, vision: true },
      type: 'base',
      max_context_length: 262_144,
    },
  ],
};
const openai = {
  object: 'list',
  data: [
    { id: 'gpt-5-mini', object: 'model', created: 9, owned_by: 'openai' },
    { id: 'mistral-large-latest', owned_by: 'someone' },
  ],
};
const lists = [
  { provider: 'mistral', json: mistral },
  { provider: 'backup', json: openai },
] as const;

describe('mergeModelLists', () => {
  it('lists the routes first, then the rest, each id once, the first provider’s entry', () => {
    const route = { id: 'fast', object: 'model', created: 0, owned_by: 'leeward' };
    const merged = mergeModelLists(lists, ['fast', 'mistral-large-latest', '*'], 'openai');
    expect(merged).toEqual({ object: 'list', data: [route, mistral.data[0], openai.data[0]] });
  });

  it('gives Mistral’s clients the fields they insist on', () => {
    const { data } = mergeModelLists(lists, ['fast'], 'mistral');
    expect(data).toMatchObject([
      { id: 'fast', type: 'base', capabilities: { completion_chat: true }, aliases: [] },
      { id: 'mistral-large-latest', capabilities: { vision: true }, max_context_length: 262_144 },
      { id: 'gpt-5-mini', type: 'base', capabilities: { completion_chat: true } },
    ]);
  });

  it('takes nothing from an answer that is no list, and never throws', () => {
    expect(mergeModelLists([{ provider: 'x', json: { error: 'no' } }], [], 'openai').data).toEqual([]);
    fc.assert(
      fc.property(
        fc.jsonValue(),
        (json) =>
          void mergeModelLists([{ provider: 'x', json: JSON.parse(JSON.stringify(json)) as Json }], ['a'], 'mistral'),
      ),
    );
  });
});
