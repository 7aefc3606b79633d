import { ScriptedTransport, scriptedFleet, scriptedProviderOptions, seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { CANCELLED, fault, OK, type Outcome } from './outcome.ts';
import type { Target } from './target.ts';
import type { UpstreamHeaders } from './transport.ts';

const ASK = { promptTokens: 1000, stream: true };

function setUp(keys: readonly string[] = ['a'], options: { models?: readonly string[]; maxInFlight?: number } = {}) {
  const clock = new VirtualClock();
  const scripted = scriptedFleet(
    { clock, rng: seededRng(1) },
    {
      mistral: {
        keys,
        script: () => [],
        ...(options.maxInFlight === undefined ? {} : { maxInFlight: options.maxInFlight }),
      },
    },
  );
  const { models = ['large'] } = options;
  scripted.fleet.pool(models.map((model) => ({ provider: 'mistral', model, weight: 1 })));
  const target = (key: string, model = 'large'): Target => {
    const found = scripted.fleet.target(`mistral/${key}/${model}`);
    if (found === undefined) throw new Error(`no target of ${key}`);
    return found;
  };
  const settle = async (key: string, outcome: Outcome, model = 'large') => {
    const lease = target(key, model).enter(ASK);
    if (lease === undefined) throw new Error(`${key} is ${target(key, model).state}`);
    lease.settle(outcome);
    await clock.advance(0);
  };
  /** Headers that came at once. */
  const observe = (key: string, headers: UpstreamHeaders) => target(key).observe(headers, clock.nowMs());
  return { clock, ...scripted, target, settle, observe };
}

const limited: Outcome = { kind: 'quota', never: false, retryAfterMs: 30_000 };

describe('Target', () => {
  it('counts what is in flight, which makes it dearer', () => {
    const { target } = setUp();
    const loads = [target('a').load];
    const leases = [1, 2, 3].map((inFlight) => {
      const lease = target('a').enter(ASK);
      expect(target('a').inFlight).toBe(inFlight);
      loads.push(target('a').load);
      return lease;
    });
    expect(loads.toSorted((a, b) => a - b)).toEqual(loads);
    expect(new Set(loads).size).toBe(4);
    for (const lease of leases) lease?.settle(OK);
    expect(target('a').inFlight).toBe(0);
  });

  it('is full at its bound, which opens no breaker', async () => {
    const { target, trips, clock } = setUp(['a'], { maxInFlight: 2 });
    const leases = [target('a').enter(ASK), target('a').enter(ASK)];
    for (let request = 0; request < 100; request++) expect(target('a').enter(ASK)).toBeUndefined();
    expect(target('a').state).toBe('full');
    for (const lease of leases) lease?.settle(OK);
    await clock.advance(0);
    expect([target('a').state, trips]).toEqual(['available', []]);
  });

  const verdicts: [Outcome, 'success' | 'fault' | 'neither'][] = [
    [OK, 'success'],
    [{ kind: 'caller-fault' }, 'success'],
    [fault('reset'), 'fault'],
    [fault('truncated'), 'fault'],
    [fault('deadline'), 'neither'],
    [fault('diverged'), 'neither'],
    [CANCELLED, 'neither'],
    [limited, 'neither'],
    [{ kind: 'capacity', retryAfterMs: undefined }, 'neither'],
    [{ kind: 'credentials' }, 'neither'],
    [{ kind: 'model-gone' }, 'neither'],
  ];
  it.each(verdicts)('%j is a %s to its breaker', async (outcome, verdict) => {
    const { target, settle } = setUp();
    await settle('a', outcome);
    const { samples, successShare } = target('a').view().breaker;
    expect([samples, samples === 0 ? 0 : successShare]).toEqual(
      { success: [1, 1], fault: [1, 0], neither: [0, 0] }[verdict],
    );
  });

  it('rests for as long as a fault’s or a full vendor’s retry-after says', async () => {
    const { target, settle, clock } = setUp(['a', 'b']);
    await settle('a', fault('status-5xx', 5000));
    await settle('b', { kind: 'capacity', retryAfterMs: 2000 });
    expect([target('a').state, target('a').freeInMs]).toEqual(['cooldown', 5000]);
    await clock.advance(2000);
    expect([target('a').state, target('b').state]).toEqual(['cooldown', 'available']);
    await clock.advance(3000);
    expect(target('a').state).toBe('available');
  });

  it('takes no new request while draining, and lets the running ones end', async () => {
    const { target, clock } = setUp();
    const lease = target('a').enter(ASK);
    target('a').drain();
    expect([target('a').state, target('a').enter(ASK)]).toEqual(['draining', undefined]);
    lease?.settle(OK);
    await clock.advance(0);
    expect(target('a').inFlight).toBe(0);
    target('a').undrain();
    expect(target('a').state).toBe('available');
  });

  it('gives the places it took back when another is not to be had', async () => {
    const { target, settle, clock } = setUp(['a'], { models: ['large', 'small'] });
    for (let failed = 0; failed < 5; failed++) await settle('a', fault('reset'));
    await settle('a', { kind: 'credentials' }, 'small');
    await clock.advance(10_000);
    expect([target('a').state, target('a', 'small').state]).toEqual(['available', 'available']);
    // One probe of the key at a time, whichever model makes it.
    const probe = target('a').enter(ASK);
    expect(target('a', 'small').state).toBe('key-quarantined');
    probe?.settle(CANCELLED);
    await clock.advance(0);
    expect([target('a').state, target('a', 'small').state]).toEqual(['available', 'available']);
  });

  it('never shows its secret', () => {
    const { target } = setUp(['topsecret']);
    const view = JSON.stringify(target('topsecret').view());
    expect(JSON.parse(view)).toMatchObject({
      id: 'mistral/topsecret/large',
      state: 'available',
      quotaGroup: 'topsecret',
    });
    expect(view.replaceAll('topsecret/', '').replaceAll('"key":"topsecret"', '')).not.toContain('Bearer');
  });

  it('sends the key and the provider’s own path', () => {
    const clock = new VirtualClock();
    const transport = new ScriptedTransport(clock, () => []);
    const { fleet } = scriptedFleet({ clock, rng: seededRng(1) }, { mistral: { keys: ['a'], script: () => [] } });
    const [member] = fleet.pool([{ provider: 'mistral', model: 'large', weight: 1 }]);
    expect(transport.calls).toEqual([]);
    const receiver = { onSent: noop, onHead: noop, onData: noop, onEnd: noop, onFailure: noop };
    const call = member?.target.send('/v1/chat/completions', 'text/event-stream', Buffer.from('{}'), receiver);
    expect(call).toMatchObject({
      path: '/v1/chat/completions',
      key: 'a',
      headers: { accept: 'text/event-stream', 'accept-encoding': 'identity', 'content-type': 'application/json' },
    });
  });
});

describe('a quota group', () => {
  it('rests as a whole for the model that was limited, and for that alone', async () => {
    const { target, settle, clock } = setUp(['a:w1', 'b:w1', 'c:w2'], { models: ['large', 'small'] });
    await settle('a', limited);
    expect(target('a').state).toBe('quota-cooldown');
    expect([target('b').state, target('b').freeInMs]).toEqual(['quota-cooldown', 30_000]);
    expect([target('c').state, target('a', 'small').state]).toEqual(['available', 'available']);
    await clock.advance(30_000);
    expect([target('a').state, target('b').state]).toEqual(['available', 'available']);
  });

  it('is of one key when none is named', async () => {
    const { target, settle } = setUp(['a', 'b']);
    await settle('a', limited);
    expect([target('a').state, target('b').state]).toEqual(['quota-cooldown', 'available']);
  });

  it('remembers what headers said, and what a refusal leaves out', () => {
    const { target, observe } = setUp(['a:w1', 'b:w1']);
    observe('a', {
      'x-ratelimit-limit-req-minute': '60',
      'x-ratelimit-remaining-req-minute': '59',
      'x-ratelimit-limit-tokens-minute': '1000',
      'x-ratelimit-remaining-tokens-minute': '900',
    });
    observe('a', { 'x-ratelimit-limit-tokens-minute': '1000', 'x-ratelimit-remaining-tokens-minute': '0' });
    observe('a', { 'content-type': 'text/event-stream' });
    observe('a', { 'x-ratelimit-limit-req-minute': 'many' });
    expect(target('b').view().quota).toEqual({
      requestsPerMinute: 60,
      requestsRemaining: 59,
      tokensPerMinute: 1000,
      tokensRemaining: 0,
      headroom: 0,
    });
  });

  it('is not asked while it is exhausted by our own count, before the vendor refuses', async () => {
    const { target, settle, observe, clock } = setUp(['a:w1', 'b:w1', 'c:w2']);
    observe('a', { 'x-ratelimit-limit-req-minute': '3' });
    await clock.advance(20_000);
    for (const key of ['a', 'b', 'a']) await settle(key, OK);
    expect([target('a').state, target('b').state, target('c').state]).toEqual([
      'quota-cooldown',
      'quota-cooldown',
      'available',
    ]);
    expect([target('b').enter(ASK), target('b').freeInMs, target('b').headroom]).toEqual([undefined, 40_000, 0]);
    await clock.advance(40_000);
    expect([target('a').state, target('b').state, target('b').headroom]).toEqual(['available', 'available', 1]);
  });

  it('is not told how many requests it has left by an answer to the minute before', async () => {
    const { target, observe, clock } = setUp();
    const askedAtMs = clock.nowMs();
    await clock.advance(60_000);
    const headers = { 'x-ratelimit-limit-req-minute': '60', 'x-ratelimit-remaining-req-minute': '0' };
    target('a').observe(headers, askedAtMs);
    expect([target('a').state, target('a').view().quota.requestsRemaining]).toEqual(['available', 60]);
    observe('a', headers);
    expect(target('a').state).toBe('quota-cooldown');
  });

  it('is asked when headers tell of a limit of 0, for that is a refusal’s matter', async () => {
    const { target, settle, observe, clock } = setUp();
    observe('a', { 'x-ratelimit-limit-req-minute': '0', 'x-ratelimit-limit-tokens-minute': '0' });
    await settle('a', { kind: 'quota', never: true, retryAfterMs: Number.POSITIVE_INFINITY });
    expect(target('a').state).toBe('quota-cooldown');
    await clock.advance(target('a').freeInMs);
    expect(target('a').state).toBe('available');
  });

  it('tells a client to come back when what runs now will have been spent, and not sooner', async () => {
    const { target, observe, clock } = setUp();
    observe('a', { 'x-ratelimit-limit-tokens-minute': '1000' });
    const running = target('a').enter(ASK);
    for (const totalTokens of [500, 600]) {
      const usage = {
        promptTokens: totalTokens,
        completionTokens: 0,
        totalTokens,
        cachedTokens: 0,
        reasoningTokens: 0,
      };
      target('a').enter(ASK)?.settle(OK, usage);
      await clock.advance(10_000);
    }
    const { freeInMs, retryInMs } = target('a');
    expect(freeInMs).toBeGreaterThan(0);
    expect(retryInMs).toBeGreaterThan(freeInMs);
    running?.settle(fault('refused'));
    expect(target('a').freeInMs).toBe(freeInMs);
    expect(target('a').retryInMs).toBeLessThan(retryInMs);
    expect(target('a').retryInMs).toBeGreaterThanOrEqual(freeInMs);
  });

  it('waits longer for tokens each time it is refused again, until a request is granted', async () => {
    const { target, settle, clock } = setUp();
    const spent: Outcome = { kind: 'quota', never: false, rung: 'tokens', retryAfterMs: 2000 };
    const waits: number[] = [];
    for (const outcome of [spent, spent, OK, spent]) {
      await settle('a', outcome);
      waits.push(target('a').freeInMs);
      await clock.advance(target('a').freeInMs);
    }
    expect(waits).toEqual([2000, 4000, 0, 2000]);
  });
});

describe('a rejected key', () => {
  it('is put aside at once, for every model, and for no other key', async () => {
    const { target, settle, rejectedKeys } = setUp(['a:w1', 'b:w1'], { models: ['large', 'small'] });
    await settle('a', { kind: 'credentials' });
    expect([target('a').state, target('a', 'small').state]).toEqual(['key-quarantined', 'key-quarantined']);
    expect([target('b').state, rejectedKeys]).toEqual(['available', ['mistral/a']]);
  });

  it('is asked again by one request after about ten seconds, and is back when that is answered', async () => {
    const { target, settle, clock } = setUp();
    await settle('a', { kind: 'credentials' });
    expect(target('a').freeInMs).toBeGreaterThanOrEqual(5000);
    expect(target('a').freeInMs).toBeLessThanOrEqual(10_000);
    await clock.advance(10_000);
    const probe = target('a').enter(ASK);
    expect(target('a').state).toBe('key-quarantined');
    probe?.settle(limited);
    await clock.advance(0);
    expect(target('a').state).toBe('quota-cooldown');
    await clock.advance(30_000);
    expect([target('a').state, clock.pending]).toEqual(['available', 0]);
  });

  it('waits longer each time it is rejected again', async () => {
    const { target, settle, clock } = setUp();
    let beforeMs = 0;
    for (let rejection = 0; rejection < 8; rejection++) {
      await settle('a', { kind: 'credentials' });
      const waitMs = target('a').freeInMs;
      expect(waitMs).toBeGreaterThanOrEqual(Math.min(beforeMs, 300_000));
      expect(waitMs).toBeLessThanOrEqual(600_000);
      beforeMs = waitMs;
      await clock.advance(waitMs);
    }
    expect(beforeMs).toBeGreaterThanOrEqual(300_000);
  });

  it('learns nothing from a probe that never reached the vendor', async () => {
    const { target, settle, clock } = setUp();
    await settle('a', { kind: 'credentials' });
    await clock.advance(10_000);
    await settle('a', fault('refused'));
    expect([target('a').state, target('a').view().quarantine.state]).toEqual(['available', 'half-open']);
  });
});

describe('a probe that is a long stream', () => {
  it('brings its key back with its first content, not with its end', async () => {
    const { target, settle, clock } = setUp(['a'], { models: ['large', 'small'] });
    await settle('a', { kind: 'credentials' });
    await clock.advance(10_000);
    const stream = target('a').enter(ASK);
    expect(target('a', 'small').state).toBe('key-quarantined');
    stream?.begun();
    await clock.advance(0);
    expect([target('a').state, target('a', 'small').state]).toEqual(['available', 'available']);
    stream?.settle(OK);
    expect(target('a').inFlight).toBe(0);
  });

  it('closes its target’s breaker likewise, and its breaking off later still counts', async () => {
    const { target, settle, clock } = setUp();
    for (let failed = 0; failed < 5; failed++) await settle('a', fault('reset'));
    await clock.advance(1000);
    const stream = target('a').enter(ASK);
    stream?.begun();
    stream?.begun();
    await clock.advance(0);
    expect(target('a').view().breaker).toMatchObject({ state: 'closed', samples: 0 });
    stream?.settle(fault('truncated'));
    await clock.advance(0);
    expect(target('a').view()).toMatchObject({
      inFlight: 0,
      breaker: { state: 'closed', samples: 1, successShare: 0 },
    });
  });

  it('changes nothing for an attempt that is no probe', async () => {
    const { target, clock } = setUp();
    const lease = target('a').enter(ASK);
    lease?.begun();
    await clock.advance(0);
    expect(target('a').view().breaker.samples).toBe(0);
    lease?.settle(fault('idle-timeout'));
    await clock.advance(0);
    expect(target('a').view().breaker).toMatchObject({ samples: 1, successShare: 0 });
  });
});

describe('a model that is gone', () => {
  it('is gone for every key, and asked again after a minute', async () => {
    const { target, settle, clock } = setUp(['a', 'b'], { models: ['large', 'small'] });
    await settle('a', { kind: 'model-gone' });
    expect([target('a').state, target('b').state, target('a', 'small').state]).toEqual([
      'model-gone',
      'model-gone',
      'available',
    ]);
    await clock.advance(60_000);
    expect(target('b').state).toBe('available');
  });
});

describe('providerOptions', () => {
  it('takes a base URL with or without /v1 and slashes', () => {
    const options = scriptedProviderOptions({ keys: ['a'] });
    expect(options.baseUrl).toBe('https://mistral.test');
    expect([options.breaker.consecutiveFaults, options.keys[0]?.weight]).toEqual([5, 1]);
  });
});

function noop(): void {}
