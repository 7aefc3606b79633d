/**
 * A pool to pick from as it is in use: real targets of a real fleet, each key in a quota group of its own with limits
 * it is well within, first-token times learned that differ from target to target, some requests running. Nothing is
 * sent: what a pick looks at is all there without.
 */
import { type Clock, Secret, systemClock, type Timer } from '@leeward/kernel';
import { Fleet, OK, type Pool, providerOptions, socketTransport } from '@leeward/upstream';

const MODEL = 'mistral-small-latest';

const ASK = { promptTokens: 1000, stream: true };
const USAGE = { promptTokens: 1000, completionTokens: 100, totalTokens: 1100, cachedTokens: 0, reasoningTokens: 0 };

/** Enough for every target's estimate to have settled. */
const LESSONS = 20;

/** First tokens after 200 ms at the quickest target, and so much later at each of the others. */
const QUICKEST_MS = 200;
const STEP_MS = 5;

export interface House {
  readonly pool: Pool;
  close(): Promise<void>;
}

/** The machine's clock, which a pick pays for, set forward while the targets learn. */
class SetForwardClock implements Clock {
  #byMs = 0;

  setForward(ms: number): void {
    this.#byMs += ms;
  }

  nowMs(): number {
    return systemClock.nowMs() + this.#byMs;
  }

  wallMs(): number {
    return systemClock.wallMs() + this.#byMs;
  }

  after(ms: number, run: () => void): Timer {
    return systemClock.after(ms, run);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal);
  }
}

export function openHouse(targets: number): House {
  const clock = new SetForwardClock();
  const names = Array.from({ length: targets }, (_none, index) => `key-${index}`);
  const limits = { [MODEL]: { requestsPerMinute: 60_000, tokensPerMinute: 100_000_000 } };
  const fleet = new Fleet(
    {
      clock,
      rng: Math.random,
      openTransport: ({ connections }) => socketTransport(clock, 'http://127.0.0.1:9', { connections }),
      onTrip: () => undefined,
      onKeyRejected: () => undefined,
    },
    {
      mistral: providerOptions.parse({
        dialect: 'mistral',
        baseUrl: 'http://127.0.0.1:9',
        quotaGroups: Object.fromEntries(names.map((name) => [name, { limits }])),
        keys: names.map((name) => ({ name, secret: new Secret(name), quotaGroup: name })),
      }),
    },
  );
  const pool = fleet.pool([{ provider: 'mistral', model: MODEL, weight: 1 }]);
  for (let lesson = 0; lesson < LESSONS; lesson++) for (const settle of begin(pool, clock)) settle();
  // A third of the targets answer nobody, a third one request, a third two at once.
  for (const atLeast of [1, 2]) {
    begin(
      pool.filter((_member, index) => index % 3 >= atLeast),
      clock,
    );
  }
  if (!pool.every(({ available }) => available)) throw new Error('a target of the bench is not available');
  return { pool, close: () => fleet.retire() };
}

/** A request at each member, whose first token comes after the member's own time; to be settled at will. */
function begin(members: Pool, clock: SetForwardClock): (() => void)[] {
  const leases = members.map(({ target }) => {
    const lease = target.enter(ASK);
    if (lease === undefined) throw new Error(`${target.id} lets nobody in`);
    return lease;
  });
  clock.setForward(QUICKEST_MS);
  return leases.map((lease) => {
    lease.begun();
    clock.setForward(STEP_MS);
    return () => lease.settle(OK, USAGE);
  });
}
