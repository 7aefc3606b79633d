import { scriptedFleet, seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, test } from 'vitest';
import { settingsOf } from './fixtures/open-gateway.ts';
import { Routes } from './routes.ts';

async function routesOf(routes: object) {
  const keys = [{ name: 'a', secret: 'env:KEY_A' }];
  const providers = {
    mistral: { dialect: 'mistral', baseUrl: 'http://127.0.0.1:9', keys },
    backup: { dialect: 'openai', baseUrl: 'http://127.0.0.1:9', keys },
  };
  const settings = await settingsOf({ providers, routes });
  const { fleet } = scriptedFleet(
    { clock: new VirtualClock(), rng: seededRng(1) },
    {
      mistral: { keys: ['a', 'b'], script: () => [] },
      backup: { dialect: 'openai', keys: ['main'], script: () => [] },
    },
  );
  return { fleet, routes: new Routes(fleet, settings.routes) };
}

const targetsOf = (pools: readonly (readonly { id: string }[])[]) => pools.map((pool) => pool.map(({ id }) => id));

const NAMED = {
  large: { pools: [[{ provider: 'mistral' }], [{ provider: 'backup', model: 'gpt-5-mini' }]] },
  '*': { pools: [[{ provider: 'mistral' }]] },
};

describe('a model name', () => {
  test('that is a route’s leads to its pools, every key a target, the route’s name the model where none is given', async () => {
    const { routes } = await routesOf(NAMED);
    const route = routes.find('large');
    expect(route.name).toBe('large');
    expect(targetsOf(route.pools)).toEqual([['mistral/a/large', 'mistral/b/large'], ['backup/main/gpt-5-mini']]);
    expect(routes.find('large')).toBe(route);
    expect(routes.names).toEqual(['large']);
  });

  test('that no route has is the wildcard’s, under its own name, and the same each time', async () => {
    const { routes } = await routesOf(NAMED);
    const route = routes.find('new/model');
    expect(route.name).toBe('*');
    expect(targetsOf(route.pools)).toEqual([['mistral/a/new/model', 'mistral/b/new/model']]);
    expect(routes.find('new/model')).toBe(route);
  });

  test('that pins a provider leaves only its targets', async () => {
    const { routes } = await routesOf(NAMED);
    expect(targetsOf(routes.find('backup/large').pools)).toEqual([['backup/main/gpt-5-mini']]);
    expect(targetsOf(routes.find('mistral/large').pools)).toEqual([['mistral/a/large', 'mistral/b/large']]);
    expect(targetsOf(routes.find('mistral/any').pools)).toEqual([['mistral/a/any', 'mistral/b/any']]);
    expect(() => routes.find('backup/any')).toThrow(expect.objectContaining({ code: 'GW_UNKNOWN_MODEL' }));
  });

  test.each(['', 'mistral/', 'with space', 'line\nbreak', 'ünïcode', '\0'])(
    'that cannot be one is refused: %j',
    async (model) => {
      const { routes } = await routesOf(NAMED);
      expect(() => routes.find(model)).toThrow(expect.objectContaining({ code: 'GW_UNKNOWN_MODEL' }));
    },
  );
});

describe('ten thousand names', () => {
  test('leave state of the 256 used last, and of every route', async () => {
    const { routes, fleet } = await routesOf(NAMED);
    const kept = routes.find('kept');
    for (let number = 1; number <= 10_000; number++) {
      routes.find(`made-up-${number}`);
      if (number % 100 === 0) expect(routes.find('kept')).toBe(kept);
    }
    // Two keys for each wildcard model; the named route has two targets and its second pool one.
    expect(fleet.targets).toHaveLength(256 * 2 + 3);
    expect(fleet.target('mistral/a/kept')).toBe(kept.pools[0]?.[0]?.target);
    expect(fleet.target('mistral/a/made-up-1')).toBeUndefined();
    expect(fleet.target('mistral/a/made-up-10000')).toBeDefined();
    expect(fleet.target('backup/main/gpt-5-mini')).toBeDefined();
  });

  test('do not take a target away that a route uses as well', async () => {
    const { routes, fleet } = await routesOf({ ...NAMED, '*': { pools: [[{ provider: 'mistral', model: 'large' }]] } });
    for (let number = 1; number <= 300; number++) routes.find(`made-up-${number}`);
    expect(fleet.target('mistral/a/large')?.state).toBe('available');
  });
});
