/**
 * A vendor account: its dialect, its sockets, its keys, and what the vendor counts its limits on. Keys and quota groups
 * hold what is shared between targets: a rejected key is rejected for every model, and a rate limit empties a model
 * for every key of the group.
 */
import { type Clock, type Rng, Secret } from '@leeward/kernel';
import type { Dialect } from '@leeward/wire';
import { Breaker } from './breaker.ts';
import { Cooldown } from './cooldown.ts';
import type { BreakerOptions, KeyOptions, ProviderOptions } from './options.ts';
import { Quota } from './quota/quota.ts';
import type { Transport } from './transport.ts';

/**
 * A rejected key is asked again by one live request after about ten seconds, then at growing intervals up to ten
 * minutes: a 401 can also mean an exhausted quota, which heals by itself. One rejection is enough to put it aside.
 */
const QUARANTINE: BreakerOptions = {
  consecutiveFaults: 1,
  minSuccessRate: 0,
  windowMs: 10_000,
  minSamples: 1,
  probeAfterMs: 10_000,
  maxProbeAfterMs: 600_000,
};

/**
 * A probe is left to the node whose it is for as long as that one lives and says that the key waits; but its secret may be
 * another one than ours, in a rollout that went half way, and then only a probe of our own finds ours well.
 */
const MOST_LEFT_MS = 3_600_000;

/** Less than any wait: what was left once is not left again. */
const LEFT_ONCE_MS = 1;

/** A model that the vendor says is gone is asked again after this: names come back with a plan or a typo mended. */
export const MODEL_GONE_MS = 60_000;

/**
 * Names that one provider keeps each kind of state of; the one asked for the longest ago is forgotten first. Nobody loses
 * anything by it: a target holds what it was made with, and only one made later, for a name that a wildcard let in,
 * starts anew. Never shared among names, or a made-up one could put real ones away.
 */
const MAX_MODELS = 1024;

export interface Key {
  readonly name: string;
  readonly secret: Secret;
  readonly quotaGroup: string;
  readonly weight: number;
  readonly maxInFlight: number;
  /** Closed while the vendor accepts the key. */
  readonly quarantine: Breaker;
}

interface ProviderDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly onKeyRejected: (provider: string, key: string) => void;
  readonly onNews?: (() => void) | undefined;
  /** Whether this node, and not another one that put the key aside too, is to ask with it again. */
  readonly mayProbe?: ((provider: string, key: string) => boolean) | undefined;
}

export class Provider {
  readonly name: string;
  readonly transport: Transport;
  /** Breakers of its targets that have tripped and not yet recovered, and what to do when another one has. */
  readonly ailing = new Map<Breaker, () => void>();
  readonly #deps: ProviderDeps;
  #options: ProviderOptions;
  #keys: readonly Key[] = [];
  readonly #quotas = new Map<string, Quota>();
  readonly #goneModels = new Map<string, Cooldown>();

  constructor(deps: ProviderDeps & { readonly transport: Transport }, name: string, options: ProviderOptions) {
    this.name = name;
    this.transport = deps.transport;
    this.#deps = deps;
    this.#options = options;
    this.adopt(options);
  }

  get options(): ProviderOptions {
    return this.#options;
  }

  get keys(): readonly Key[] {
    return this.#keys;
  }

  /** Takes over options that differ in keys alone; a key that did not change stays the same one. */
  adopt(options: ProviderOptions): void {
    const before = new Map(this.#options.keys.map((key, place) => [fingerprint(key), this.#keys[place]]));
    const keys = options.keys.map((key) => before.get(fingerprint(key)) ?? this.#newKey(key));
    this.#options = options;
    this.#keys = keys;
  }

  get dialect(): Dialect {
    return this.options.dialect;
  }

  quota(group: string, model: string): Quota {
    return remember(this.#quotas, `${group}/${model}`, () => {
      const limits = own(own(this.options.quotaGroups, group)?.limits ?? {}, model) ?? {};
      return new Quota(this.#deps.clock, group, limits);
    });
  }

  /** Active while the vendor says that it has no such model. */
  goneModel(model: string): Cooldown {
    return remember(this.#goneModels, model, () => new Cooldown(this.#deps.clock));
  }

  async close(): Promise<void> {
    for (const key of this.keys) key.quarantine.close();
    await this.transport.close();
  }

  #newKey({ name, secret, quotaGroup = name, weight, maxInFlight }: KeyOptions): Key {
    const { onNews, mayProbe = () => true } = this.#deps;
    const tripped = () => {
      this.#deps.onKeyRejected(this.name, name);
      onNews?.();
    };
    return {
      name,
      secret,
      quotaGroup,
      weight,
      maxInFlight,
      quarantine: new Breaker(this.#deps, QUARANTINE, {
        tripped,
        recovered: () => onNews?.(),
        mayProbe: (leftForMs) => leftForMs >= this.#mostLeftMs(name) || mayProbe(this.name, name),
      }),
    };
  }

  /** Where no other key is in use, nobody's word may keep us from this one for longer than a wait of our own. */
  #mostLeftMs(name: string): number {
    const isLast = !this.#keys.some((key) => key.name !== name && key.weight > 0 && key.quarantine.state === 'closed');
    return isLast ? LEFT_ONCE_MS : MOST_LEFT_MS;
  }
}

/** Equal exactly when the options are, secrets included; never printed. */
export function fingerprint(options: object): string {
  return JSON.stringify(options, function reveal(this: Record<string, unknown>, key, value: unknown) {
    // `value` has passed through Secret's toJSON already; the holder still has the Secret itself.
    const original = this[key];
    return original instanceof Secret ? original.reveal() : value;
  });
}

/** A map keeps the order of insertion: what is deleted and set again moves to the end. */
function remember<Value>(map: Map<string, Value>, name: string, create: () => Value): Value {
  const value = map.get(name) ?? create();
  map.delete(name);
  map.set(name, value);
  if (map.size > MAX_MODELS) {
    for (const oldest of map.keys()) {
      map.delete(oldest);
      break;
    }
  }
  return value;
}

/** Names come from configurations and clients: `constructor` is one like any other. */
function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
