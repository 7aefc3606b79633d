import { ScriptedTransport, scriptedProviderOptions, seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { Provider } from './provider.ts';

const optionsOf = (...keys: readonly string[]) => scriptedProviderOptions({ keys });

function setUp(mayProbe?: () => boolean) {
  const clock = new VirtualClock();
  const deps = {
    clock,
    rng: seededRng(1),
    transport: new ScriptedTransport(clock, () => []),
    onKeyRejected: () => undefined,
    mayProbe,
  };
  return { clock, provider: new Provider(deps, 'mistral', optionsOf('a:w1', 'b')) };
}

describe('Provider', () => {
  it('has one quota for a group and model', () => {
    const { provider } = setUp();
    expect(provider.quota('w1', 'large')).toBe(provider.quota('w1', 'large'));
    expect(provider.quota('w1', 'large')).not.toBe(provider.quota('w1', 'small'));
    expect(provider.quota('w1', 'large')).not.toBe(provider.quota('w2', 'large'));
  });

  it('forgets the names asked for the longest ago, however many clients make up', () => {
    const { provider } = setUp();
    const [oldQuota, oldGone] = [provider.quota('w1', 'old'), provider.goneModel('old')];
    const [quota, gone] = [provider.quota('w1', 'large'), provider.goneModel('large')];
    for (let name = 0; name < 1023; name++) {
      provider.quota('w1', `made-up-${name}`);
      provider.goneModel(`made-up-${name}`);
    }
    expect([provider.quota('w1', 'large') === quota, provider.goneModel('large') === gone]).toEqual([true, true]);
    expect([provider.quota('w1', 'old') === oldQuota, provider.goneModel('old') === oldGone]).toEqual([false, false]);
  });

  it('never lets one made-up name put another model away', () => {
    const { provider } = setUp();
    for (let name = 0; name < 2000; name++) {
      provider.goneModel(`made-up-${name}`).order(60_000);
      provider.quota('w1', `made-up-${name}`).cooldown.order(60_000);
    }
    expect([provider.goneModel('large').active, provider.quota('w1', 'large').cooldown.active]).toEqual([false, false]);
  });

  it('takes a key without a quota group to have one of its own', () => {
    expect(setUp().provider.keys.map(({ name, quotaGroup }) => [name, quotaGroup])).toEqual([
      ['a', 'w1'],
      ['b', 'b'],
    ]);
  });

  it('keeps the keys that did not change, in the order of the new options', () => {
    const { provider } = setUp();
    const [a, b] = provider.keys;
    provider.adopt(optionsOf('c', 'b', 'a:w1'));
    expect(provider.keys.map(({ name }) => name)).toEqual(['c', 'b', 'a']);
    expect([provider.keys[1] === b, provider.keys[2] === a]).toEqual([true, true]);
    provider.adopt(optionsOf('a:w2', 'b'));
    expect([provider.keys[0] === a, provider.keys[1] === b]).toEqual([false, true]);
  });

  it('leaves a key’s probes to another node for an hour while others of its keys are in use, and for one wait while none is', async () => {
    const { clock, provider } = setUp(() => false);
    const [a, b] = provider.keys;
    a?.quarantine.trip('by-operator');
    await clock.advance(3_600_000 - 1);
    expect(a?.quarantine.state).toBe('open');
    await clock.advance(20_000);
    expect(a?.quarantine.state).toBe('half-open');
    b?.quarantine.trip('by-operator');
    await clock.advance(2 * (b?.quarantine.probeInMs ?? 0));
    expect(b?.quarantine.state).toBe('half-open');
    provider.adopt(scriptedProviderOptions({ keys: ['c:w1', 'd'] }));
    provider.keys[1]?.quarantine.trip('by-operator');
    await clock.advance(60_000);
    expect(provider.keys[1]?.quarantine.state).toBe('open');
  });

  it('leaves no timer of its keys when it is closed', async () => {
    const { clock, provider } = setUp();
    for (const key of provider.keys) key.quarantine.trip('by-operator');
    await provider.close();
    expect(clock.pending).toBe(0);
  });

  it('does not trip over model names that objects have by themselves', () => {
    const { provider } = setUp();
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(provider.quota(name, name).ledger.view.requestsPerMinute).toBeUndefined();
    }
  });
});
