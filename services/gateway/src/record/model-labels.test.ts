import { expect, test } from 'vitest';
import { oneProvider, settingsOf } from '../fixtures/open-gateway.ts';
import { modelLabels } from './model-labels.ts';

test('a label names what the config names and what has a list price; whatever a client makes up is other', async () => {
  const routes = {
    mine: { pools: [[{ provider: 'mistral' }], [{ provider: 'mistral', model: 'tuned-1' }]] },
    '*': { pools: [[{ provider: 'mistral' }]] },
  };
  const { routes: configured } = await settingsOf(oneProvider('http://127.0.0.1:9', { routes }));
  const label = modelLabels(configured);
  for (const known of ['mine', 'tuned-1', 'mistral-small-latest']) expect(label(known)).toBe(known);
  for (const made of ['', 'made-up', 'Mine', 'mistral-small-latest-2', '__proto__', 'constructor']) {
    expect(label(made)).toBe('other');
  }
});
