/**
 * One storm, one seed, one router: the real Fleet, targets, breakers, failover loop and stream relay, over modelled
 * upstreams and clients on an event clock. What leaves is a record of each exchange and a few counts.
 */
import { RetryBudget, type RouteOptions, routeOptions, runExchange } from '@leeward/failover';
import { Secret } from '@leeward/kernel';
import { Fleet, type Pool, type ProviderOptions, providerOptions } from '@leeward/upstream';
import { drawsFor } from './draws.ts';
import { EventClock } from './event-clock.ts';
import { ROUTERS, type RouterName } from './routers/all.ts';
import type { Router } from './routers/router.ts';
import { StormClient } from './storm-client.ts';
import type { ModelledKey, Storm } from './storms/storm.ts';
import { forecast } from './storms/weather.ts';
import type { Call } from './traffic.ts';
import { ModelledTarget } from './upstream/modelled-target.ts';
import { ModelledTransport } from './upstream/modelled-transport.ts';
import { QuotaWindow } from './upstream/quota-window.ts';
import { textOfAnswer } from './upstream/replies.ts';

export interface ExchangeRecord {
  readonly atMs: number;
  /** Undefined when the client got an error, or an answer that is not the one it ought to have. */
  readonly firstTokenMs: number | undefined;
  /** The error's code, `wrong-answer`, or empty. */
  readonly error: string;
  /** The targets asked, in order, as numbers into `StormRecord.targets`. */
  readonly asked: readonly number[];
  /** Attempts that gave the client nothing. */
  readonly wasted: number;
  readonly limited: number;
}

export interface StormRecord {
  readonly targets: readonly string[];
  readonly exchanges: readonly ExchangeRecord[];
  /** Of each limited quota group. */
  readonly quotaUsed: readonly number[];
}

/** Nothing trips it: a router that has no breakers. */
const NO_BREAKER = { consecutiveFaults: Number.POSITIVE_INFINITY, minSuccessRate: 0 };
/** Over before the next request: a router that has no cooldowns. */
const NO_COOLDOWN = { 'retry-after-ms': '1' };

export async function runStorm(
  storm: Storm,
  seed: number,
  calls: readonly Call[],
  name: RouterName,
): Promise<StormRecord> {
  const run = new StormRun(storm, seed, calls, name);
  return run.run();
}

class StormRun {
  readonly #storm: Storm;
  readonly #calls: readonly Call[];
  readonly #clock: EventClock;
  readonly #rng: () => number;
  readonly #router: Router;
  readonly #budget: RetryBudget;
  readonly #route: RouteOptions;
  readonly #targets = new Map<string, ModelledTarget>();
  readonly #numbers = new Map<string, number>();
  readonly #quotas = new Map<string, QuotaWindow>();
  readonly #newTarget: (id: string, key: ModelledKey, quota: QuotaWindow | undefined) => ModelledTarget;
  readonly #records: (ExchangeRecord | undefined)[];
  #fleet: Fleet;
  readonly #fleets: Fleet[] = [];
  #pools: readonly Pool[];
  #ended = 0;

  constructor(storm: Storm, seed: number, calls: readonly Call[], name: RouterName) {
    this.#storm = storm;
    this.#calls = calls;
    // Each seed begins elsewhere in the minute by which requests are counted.
    this.#clock = new EventClock((seed * 7919) % 60_000);
    this.#rng = drawsFor(seed, 3);
    const deps = { clock: this.#clock, seed, weather: forecast(storm.spells) };
    this.#newTarget = (id, key, quota) => new ModelledTarget(deps, id, key, quota);
    const target = (id: string) => this.#target(id);
    this.#router = ROUTERS[name]({ clock: this.#clock, rng: this.#rng, target });
    this.#budget = new RetryBudget(this.#clock);
    this.#route = routeOptions.parse({ pools: storm.pools.map((pool) => [...pool]) });
    this.#fleet = this.#openFleet(undefined);
    this.#pools = this.#openPools();
    this.#records = Array.from({ length: calls.length });
  }

  async run(): Promise<StormRecord> {
    const { joins } = this.#storm;
    if (joins !== undefined) this.#clock.after(joins.atMs, () => this.#reload());
    this.#arriveFrom(0);
    await this.#clock.runUntil(() => this.#ended === this.#calls.length);
    for (const [place, fleet] of this.#fleets.entries()) await fleet.retire(this.#fleets[place + 1]);
    return {
      targets: [...this.#numbers.keys()],
      exchanges: this.#records.filter((record) => record !== undefined),
      quotaUsed: Array.from(this.#quotas.values(), (quota) => quota.usedShare(this.#storm.durationMs)),
    };
  }

  #arriveFrom(index: number): void {
    const call = this.#calls[index];
    if (call === undefined) return;
    this.#clock.after(call.atMs - this.#clock.nowMs(), () => {
      this.#arriveFrom(index + 1);
      // A rejection would be a fault of ours, and ends the process.
      void this.#exchange(call);
    });
  }

  async #exchange(call: Call): Promise<void> {
    const client = new StormClient();
    const router = this.#router;
    const { timeouts, retries, recovery } = this.#route;
    const report = await runExchange(
      { clock: this.#clock, rng: this.#rng, picker: router.pickerFor(call), budget: this.#budget },
      {
        request: call.request,
        path: '/v1/chat/completions',
        pools: this.#pools,
        timeouts,
        retries,
        recovery,
        deadlineAtMs: this.#clock.nowMs() + call.deadlineMs,
        maxAnswerBytes: 1024 * 1024,
        onAttempt: ({ member }) => {
          router.started?.(member.id);
          return (attempt) => router.ended?.(member.id, attempt);
        },
      },
      client,
    );
    const { end } = report;
    const isWhole = end.kind === 'streamed' && client.text === textOfAnswer(call.answerTokens);
    this.#records[call.index] = {
      atMs: call.atMs,
      firstTokenMs:
        isWhole && report.firstTokenAtMs !== undefined ? report.firstTokenAtMs - report.startedAtMs : undefined,
      error: isWhole ? '' : end.kind === 'refused' || end.kind === 'broken' ? end.error.code : 'wrong-answer',
      asked: report.attempts.map(({ member }) => this.#numberOf(member.id)),
      wasted: report.attempts.filter(({ outcome }) => outcome.kind !== 'ok').length,
      limited: report.attempts.filter(({ outcome }) => outcome.kind === 'quota').length,
    };
    this.#ended++;
  }

  /** As the gateway takes a new config over (build.ts): a new fleet from the old, which is retired when all have ended. */
  #reload(): void {
    this.#fleet = this.#openFleet(this.#fleet);
    this.#pools = this.#openPools();
    this.#fleet.prune();
  }

