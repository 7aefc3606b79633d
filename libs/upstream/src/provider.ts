/**
 * A vendor account: its dialect, its sockets, its keys, and what the vendor counts its limits on. Keys and quota groups
 * hold what is shared between targets: a rejected key is rejected for every model, and a rate limit empties a model
 * for every key of the group.
 */
import type { Clock, Rng, Secret } from '@leeward/kernel';
import type { Dialect } from '@leeward/wire';
import { Breaker } from './breaker.ts';
import { Cooldown } from './cooldown.ts';
import type { BreakerOptions, ProviderOptions } from './options.ts';
import { QuotaReading } from './quota-reading.ts';
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

export interface Quota {
  readonly group: string;
  readonly cooldown: Cooldown;
  readonly reading: QuotaReading;
}

export class Provider {
  readonly name: string;
  readonly options: ProviderOptions;
  readonly transport: Transport;
  readonly keys: readonly Key[];
  readonly #clock: Clock;
  readonly #quotas = new Map<string, Quota>();
  readonly #goneModels = new Map<string, Cooldown>();

  constructor(
    deps: { clock: Clock; rng: Rng; transport: Transport; onKeyRejected: (provider: string, key: string) => void },
    name: string,
    options: ProviderOptions,
  ) {
    this.name = name;
    this.options = options;
    this.transport = deps.transport;
    this.#clock = deps.clock;
    this.keys = options.keys.map((key) => ({
      name: key.name,
      secret: key.secret,
      quotaGroup: key.quotaGroup ?? key.name,
      weight: key.weight,
      maxInFlight: key.maxInFlight,
      quarantine: new Breaker(deps, QUARANTINE, () => deps.onKeyRejected(name, key.name)),
    }));
  }

  get dialect(): Dialect {
    return this.options.dialect;
  }

  quota(group: string, model: string): Quota {
    return remember(this.#quotas, `${group}/${model}`, () => {
      const limits = own(own(this.options.quotaGroups, group)?.limits ?? {}, model) ?? {};
      return { group, cooldown: new Cooldown(this.#clock), reading: new QuotaReading(limits) };
    });
  }

  /** Active while the vendor says that it has no such model. */
  goneModel(model: string): Cooldown {
    return remember(this.#goneModels, model, () => new Cooldown(this.#clock));
  }

  async close(): Promise<void> {
    for (const key of this.keys) key.quarantine.close();
    await this.transport.close();
  }
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
