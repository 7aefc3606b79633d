/**
 * Every target of this process, each once, whichever routes use it: a breaker that opened on one route is open on all.
 * Pools hold their members through it, so that a target lives exactly as long as some pool needs it.
 *
 * A reload builds a new fleet from the old. A provider of which nothing changed but its keys is taken over, with all
 * that was learned of the keys that stay; the others are retired once their running attempts have ended.
 */
import type { Clock, Rng } from '@leeward/kernel';
import { type Asked, divide } from './asked.ts';
import type { ProviderOptions } from './options.ts';
import { Member, type Pool, Siblings } from './pool.ts';
import { fingerprint, type Key, Provider } from './provider.ts';
import { Target } from './target.ts';
import type { Transport } from './transport.ts';
import type { TripReason } from './trip-rule.ts';

export interface FleetDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly openTransport: (options: ProviderOptions) => Transport;
  readonly onTrip: (target: Target, reason: TripReason) => void;
  readonly onKeyRejected: (provider: string, key: string) => void;
  /** For a node that is one of several: what the others should know at once has happened. */
  readonly onNews?: (() => void) | undefined;
  /** Whether this node is the one to ask with a key again that was put aside. */
  readonly mayProbe?: ((provider: string, key: string) => boolean) | undefined;
}

export interface PoolEntryOptions {
  readonly provider: string;
  /** The upstream's name for the model. */
  readonly model: string;
  readonly weight: number;
}

export class Fleet {
  readonly #deps: FleetDeps;
  readonly #providers = new Map<string, Provider>();
  readonly #targets = new Map<string, { target: Target; uses: number }>();
  /** As they were when it was made: providers that are taken over change theirs. */
  readonly #keys: ReadonlySet<Key>;
  #successor: Fleet | undefined;
  readonly #pools = new Map<Pool, Siblings>();

  constructor(deps: FleetDeps, providers: Readonly<Record<string, ProviderOptions>>, previous?: Fleet) {
    this.#deps = deps;
    const knownProviders = previous === undefined ? new Map<string, Provider>() : previous.#providers;
    const knownTargets = previous === undefined ? [] : previous.targets;
    for (const [name, options] of Object.entries(providers)) {
      const known = knownProviders.get(name);
      if (known === undefined || !differsInKeysAlone(known.options, options)) {
        this.#providers.set(name, new Provider({ ...deps, transport: deps.openTransport(options) }, name, options));
        continue;
      }
      known.adopt(options);
      this.#providers.set(name, known);
      for (const target of knownTargets) {
        if (known.keys.includes(target.key)) this.#targets.set(target.id, { target, uses: 0 });
      }
    }
    this.#keys = new Set(this.providers.flatMap(({ keys }) => keys));
    if (previous !== undefined) previous.#successor = this;
  }

  provider(name: string): Provider | undefined {
    return this.#providers.get(name);
  }

  get providers(): readonly Provider[] {
    return [...this.#providers.values()];
  }

  /** By `provider/key`. */
  key(id: string): Key | undefined {
    const at = id.indexOf('/');
    return this.#providers.get(id.slice(0, at))?.keys.find(({ name }) => name === id.slice(at + 1));
  }

  get targets(): readonly Target[] {
    return Array.from(this.#targets.values(), (entry) => entry.target);
  }

  target(id: string): Target | undefined {
    return this.#targets.get(id)?.target;
  }

  /** Targets for each key of each entry's provider. Give it back with `release`. */
  pool(entries: readonly PoolEntryOptions[]): Pool {
    const siblings = new Siblings(this.#deps.clock);
    const members = entries.flatMap((entry) => {
      const provider = this.#providers.get(entry.provider);
      if (provider === undefined) return [];
      return provider.keys.map((key) => {
        const id = `${provider.name}/${key.name}/${entry.model}`;
        const known = this.#targets.get(id) ?? {
          target: new Target(this.#deps, provider, key, entry.model),
          uses: 0,
        };
        known.uses++;
        // In the order of the pools, also where it was taken over.
        this.#targets.delete(id);
        this.#targets.set(id, known);
        return new Member(known.target, key.weight * entry.weight, siblings);
      });
    });
    const pool = siblings.settleIn(members);
    this.#pools.set(pool, siblings);
    return pool;
  }

  release(pool: Pool): void {
    this.#pools.delete(pool);
    for (const { target } of pool) {
      const entry = this.#targets.get(target.id);
      if (entry === undefined || --entry.uses > 0) continue;
      this.#targets.delete(target.id);
      if (!this.#isTakenOver(target)) target.close();
    }
  }

  /** Drops what no pool uses, as after a reload; then retires the providers that `successor` did not take over. */
  async retire(successor?: Fleet): Promise<void> {
    const kept = new Set(successor?.providers ?? []);
    for (const { target } of this.#targets.values()) {
      if (!kept.has(target.provider)) target.close();
      else if (successor?.target(target.id) !== target) target.close();
    }
    const keptKeys = successor === undefined ? new Set<Key>() : successor.#keys;
    for (const key of this.#keys) if (!keptKeys.has(key)) key.quarantine.close();
    await Promise.all(this.providers.filter((provider) => !kept.has(provider)).map((provider) => provider.close()));
  }

  /**
   * Forgets taken-over targets that no pool of this fleet uses. Running exchanges may still need them: they are closed
   * when the fleet they came from is retired.
   */
  prune(): void {
    for (const [id, entry] of this.#targets) {
      if (entry.uses === 0) this.#targets.delete(id);
    }
  }

  /** What was asked of each quota since the last call, granted or not, by quota id. */
  takeAsked(): ReadonlyMap<string, Asked> {
    const sums = new Map<string, Asked>();
    for (const siblings of this.#pools.values()) divide(siblings.takeWanted(), siblings.members, sums);
    return sums;
  }

  #isTakenOver(target: Target): boolean {
    for (let later = this.#successor; later !== undefined; later = later.#successor) {
      if (later.target(target.id) === target) return true;
    }
    return false;
  }
}

function differsInKeysAlone(one: ProviderOptions, other: ProviderOptions): boolean {
  return fingerprint({ ...one, keys: [] }) === fingerprint({ ...other, keys: [] });
}
