import { scriptedFleet, seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, test } from 'vitest';
import { settingsOf } from './fixtures/open-gateway.ts';
import { Routes } from './routes.ts';

async function routesOf(routes: object, previous?: Routes) {
  const keys = [{ name: 'a', secret: 'env:KEY_A' }];
  const providers = {
    mistral: { dialect: 'mistral', baseUrl: 'http://127.0.0.1:9', keys },
    backup: { dialect: 'openai', baseUrl: 'http://127.0.0.1:9', keys },
  };
  const settings = await settingsOf({ providers, routes });
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const { fleet } = scriptedFleet(
    { clock, rng },
    {
      mistral: { keys: ['a', 'b'], script: () => [] },
      backup: { dialect: 'openai', keys: ['main'], script: () => [] },
    },
  );
  return { fleet, routes: new Routes({ clock, rng, fleet }, settings.routes, previous) };
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
    // The same each time, because a picker remembers a pool by its list.
    expect(routes.find('mistral/any')).toBe(routes.find('mistral/any'));
    expect(routes.find('mistral/any')).not.toBe(routes.find('mistral/large'));
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

describe('a route', () => {
  const hedged = { ...NAMED.large, hedge: { maxShare: 0.1 } };

  test('has the picker of its config, adaptive unless it says another, whichever name it is asked for by', async () => {
    const { routes } = await routesOf({
      ...NAMED,
      few: { ...NAMED.large, picker: 'least-in-flight' },
      any: { ...NAMED.large, picker: 'weighted-random' },
    });
    const names = ['large', 'mistral/large', 'made-up', 'few', 'backup/few', 'any'];
    expect(names.map((name) => routes.find(name).picker.name)).toEqual([
      'adaptive',
      'adaptive',
      'adaptive',
      'least-in-flight',
      'least-in-flight',
      'weighted-random',
    ]);
  });

  test('hedges only where its config says so, a pinned name together with its route', async () => {
    const { routes } = await routesOf({ ...NAMED, hedged });
    expect(routes.find('large').hedging).toBeUndefined();
    expect(routes.find('hedged').hedging).toBeDefined();
    expect(routes.find('mistral/hedged').hedging).toBe(routes.find('hedged').hedging);
  });

  test('keeps what its hedging has learned over a reload that leaves its hedging alone', async () => {
    const { routes: before } = await routesOf({ ...NAMED, hedged, other: hedged, gone: hedged });
    const { routes: after } = await routesOf(
      {
        hedged: { ...hedged, retries: { maxAttempts: 2 } },
        other: { ...hedged, hedge: { maxShare: 0.2 } },
        gone: NAMED.large,
        large: hedged,
      },
      before,
    );
    expect(after.find('hedged').hedging).toBe(before.find('hedged').hedging);
    expect(after.find('other').hedging).not.toBe(before.find('other').hedging);
    expect(after.find('gone').hedging).toBeUndefined();
    expect(after.find('large').hedging).toBeDefined();
  });

  test('keeps the models of the wildcard over a reload, the last used last, with what their hedging has learned', async () => {
    const wildcard = { ...NAMED, '*': hedged };
    const { routes: before } = await routesOf(wildcard);
    for (const model of ['one', 'two', 'named', 'one']) before.find(model);
    const { routes: after, fleet } = await routesOf({ ...wildcard, named: NAMED.large }, before);
    expect(after.views.filter(({ name }) => name === '*').map(({ model }) => model)).toEqual(['one', 'two']);
    expect(after.find('one').hedging).toBe(before.find('one').hedging);
    expect(fleet.target('mistral/a/two')).toBeDefined();
  });

  test('forgets the models of a wildcard that is gone', async () => {
    const { routes: before } = await routesOf(NAMED);
    before.find('one');
    const { routes: after, fleet } = await routesOf({ large: NAMED.large }, before);
    expect(() => after.find('one')).toThrow('there is no "*" route');
    expect(fleet.target('mistral/a/one')).toBeUndefined();
  });
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
