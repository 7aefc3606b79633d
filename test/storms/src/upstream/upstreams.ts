/** All upstreams of a storm as they truly are, shared by every gateway: keys with their weather, slots and quotas. */
import type { Clock } from '@leeward/kernel';
import type { ModelledKey, Storm } from '../storms/storm.ts';
import { forecast, type Weather } from '../storms/weather.ts';
import { ModelledTarget } from './modelled-target.ts';
import { type QuotaUse, QuotaWindow } from './quota-window.ts';

export class Upstreams {
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #storm: Storm;
  readonly #weather: (target: string, atMs: number) => Weather;
  readonly #targets = new Map<string, ModelledTarget>();
  readonly #numbers = new Map<string, number>();
  readonly #quotas = new Map<string, QuotaWindow>();

  constructor(clock: Clock, storm: Storm, seed: number) {
    this.#clock = clock;
    this.#seed = seed;
    this.#storm = storm;
    this.#weather = forecast(storm.spells);
  }

  /** Those that a provider has by now. */
  keysOf(provider: string): readonly ModelledKey[] {
    const { providers, joins } = this.#storm;
    const keys = providers[provider]?.keys ?? [];
    const joined = joins?.provider === provider && this.#clock.nowMs() >= joins.atMs;
    return joined ? [...keys, joins.key] : keys;
  }

  /** By `provider/key/model`. */
  target(id: string): ModelledTarget {
    const known = this.#targets.get(id);
    if (known !== undefined) return known;
    const [provider = '', name = '', model = ''] = id.split('/');
    const key = this.keysOf(provider).find((one) => one.name === name);
    if (key === undefined) throw new Error(`no target ${id} is modelled`);
    const deps = { clock: this.#clock, seed: this.#seed, weather: this.#weather };
    const target = new ModelledTarget(deps, id, key, this.#quota(`${provider}/${key.quotaGroup ?? name}/${model}`));
    this.#targets.set(id, target);
    return target;
  }

  /** The number that a target has in the records. */
  numberOf(target: string): number {
    const number = this.#numbers.get(target) ?? this.#numbers.size;
    this.#numbers.set(target, number);
    return number;
  }

  /** In the order of their numbers. */
  get asked(): readonly string[] {
    return [...this.#numbers.keys()];
  }

  /** Of each limited quota group, within a time. */
  used(fromWallMs: number, untilWallMs: number): readonly QuotaUse[] {
    return Array.from(this.#quotas.values(), (quota) => quota.use(fromWallMs, untilWallMs));
  }

  #quota(id: string): QuotaWindow | undefined {
    const limit = this.#storm.limits[id];
    if (limit === undefined) return undefined;
    const quota = this.#quotas.get(id) ?? new QuotaWindow(limit);
    this.#quotas.set(id, quota);
    return quota;
  }
}
