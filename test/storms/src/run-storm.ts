/**
 * One storm, one seed, one router: the real Fleet, targets, breakers, failover loop and stream relay, over modelled
 * upstreams and clients on an event clock. What leaves is a record of each exchange and a few counts.
 */
import {
  type AttemptReport,
  type ExchangeEnd,
  Hedging,
  RetryBudget,
  type RouteOptions,
  routeOptions,
  runExchange,
} from '@leeward/failover';
import { Secret } from '@leeward/kernel';
import { Fleet, type Pool, type ProviderOptions, providerOptions } from '@leeward/upstream';
import { drawsFor } from './draws.ts';
import { EventClock } from './event-clock.ts';
import {
  type ErrorFlaw,
  type ExchangeRecord,
  inOrder,
  isBroken,
  isWasted,
  type StormRecord,
} from './exchange-record.ts';
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

/** Nothing trips it. */
const NO_BREAKER = { consecutiveFaults: Number.POSITIVE_INFINITY, minSuccessRate: 0 };
/** Over before the next request; and without the vendor's own headers, which Leeward's ledger would learn from. */
const NO_COOLDOWN = { 'retry-after-ms': '1' };
/** Fewer in a row than trip a breaker. */
const FORGOTTEN_REFUSALS = 2;
/** Nobody waits longer to see whether a retry-after was true. */
const MAX_RETRY_AFTER_MS = 600_000;
/** A timer may fire a moment after the deadline that it is for. */
const DEADLINE_SLACK_MS = 1;

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
  readonly #startedWallMs: number;
  readonly #rng: () => number;
  readonly #router: Router;
  readonly #budget: RetryBudget;
  readonly #route: RouteOptions;
  readonly #hedging: Hedging | undefined;
  readonly #targets = new Map<string, ModelledTarget>();
  readonly #numbers = new Map<string, number>();
  readonly #quotas = new Map<string, QuotaWindow>();
  /** For a full vendor, by target, since the targets were last made. */
  readonly #refusals = new Map<string, number>();
  readonly #newTarget: (id: string, key: ModelledKey, quota: QuotaWindow | undefined) => ModelledTarget;
  readonly #records: (ExchangeRecord | undefined)[];
  /** No client leaves, and the wait is bounded. */
  readonly #never = new AbortController().signal;
  #fleet: Fleet;
  readonly #fleets: Fleet[] = [];
  #pools: readonly Pool[];
  #ended = 0;

  constructor(storm: Storm, seed: number, calls: readonly Call[], name: RouterName) {
    this.#storm = storm;
    this.#calls = calls;
    // Each seed begins elsewhere in the minute by which requests are counted.
    this.#clock = new EventClock((seed * 7919) % 60_000);
    this.#startedWallMs = this.#clock.wallMs();
    this.#rng = drawsFor(seed, 3);
    const deps = { clock: this.#clock, seed, weather: forecast(storm.spells) };
    this.#newTarget = (id, key, quota) => new ModelledTarget(deps, id, key, quota);
    const target = (id: string) => this.#target(id);
    const pools = () => this.#pools.map((pool) => pool.map(({ id }) => id));
    this.#router = ROUTERS[name]({ clock: this.#clock, rng: this.#rng, target, pools });
    this.#budget = new RetryBudget(this.#clock);
    this.#route = routeOptions.parse({
      pools: storm.pools.map((pool) => [...pool]),
      ...(this.#router.hedges === true ? { hedge: {} } : {}),
    });
    this.#hedging = this.#route.hedge === undefined ? undefined : new Hedging(this.#clock, this.#route.hedge);
    this.#fleet = this.#openFleet(undefined);
    this.#pools = this.#openPools();
    this.#records = Array.from({ length: calls.length });
  }

  async run(): Promise<StormRecord> {
    const { joins } = this.#storm;
    if (joins !== undefined) this.#clock.after(joins.atMs, () => this.#reload({ keepsTargets: true }));
    this.#arriveFrom(0);
    await this.#clock.runUntil(() => this.#ended === this.#calls.length);
    const untilWallMs = this.#startedWallMs + this.#storm.durationMs;
    for (const [place, fleet] of this.#fleets.entries()) await fleet.retire(this.#fleets[place + 1]);
    return {
      targets: [...this.#numbers.keys()],
      exchanges: this.#records.filter((record) => record !== undefined),
      quotas: Array.from(this.#quotas.values(), (quota) => quota.use(this.#startedWallMs, untilWallMs)),
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
    const client = new StormClient(this.#clock);
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
        hedging: this.#hedging,
        deadlineAtMs: this.#clock.nowMs() + call.deadlineMs,
        maxAnswerBytes: 1024 * 1024,
        onAttempt: ({ member }) => {
          router.started?.(member.id);
          return (attempt) => this.#attemptEnded(member.id, attempt);
        },
      },
      client,
    );
    const { end, startedAtMs, firstTokenAtMs } = report;
    const attempts = inOrder(report.attempts);
    const isWhole = end.kind === 'streamed' && client.text === textOfAnswer(call.answerTokens);
    const broken = attempts.length < 2 || !isWhole ? [] : attempts.filter(isBroken);
    this.#records[call.index] = {
      atMs: call.atMs,
      tokens: call.promptTokens + call.answerTokens,
      firstTokenMs: isWhole && firstTokenAtMs !== undefined ? firstTokenAtMs - startedAtMs : undefined,
      error: isWhole ? '' : 'error' in end ? end.error.code : 'wrong-answer',
      flaw: isWhole
        ? ''
        : await this.#flawOf(end, report.endedAtMs - startedAtMs > call.deadlineMs + DEADLINE_SLACK_MS),
      asked: attempts.map(({ member }) => this.#numberOf(member.id)),
      askedAtMs: attempts.map((attempt) => attempt.startedAtMs),
      wasted: attempts.filter(isWasted).length,
      hedged: attempts.filter(({ cause }) => cause === 'hedge').length,
      limited: attempts.filter(({ outcome }) => outcome.kind === 'quota').length,
      gapsMs: broken.flatMap(({ endedAtMs }) => {
        const toldAtMs = client.toldAfter(endedAtMs);
        return toldAtMs === undefined ? [] : [toldAtMs - endedAtMs];
      }),
    };
    this.#ended++;
  }

  #attemptEnded(target: string, attempt: AttemptReport): void {
    this.#router.ended?.(target, attempt);
    if (attempt.outcome.kind === 'capacity' && !this.#router.isLeeward) this.#forgetCapacity(target);
  }

  /** Nothing turns Leeward's breaker for a full vendor off; but targets made anew have forgotten what would trip it. */
  #forgetCapacity(target: string): void {
    const refusals = (this.#refusals.get(target) ?? 0) + 1;
    this.#refusals.set(target, refusals);
    if (refusals < FORGOTTEN_REFUSALS) return;
    this.#refusals.clear();
    this.#reload({ keepsTargets: false });
  }

  /** Waits, where an error said when to come back, to see whether somebody would take the request then. */
  async #flawOf(end: ExchangeEnd, isLate: boolean): Promise<ErrorFlaw | ''> {
    if (isLate) return 'late';
    const retryAfterMs = 'error' in end ? end.error.retryAfterMs : undefined;
    if (retryAfterMs === undefined) return 'untold';
    // As the header tells it, in whole milliseconds.
    await this.#clock.sleep(Math.min(MAX_RETRY_AFTER_MS, Math.ceil(retryAfterMs)), this.#never);
    const accepts = this.#pools.some((pool) => pool.some(({ id }) => this.#target(id).accepts));
    return accepts ? '' : 'untrue';
  }

  /** As the gateway takes a new config over (build.ts): a new fleet from the old, which is retired when all have ended. */
  #reload({ keepsTargets }: { keepsTargets: boolean }): void {
    this.#fleet = this.#openFleet(keepsTargets ? this.#fleet : undefined);
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
            quotaHeaders: this.#router.isLeeward ? undefined : NO_COOLDOWN,
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
    if (this.#router.isLeeward) return options;
    return { ...options, quotaGroups: {}, breaker: { ...options.breaker, ...NO_BREAKER } };
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