  #openFleet(previous: Fleet | undefined): Fleet {
    const providers = Object.fromEntries(
      Object.keys(this.#storm.providers).map((name) => [name, this.#providerOptions(name)]),
    );
    const names = new Map(Object.entries(providers).map(([name, options]) => [options, name]));
    const fleet = new Fleet(
      {
        clock: this.#clock,
        rng: this.#rng,
        openTransport: (options) =>
          new ModelledTransport({
            clock: this.#clock,
            provider: names.get(options) ?? '',
            calls: this.#calls,
            target: (id) => this.#target(id),
            refusalHeaders: this.#router.hasBreakers ? {} : NO_COOLDOWN,
          }),
        onTrip: () => undefined,
        onKeyRejected: () => undefined,
      },
      providers,
      previous,
    );
    this.#fleets.push(fleet);
    return fleet;
  }

  #openPools(): readonly Pool[] {
    return this.#storm.pools.map((pool) => this.#fleet.pool(pool.map((entry) => ({ ...entry, weight: 1 }))));
  }

  #keysOf(provider: string): readonly ModelledKey[] {
    const { providers, joins } = this.#storm;
    const keys = providers[provider]?.keys ?? [];
    const joined = joins?.provider === provider && this.#clock.nowMs() >= joins.atMs;
    return joined ? [...keys, joins.key] : keys;
  }

  /** As an operator would write it, the vendor's limits included. */
  #providerOptions(provider: string): ProviderOptions {
    const quotaGroups: Record<string, { limits: Record<string, unknown> }> = {};
    for (const [id, limit] of Object.entries(this.#storm.limits)) {
      const [of, group = '', model = ''] = id.split('/');
      if (of !== provider) continue;
      quotaGroups[group] = { limits: { ...quotaGroups[group]?.limits, [model]: limit } };
    }
    const options = providerOptions.parse({
      dialect: 'mistral',
      baseUrl: `https://${provider}.test`,
      quotaGroups,
      keys: this.#keysOf(provider).map(({ name, quotaGroup }) => ({
        name,
        secret: new Secret(name),
        ...(quotaGroup === undefined ? {} : { quotaGroup }),
      })),
    });
    return this.#router.hasBreakers ? options : { ...options, breaker: { ...options.breaker, ...NO_BREAKER } };
  }

  #target(id: string): ModelledTarget {
    const known = this.#targets.get(id);
    if (known !== undefined) return known;
    const [provider = '', name = '', model = ''] = id.split('/');
    const key = this.#keysOf(provider).find((one) => one.name === name);
    if (key === undefined) throw new Error(`no target ${id} is modelled`);
    const target = this.#newTarget(id, key, this.#quota(`${provider}/${key.quotaGroup ?? name}/${model}`));
    this.#targets.set(id, target);
    return target;
  }

  #quota(id: string): QuotaWindow | undefined {
    const limit = this.#storm.limits[id];
    if (limit === undefined) return undefined;
    const quota = this.#quotas.get(id) ?? new QuotaWindow(limit);
    this.#quotas.set(id, quota);
    return quota;
  }

  #numberOf(target: string): number {
    const number = this.#numbers.get(target) ?? this.#numbers.size;
    this.#numbers.set(target, number);
    return number;
  }
}
