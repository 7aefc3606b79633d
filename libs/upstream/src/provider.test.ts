import { ScriptedTransport, scriptedProviderOptions, seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { Provider } from './provider.ts';

function setUp() {
  const clock = new VirtualClock();
  const deps = {
    clock,
    rng: seededRng(1),
    transport: new ScriptedTransport(clock, () => []),
    onKeyRejected: () => undefined,
  };
  return new Provider(deps, 'mistral', scriptedProviderOptions({ keys: ['a:w1', 'b'] }));
}

describe('Provider', () => {
  it('has one quota for a group and model', () => {
    const provider = setUp();
    expect(provider.quota('w1', 'large')).toBe(provider.quota('w1', 'large'));
    expect(provider.quota('w1', 'large')).not.toBe(provider.quota('w1', 'small'));
    expect(provider.quota('w1', 'large')).not.toBe(provider.quota('w2', 'large'));
  });

  it('forgets the names asked for the longest ago, however many clients make up', () => {
    const provider = setUp();
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
    const provider = setUp();
    for (let name = 0; name < 2000; name++) {
      provider.goneModel(`made-up-${name}`).order(60_000);
      provider.quota('w1', `made-up-${name}`).cooldown.order(60_000);
    }
    expect([provider.goneModel('large').active, provider.quota('w1', 'large').cooldown.active]).toEqual([false, false]);
  });

  it('takes a key without a quota group to have one of its own', () => {
    expect(setUp().keys.map(({ name, quotaGroup }) => [name, quotaGroup])).toEqual([
      ['a', 'w1'],
      ['b', 'b'],
    ]);
  });

  it('does not trip over model names that objects have by themselves', () => {
    const provider = setUp();
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(provider.quota(name, name).reading.view.requestsPerMinute).toBeUndefined();
    }
  });
});
