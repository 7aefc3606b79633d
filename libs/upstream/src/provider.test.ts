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

  it('keeps a bounded number of names, however many clients make up', () => {
    const provider = setUp();
    const quotas = new Set<unknown>();
    const gone = new Set<unknown>();
    for (let name = 0; name < 5000; name++) {
      quotas.add(provider.quota('w1', `made-up-${name}`));
      gone.add(provider.goneModel(`made-up-${name}`));
    }
    expect(quotas.size).toBeLessThanOrEqual(1025);
    expect(gone.size).toBeLessThanOrEqual(1025);
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
