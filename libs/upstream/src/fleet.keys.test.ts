import { Secret } from '@leeward/kernel';
import { describe, expect, it } from 'vitest';
import { ASK, openFleets, trip, withKeys } from './fixtures/open-fleets.ts';
import type { Fleet } from './fleet.ts';
import type { ProviderOptions } from './options.ts';
import { fault, OK } from './outcome.ts';
import type { Target } from './target.ts';

const ENTRY = { provider: 'mistral', model: 'large', weight: 1 };

describe('a reload that changes keys alone', () => {
  const LIMITS = { 'x-ratelimit-limit-req-minute': '60', 'x-ratelimit-remaining-req-minute': '41' };

  /** Something is learned of `kept`: its speed, its quota, its breaker; and of `other` its breaker. */
  async function learned(...keys: readonly string[]) {
    const set = openFleets();
    const before = set.fleet({ mistral: withKeys(...keys) });
    before.pool([ENTRY]);
    const kept = before.target('mistral/kept/large');
    const lease = kept?.enter(ASK);
    await set.clock.advance(700);
    lease?.begun();
    lease?.settle(OK);
    await trip(set.clock, before, 'mistral/kept/large');
    await trip(set.clock, before, 'mistral/other/large');
    kept?.observe(LIMITS, set.clock.nowMs());
    const reload = async (to: ProviderOptions) => {
      const after = set.fleet({ mistral: to }, before);
      const pool = after.pool([ENTRY]);
      after.prune();
      await before.retire(after);
      return { after, pool };
    };
    return { ...set, before, kept, reload };
  }

  function expectKept(target: Target | undefined): void {
    expect(target?.view()).toMatchObject({
      state: 'breaker-open',
      firstTokenMs: 700,
      quota: { requestsPerMinute: 60, requestsRemaining: 41 },
    });
    expect(target?.view().faultShare).toBeGreaterThan(0);
  }

  it('keeps what was learned of the others when one is added', async () => {
    const { kept, reload, transports } = await learned('kept', 'other');
    const { pool } = await reload(withKeys('kept', 'other', 'added'));
    expect(pool.map(({ id, target }) => [id, target.state])).toEqual([
      ['mistral/kept/large', 'breaker-open'],
      ['mistral/other/large', 'breaker-open'],
      ['mistral/added/large', 'available'],
    ]);
    expect(pool[0]?.target).toBe(kept);
    expectKept(pool[0]?.target);
    expect(transports.map(({ closed }) => closed)).toEqual([false]);
  });

  it('keeps what was learned of the others when one is removed, and leaves no timer of that one', async () => {
    const { clock, kept, reload, transports } = await learned('kept', 'other');
    expect(clock.pending).toBe(2);
    const { after, pool } = await reload(withKeys('kept'));
    expect(pool.map(({ target }) => target === kept)).toEqual([true]);
    expectKept(pool[0]?.target);
    expect([after.targets.length, clock.pending]).toEqual([1, 1]);
    expect(transports.map(({ closed }) => closed)).toEqual([false]);
  });

  it.each([
    ['secret', { secret: new Secret('another') }],
    ['bound', { maxInFlight: 7 }],
    ['weight', { weight: 3 }],
    ['quota group', { quotaGroup: 'w2' }],
  ])('starts a key anew whose %s changed, and keeps the others', async (_what, change) => {
    const { clock, reload, transports } = await learned('kept', 'other');
    const unchanged = withKeys('kept', 'other');
    const keys = unchanged.keys.map((key) => (key.name === 'other' ? { ...key, ...change } : key));
    const { pool } = await reload({ ...unchanged, keys });
    expect(pool.map(({ target }) => target.state)).toEqual(['breaker-open', 'available']);
    expectKept(pool[0]?.target);
    expect(pool[1]?.target.view()).toMatchObject({ firstTokenMs: undefined, faultShare: 0 });
    expect([transports.length, transports[0]?.closed, clock.pending]).toEqual([1, false, 1]);
  });

  it('sends with the new secret, over the sockets there are', async () => {
    const { reload, transports } = await learned('kept', 'other');
    const before = withKeys('kept', 'other');
    const keys = before.keys.map((key) => ({ ...key, secret: new Secret(`${key.name}-renewed`) }));
    const { pool } = await reload({ ...before, keys });
    const receiver = { onSent: noop, onHead: noop, onData: noop, onEnd: noop, onFailure: noop };
    for (const { target } of pool) target.send('/v1/chat/completions', 'application/json', Buffer.from('{}'), receiver);
    expect(transports.map(({ calls }) => calls.map(({ key }) => key))).toEqual([['kept-renewed', 'other-renewed']]);
  });

  it('keeps a rejected key put aside, and lets its successor be asked', async () => {
    const { before, reload, clock } = await learned('kept', 'other', 'rejected');
    before.target('mistral/rejected/large')?.enter(ASK)?.settle({ kind: 'credentials' });
    await clock.advance(0);
    const { after } = await reload(withKeys('kept', 'rejected'));
    expect(after.target('mistral/rejected/large')?.state).toBe('key-quarantined');
    const renewed = withKeys('kept', 'rejected').keys.map((key) => ({ ...key, secret: new Secret('new') }));
    const again = new Set(
      (await reload({ ...withKeys('kept'), keys: renewed })).pool.map(({ target }) => target.state),
    );
    expect(again).toEqual(new Set(['available']));
  });
});

