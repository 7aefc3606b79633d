import { scriptedProviderOptions } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { ASK, openFleets, trip, withKeys } from './fixtures/open-fleets.ts';
import { OK } from './outcome.ts';

const entry = (provider: string, model = 'large', weight = 1) => ({ provider, model, weight });

describe('Fleet', () => {
  it('makes one target for each key of an entry’s provider, with the weights multiplied', () => {
    const { fleet } = openFleets();
    const pool = fleet({ mistral: withKeys('a', 'b') }).pool([entry('mistral', 'large', 3)]);
    expect(pool.map(({ id, weight }) => [id, weight])).toEqual([
      ['mistral/a/large', 3],
      ['mistral/b/large', 3],
    ]);
  });

  it('gives every pool the same target, so that a breaker is open for all', async () => {
    const { clock, fleet } = openFleets();
    const made = fleet({ mistral: withKeys('a') });
    const [one, two] = [made.pool([entry('mistral')]), made.pool([entry('mistral')])];
    expect(one[0]?.target).toBe(two[0]?.target);
    await trip(clock, made, 'mistral/a/large');
    expect([one[0]?.available, two[0]?.available]).toEqual([false, false]);
  });

  it('lets go of a target with the last pool that holds it', async () => {
    const { clock, fleet } = openFleets();
    const made = fleet({ mistral: withKeys('a') });
    const pools = [made.pool([entry('mistral')]), made.pool([entry('mistral')])];
    await trip(clock, made, 'mistral/a/large');
    expect(clock.pending).toBe(1);
    made.release(pools[0] ?? []);
    expect([made.targets.length, clock.pending]).toEqual([1, 1]);
    made.release(pools[1] ?? []);
    expect([made.targets.length, clock.pending]).toEqual([0, 0]);
  });

  it('leaves entries of unknown providers out', () => {
    expect(
      openFleets()
        .fleet({})
        .pool([entry('nobody')]),
    ).toEqual([]);
  });
});

describe('a reload', () => {
  it('keeps all that was learned of a provider whose options did not change', async () => {
    const { clock, transports, fleet } = openFleets();
    const before = fleet({ mistral: withKeys('a', 'b') });
    before.pool([entry('mistral')]);
    await trip(clock, before, 'mistral/a/large');
    const after = fleet({ mistral: withKeys('a', 'b') }, before);
    const pool = after.pool([entry('mistral'), entry('mistral', 'small')]);
    after.prune();
    await before.retire(after);
    expect(pool.map(({ target }) => target.state)).toEqual(['breaker-open', 'available', 'available', 'available']);
    expect([transports.length, transports[0]?.closed]).toEqual([1, false]);
    await clock.advance(1000);
    expect(pool[0]?.available).toBe(true);
  });

  it.each([
    ['a base URL', () => ({ ...withKeys('a'), baseUrl: 'https://elsewhere.test' })],
    ['a breaker’s option', () => scriptedProviderOptions({ keys: ['a'], breaker: { minSamples: 7 } })],
  ])('makes a provider anew when %s changed', async (_what, changed) => {
    const { clock, transports, fleet } = openFleets();
    const before = fleet({ mistral: withKeys('a') });
    before.pool([entry('mistral')]);
    await trip(clock, before, 'mistral/a/large');
    const after = fleet({ mistral: changed() }, before);
    const pool = after.pool([entry('mistral')]);
    after.prune();
    expect(transports.map(({ closed }) => closed)).toEqual([false, false]);
    await before.retire(after);
    expect(transports.map(({ closed }) => closed)).toEqual([true, false]);
    expect([pool[0]?.available, clock.pending]).toEqual([true, 0]);
  });

  it('cuts no running call of what it retires', async () => {
    const { clock, transports, fleet } = openFleets();
    const before = fleet({ mistral: withKeys('a') });
    const target = before.pool([entry('mistral')])[0]?.target;
    const lease = target?.enter(ASK);
    const heard: string[] = [];
    target?.send('/v1/chat/completions', 'application/json', Buffer.from('{}'), {
      onSent: () => heard.push('sent'),
      onHead: () => heard.push('head'),
      onData: () => heard.push('data'),
      onEnd: () => heard.push('end'),
      onFailure: () => heard.push('failure'),
    });
    const after = fleet({ other: withKeys('z') }, before);
    await before.retire(after);
    expect([transports[0]?.calls[0]?.open, heard]).toEqual([true, []]);
    lease?.settle(OK);
    await clock.advance(0);
    expect([target?.inFlight, clock.pending]).toEqual([0, 0]);
  });

  it('forgets the targets that no pool uses any more', async () => {
    const { clock, fleet } = openFleets();
    const before = fleet({ mistral: withKeys('a') });
    before.pool([entry('mistral'), entry('mistral', 'old')]);
    await trip(clock, before, 'mistral/a/old');
    const after = fleet({ mistral: withKeys('a') }, before);
    after.pool([entry('mistral')]);
    after.prune();
    await before.retire(after);
    expect([after.targets.map(({ id }) => id), clock.pending]).toEqual([['mistral/a/large'], 0]);
  });

  it('leaves what running exchanges hold usable until the old fleet is retired', async () => {
    const { fleet } = openFleets();
    const before = fleet({ mistral: withKeys('a', 'b') });
    const held = before.pool([entry('mistral', 'old')]);
    const after = fleet({ mistral: withKeys('a', 'b') }, before);
    after.pool([entry('mistral')]);
    after.prune();
    expect(held.map(({ available }) => available)).toEqual([true, true]);
    await before.retire(after);
    expect(held.map(({ available }) => available)).toEqual([false, false]);
  });

  it('closes no key that the next fleet still has, when two reloads overlap', async () => {
    const { clock, fleet } = openFleets();
    const first = fleet({ mistral: withKeys('one', 'two', 'kept') });
    first.pool([entry('mistral')]);
    const second = fleet({ mistral: withKeys('two', 'kept') }, first);
    const held = second.pool([entry('mistral')]);
    const third = fleet({ mistral: withKeys('kept') }, second);
    third.pool([entry('mistral')]);
    await first.retire(second);
    // A key that was put away admits nothing more.
    const two = held.find(({ target }) => target.key.name === 'two');
    expect(two?.available).toBe(true);
    two?.target.enter(ASK)?.settle({ kind: 'credentials' });
    expect([two?.target.state, clock.pending]).toEqual(['key-quarantined', 1]);
    await second.retire(third);
    expect(clock.pending).toBe(0);
    await third.retire();
  });

  it('closes no target that a later fleet has taken over, when its own pool is released', async () => {
    const { fleet } = openFleets();
    const before = fleet({ mistral: withKeys('a') });
    const held = before.pool([entry('mistral')]);
    const after = fleet({ mistral: withKeys('a') }, before);
    const taken = after.pool([entry('mistral')]);
    before.release(held);
    expect(taken.map(({ available }) => available)).toEqual([true]);
    after.release(taken);
    expect(taken.map(({ available }) => available)).toEqual([false]);
  });

  it('retires everything when there is no successor', async () => {
    const { clock, transports, fleet } = openFleets();
    const made = fleet({ mistral: withKeys('a'), backup: withKeys('z') });
    made.pool([entry('mistral'), entry('backup')]);
    await trip(clock, made, 'mistral/a/large');
    await made.retire();
    expect([transports.every(({ closed }) => closed), clock.pending]).toEqual([true, 0]);
  });
});

