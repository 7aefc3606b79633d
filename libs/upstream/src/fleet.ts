/**
 * Every target of this process, each once, whichever routes use it: a breaker that opened on one route is open on all.
 * Pools hold their members through it, so that a target lives exactly as long as some pool needs it.
 *
 * A reload builds a new fleet from the old: a provider whose options did not change is taken over with all that was
 * learned of its keys and targets; the others are retired once their running attempts have ended.
 */
import { type Clock, type Rng, Secret } from '@leeward/kernel';
import type { ProviderOptions } from './options.ts';
import { Member, type Pool } from './pool.ts';
import { Provider } from './provider.ts';
import { Target } from './target.ts';
import type { Transport } from './transport.ts';
import type { TripReason } from './trip-rule.ts';

export interface FleetDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly openTransport: (options: ProviderOptions) => Transport;
  readonly onTrip: (target: Target, reason: TripReason) => void;
  readonly onKeyRejected: (provider: string, key: string) => void;
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

  constructor(deps: FleetDeps, providers: Readonly<Record<string, ProviderOptions>>, previous?: Fleet) {
    this.#deps = deps;
    const knownProviders = previous === undefined ? new Map<string, Provider>() : previous.#providers;
    const knownTargets = previous === undefined ? [] : previous.targets;
    for (const [name, options] of Object.entries(providers)) {
      const known = knownProviders.get(name);
      const kept = known !== undefined && fingerprint(known.options) === fingerprint(options);
      const provider = kept ? known : new Provider({ ...deps, transport: deps.openTransport(options) }, name, options);
      this.#providers.set(name, provider);
      if (!kept) continue;
      for (const target of knownTargets) {
        if (target.provider === provider) this.#targets.set(target.id, { target, uses: 0 });
      }
    }
  }

  provider(name: string): Provider | undefined {
    return this.#providers.get(name);
  }

  get providers(): readonly Provider[] {
    return [...this.#providers.values()];
  }

  get targets(): readonly Target[] {
    return Array.from(this.#targets.values(), (entry) => entry.target);
  }

  target(id: string): Target | undefined {
    return this.#targets.get(id)?.target;
  }

  /** Targets for each key of each entry's provider. Give it back with `release`. */
  pool(entries: readonly PoolEntryOptions[]): Pool {
    return entries.flatMap((entry) => {
      const provider = this.#providers.get(entry.provider);
      if (provider === undefined) return [];
      return provider.keys.map((key) => {
        const id = `${provider.name}/${key.name}/${entry.model}`;
        const known = this.#targets.get(id) ?? {
          target: new Target(this.#deps, provider, key, entry.model),
          uses: 0,
        };
        known.uses++;
        this.#targets.set(id, known);
        return new Member(known.target, key.weight * entry.weight);
      });
    });
  }

  release(pool: Pool): void {
    for (const { target } of pool) {
      const entry = this.#targets.get(target.id);
      if (entry === undefined || --entry.uses > 0) continue;
      this.#targets.delete(target.id);
      target.close();
    }
  }

  /** Drops what no pool uses, as after a reload; then retires the providers that `successor` did not take over. */
  async retire(successor?: Fleet): Promise<void> {
    const kept = new Set(successor?.providers ?? []);
    for (const { target } of this.#targets.values()) {
      if (!kept.has(target.provider)) target.close();
      else if (successor?.target(target.id) !== target) target.close();
    }
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
}

/** Equal exactly when the options are, secrets included; never printed. */
function fingerprint(options: ProviderOptions): string {
  return JSON.stringify(options, function reveal(this: Record<string, unknown>, key, value: unknown) {
    // `value` has passed through Secret's toJSON already; the holder still has the Secret itself.
    const original = this[key];
    return original instanceof Secret ? original.reveal() : value;
  });
}