describe('a reload that removes keys while exchanges run', () => {
  /** A fleet that serves, and what reloads it without retiring anything yet. */
  function serving(...keys: readonly string[]) {
    const set = openFleets();
    const reload = (previous: Fleet | undefined, ...names: readonly string[]) => {
      const made = set.fleet({ mistral: withKeys(...names) }, previous);
      const pool = made.pool([ENTRY]);
      made.prune();
      return { made, pool };
    };
    return { ...set, reload, first: reload(undefined, ...keys) };
  }

  const target = (fleet: Fleet, key: string): Target => {
    const found = fleet.target(`mistral/${key}/large`);
    if (found === undefined) throw new Error(`no target of ${key}`);
    return found;
  };

  it('lets them use the removed ones until the old fleet is retired', async () => {
    const { clock, first, reload } = serving('kept', 'removed');
    const removed = target(first.made, 'removed');
    const second = reload(first.made, 'kept');
    expect(second.made.target('mistral/removed/large')).toBeUndefined();
    const lease = removed.enter(ASK);
    lease?.begun();
    lease?.settle(OK);
    await clock.advance(0);
    expect([lease === undefined, removed.state]).toEqual([false, 'available']);
    await first.made.retire(second.made);
    expect([removed.available, target(second.made, 'kept').state]).toEqual([false, 'available']);
  });

  it('puts a removed key aside when it is rejected, probes it, and leaves no timer of it', async () => {
    const { clock, first, reload } = serving('kept', 'removed');
    const removed = target(first.made, 'removed');
    const second = reload(first.made, 'kept');
    removed.enter(ASK)?.settle({ kind: 'credentials' });
    await clock.advance(0);
    expect([removed.state, clock.pending]).toEqual(['key-quarantined', 1]);
    await clock.advance(removed.freeInMs);
    removed.enter(ASK)?.settle({ kind: 'credentials' });
    await clock.advance(0);
    expect([removed.state, clock.pending]).toEqual(['key-quarantined', 1]);
    await first.made.retire(second.made);
    expect(clock.pending).toBe(0);
  });

  it('twice in a row, leaves what stays usable by all of them, and nothing of what went', async () => {
    const { clock, transports, first, reload } = serving('one', 'two', 'kept');
    const [one, two, kept] = [target(first.made, 'one'), target(first.made, 'two'), target(first.made, 'kept')];
    const lease = one.enter(ASK);
    const second = reload(first.made, 'two', 'kept');
    const third = reload(second.made, 'kept');
    expect([target(second.made, 'two'), target(third.made, 'kept')]).toEqual([two, kept]);
    expect([one, two, kept].map(({ state }) => state)).toEqual(['available', 'available', 'available']);
    lease?.settle(fault('reset'));
    for (const held of [one, two, kept]) {
      const again = held.enter(ASK);
      expect(again).toBeDefined();
      again?.settle(held === kept ? OK : { kind: 'credentials' });
    }
    await clock.advance(0);
    expect([one, two, kept].map(({ state }) => state)).toEqual(['key-quarantined', 'key-quarantined', 'available']);
    await first.made.retire(second.made);
    expect([one.available, kept.available]).toEqual([false, true]);
    await second.made.retire(third.made);
    expect([two.available, kept.available, clock.pending]).toEqual([false, true, 0]);
    expect(transports.map(({ closed }) => closed)).toEqual([false]);
    expect(third.pool.map(({ id, available }) => [id, available])).toEqual([['mistral/kept/large', true]]);
    await third.made.retire();
    expect([transports[0]?.closed, clock.pending]).toEqual([true, 0]);
  });

  it('starts a key anew that is removed and comes back, whatever became of the former one', async () => {
    const { clock, first, reload } = serving('kept', 'gone');
    const former = target(first.made, 'gone');
    const second = reload(first.made, 'kept');
    former.enter(ASK)?.settle({ kind: 'credentials' });
    await clock.advance(0);
    const third = reload(second.made, 'kept', 'gone');
    expect([former.state, target(third.made, 'gone').state]).toEqual(['key-quarantined', 'available']);
    await first.made.retire(second.made);
    await second.made.retire(third.made);
    expect([target(third.made, 'gone').state, clock.pending]).toEqual(['available', 0]);
  });
});

function noop(): void {}