describe('a provider whose targets failed together', () => {
  it('is probed everywhere soon after one of them has recovered', async () => {
    const { clock, fleet } = openFleets();
    const keys = ['a', 'b', 'c', 'd'];
    const slowly = { breaker: { probeAfterMs: 60_000 } };
    const made = fleet({
      mistral: scriptedProviderOptions({ keys, ...slowly }),
      backup: scriptedProviderOptions({ keys: ['z'], ...slowly }, 'backup'),
    });
    made.pool([entry('mistral'), entry('mistral', 'small'), entry('backup')]);
    for (const { id } of made.targets) await trip(clock, made, id);
    const target = (id: string) => made.target(id)?.view();
    const waits = () => made.targets.map((one) => one.view().breaker.nextProbeInMs ?? 0);
    expect(Math.min(...waits())).toBeGreaterThan(20_000);
    made.target('mistral/a/large')?.enterInPanic(ASK)?.settle(OK);
    await clock.advance(0);
    expect(target('mistral/a/large')?.breaker.state).toBe('closed');
    for (const { id } of made.targets) {
      if (id.startsWith('mistral/')) expect(target(id)?.freeInMs).toBeLessThanOrEqual(2000);
      else expect(target(id)?.freeInMs).toBeGreaterThan(20_000);
    }
    await clock.advance(2000);
    const states = made.targets.map(({ id, state }) => [id.split('/')[0], state]);
    expect(new Set(states.map(String))).toEqual(new Set(['mistral,available', 'backup,breaker-open']));
    // Once they are well, there is nobody left to be told, and nothing that waits.
    for (const { id } of made.targets) made.target(id)?.enter(ASK)?.settle(OK);
    await clock.advance(0);
    expect([made.provider('mistral')?.ailing.size, clock.pending]).toEqual([0, 1]);
  });

  it('is forgiven everywhere when the first of them recovers, and not when one had failed alone', async () => {
    for (const together of [true, false]) {
      const { clock, fleet } = openFleets();
      const made = fleet({ mistral: withKeys('a', 'b') });
      made.pool([entry('mistral')]);
      await trip(clock, made, 'mistral/a/large');
      if (together) await trip(clock, made, 'mistral/b/large');
      made.target('mistral/a/large')?.enterInPanic(ASK)?.settle(OK);
      await clock.advance(0);
      const shares = made.targets.map((target) => target.view().faultShare);
      if (together) expect(shares).toEqual([0, 0]);
      else expect(shares[0]).toBeGreaterThan(0.3);
      await made.retire();
    }
  });

  it('is told of no target that is gone', async () => {
    const { clock, fleet } = openFleets();
    const made = fleet({ mistral: withKeys('a', 'b') });
    const pool = made.pool([entry('mistral')]);
    await trip(clock, made, 'mistral/a/large');
    expect(made.provider('mistral')?.ailing.size).toBe(1);
    made.release(pool);
    expect([made.provider('mistral')?.ailing.size, clock.pending]).toEqual([0, 0]);
  });
});
