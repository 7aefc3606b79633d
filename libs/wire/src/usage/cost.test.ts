import { describe, expect, it } from 'vitest';
import { jsonFixture } from '../fixtures/read-fixture.ts';
import { isObject, listOf } from '../json.ts';
import type { Usage } from '../wire.ts';
import { costUsd } from './cost.ts';
import { prices } from './prices.ts';

const usage = (fields: Partial<Usage>): Usage => ({
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  ...fields,
});
const million = 1_000_000;

describe('costUsd', () => {
  it('bills prompt and completion at their prices per million', () => {
    expect(costUsd('mistral-large-latest', usage({ promptTokens: million, completionTokens: million }))).toBeCloseTo(2);
    expect(costUsd('mistral-medium-latest', usage({ promptTokens: million, completionTokens: million }))).toBeCloseTo(
      9,
    );
  });

  it('bills cached tokens at a tenth, and never more of them than there were', () => {
    expect(costUsd('zai-glm-5-2', usage({ promptTokens: million, cachedTokens: million }))).toBeCloseTo(0.14);
    expect(costUsd('mistral-small-latest', usage({ promptTokens: 2 * million, cachedTokens: million }))).toBeCloseTo(
      0.165,
    );
    expect(costUsd('mistral-small-latest', usage({ promptTokens: million, cachedTokens: 5 * million }))).toBeCloseTo(
      0.015,
    );
  });

  it('bills the priority tier at its factor', () => {
    expect(costUsd('mistral-small-latest', usage({ promptTokens: million, serviceTier: 'priority' }))).toBeCloseTo(
      0.2625,
    );
  });

  it('has no figure for a model it has no price of, and zero for a free one', () => {
    expect(costUsd('gpt-5-mini', usage({ promptTokens: 1 }))).toBeUndefined();
    expect(costUsd('constructor', usage({ promptTokens: 1 }))).toBeUndefined();
    expect(costUsd('labs-leanstral-1-5', usage({ promptTokens: million }))).toBe(0);
  });

  it('has the price of every model card that is billed by tokens', () => {
    const cards = listOf(jsonFixture('model-cards.json')).filter(isObject);
    const differing = cards.flatMap((card) =>
      listOf(card.names)
        .filter((name) => typeof name === 'string')
        // The name has moved on to a model that is billed by the minute.
        .filter((name) => name !== 'voxtral-mini-latest')
        .filter((name) => prices.get(name)?.input !== card.input || prices.get(name)?.output !== card.output),
    );
    expect(cards.length).toBeGreaterThan(30);
    expect(differing).toEqual([]);
  });

  it('has the prices that were published after the cards', () => {
    expect(prices.get('mistral-large-4')).toEqual({ input: 1.36, output: 4.18 });
    expect(prices.get('mistral-medium-2604')).toEqual({ input: 1.5, output: 7.5 });
    expect(prices.get('zai-glm-5-3')).toEqual({ input: 1.4, output: 4.4 });
  });
});
