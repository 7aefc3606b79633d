/**
 * One gateway in a storm, from its start to its end: the real Fleet, targets, breakers, retry budget and failover loop,
 * over upstreams that it may share with others. As a peer of a cluster it has the real Membership, too.
 */
import {
  type AttemptReport,
  Hedging,
  RetryBudget,
  type RouteOptions,
  routeOptions,
  runExchange,
} from '@leeward/failover';
import type { Clock, Rng } from '@leeward/kernel';
import { Fleet, type Pool } from '@leeward/upstream';
import { drawsFor } from '../draws.ts';
import { type ExchangeRecord, inOrder, isBroken, isWasted } from '../exchange-record.ts';
import { ROUTERS, type RouterName } from '../routers/all.ts';
import type { Router } from '../routers/router.ts';
import { StormClient } from '../storm-client.ts';
import type { Storm } from '../storms/storm.ts';
import type { Call } from '../traffic.ts';
import { ModelledTransport } from '../upstream/modelled-transport.ts';
import { textOfAnswer } from '../upstream/replies.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import { flawOf } from './flaw.ts';
import { Peer, type PeerPlace } from './peer.ts';
import { optionsOf } from './provider-options.ts';

/** Over before the next request; and without the vendor's own headers, which Leeward's ledger would learn from. */
const NO_COOLDOWN = { 'retry-after-ms': '1' };
/** Fewer in a row than trip a breaker. */
const FORGOTTEN_REFUSALS = 2;

export interface NodeDeps {
  readonly clock: Clock;
  readonly seed: number;
  readonly storm: Storm;
  readonly calls: readonly Call[];
  readonly upstreams: Upstreams;
  readonly router: RouterName;
  /** Absent: it is no peer of anybody. */
  readonly place: PeerPlace | undefined;
}

export class StormNode {
  readonly number: number;
  readonly #deps: NodeDeps;
  readonly #rng: Rng;
  readonly #router: Router;
  readonly #budget: RetryBudget;
  readonly #route: RouteOptions;
  readonly #hedging: Hedging | undefined;
  readonly #peer: Peer | undefined;
  /** For a full vendor, by target, since the targets were last made. */
  readonly #refusals = new Map<string, number>();
  #fleet: Fleet;
  readonly #fleets: Fleet[] = [];
  #pools: readonly Pool[];
  #inFlight = 0;
  #isDraining = false;

  /** @param life how often this node has been started before */
  constructor(deps: NodeDeps, number: number, life: number) {
    const { clock, seed, storm, upstreams } = deps;
    this.number = number;
    this.#deps = deps;
    this.#rng = number === 0 && life === 0 ? drawsFor(seed, 3) : drawsFor(seed, 3, number, life);
    const target = (id: string) => upstreams.target(id);
    const pools = () => this.#pools.map((pool) => pool.map(({ id }) => id));
    this.#router = ROUTERS[deps.router]({ clock, rng: this.#rng, target, pools });
    this.#budget = new RetryBudget(clock);
    this.#route = routeOptions.parse({
      pools: storm.pools.map((pool) => [...pool]),
      ...(this.#router.hedges === true ? { hedge: {} } : {}),
    });
    this.#hedging = this.#route.hedge === undefined ? undefined : new Hedging(clock, this.#route.hedge);
    this.#fleet = this.#openFleet(undefined);
    this.#pools = this.#openPools();
    if (deps.place === undefined) return;
    const side = { clock, rng: this.#rng, budget: this.#budget, fleet: () => this.#fleet };
    this.#peer = new Peer(side, deps.place, `n${number + 1}`);
  }

  /** Its name among its peers, which is a new one with each start. */
  get peerId(): string | undefined {
    return this.#peer?.id;
  }

  async serve(call: Call): Promise<ExchangeRecord> {
    this.#inFlight++;
    const record = await this.#serve(call);
    this.#inFlight--;
    this.#leaveWhenIdle();
    return record;
  }

  async #serve(call: Call): Promise<ExchangeRecord> {
    const { clock, upstreams } = this.#deps;
    const client = new StormClient(clock);
    const { timeouts, retries, recovery } = this.#route;
    const report = await runExchange(
      { clock, rng: this.#rng, picker: this.#router.pickerFor(call), budget: this.#budget },
      {
        request: call.request,
        path: '/v1/chat/completions',
        pools: this.#pools,
        timeouts,
        retries,
        recovery,
        hedging: this.#hedging,
        deadlineAtMs: clock.nowMs() + call.deadlineMs,
        maxAnswerBytes: 1024 * 1024,
        onAttempt: (member) => {
          this.#router.started?.(member.id);
          return (attempt) => this.#attemptEnded(member.id, attempt);
        },
      },
      client,
    );
    const { end, startedAtMs, firstTokenAtMs } = report;
    const attempts = inOrder(report.attempts);
    const isWhole = end.kind === 'streamed' && client.text === textOfAnswer(call.answerTokens);
    const broken = attempts.length < 2 || !isWhole ? [] : attempts.filter(isBroken);
    return {
      atMs: call.atMs,
      node: this.number,
      tokens: call.promptTokens + call.answerTokens,
      firstTokenMs: isWhole && firstTokenAtMs !== undefined ? firstTokenAtMs - startedAtMs : undefined,
      error: isWhole ? '' : 'error' in end ? end.error.code : 'wrong-answer',
      flaw: isWhole ? '' : await flawOf(end, { clock, call, report, accepts: () => this.#accepts }),
      asked: attempts.map(({ member }) => upstreams.numberOf(member.id)),
      askedAtMs: attempts.map((attempt) => attempt.startedAtMs),
      toldAtMs: attempts.map((attempt) => attempt.endedAtMs),
      wasted: attempts.filter(isWasted).length,
      hedged: attempts.filter(({ cause }) => cause === 'hedge').length,
      limited: attempts.filter(({ outcome }) => outcome.kind === 'quota').length,
      gapsMs: broken.flatMap(({ endedAtMs }) => {
        const toldAtMs = client.toldAfter(endedAtMs);
        return toldAtMs === undefined ? [] : [toldAtMs - endedAtMs];
      }),
    };
  }

  /** As the gateway takes a new config over (build.ts): a new fleet from the old, which is retired when all have ended. */
  reload({ keepsTargets = true } = {}): void {
    this.#fleet = this.#openFleet(keepsTargets ? this.#fleet : undefined);
    this.#pools = this.#openPools();
    this.#fleet.prune();
  }

  /** It gets no more requests, says so, and leaves its peers when its last request has ended. */
  drain(): void {
    this.#isDraining = true;
    this.#peer?.drain();
    this.#leaveWhenIdle();
  }

  async stop(): Promise<void> {
    await this.#peer?.leave();
    for (const [place, fleet] of this.#fleets.entries()) await fleet.retire(this.#fleets[place + 1]);
  }

  #leaveWhenIdle(): void {
    if (this.#isDraining && this.#inFlight === 0) void this.#peer?.leave();
  }

  get #accepts(): boolean {
    return this.#pools.some((pool) => pool.some(({ id }) => this.#deps.upstreams.target(id).accepts));
  }

  #attemptEnded(target: string, attempt: AttemptReport): void {
    this.#router.ended?.(target, attempt);
    if (this.#router.isLeeward) return;
    const { kind } = attempt.outcome;
    if (kind === 'capacity') this.#forgetCapacity(target);
    if (kind === 'credentials') this.reload({ keepsTargets: false });
  }

  /**
   * Nothing turns Leeward's breaker for a full vendor off, nor its quarantine of a key; but targets made anew have
   * forgotten what was held against them.
   */
  #forgetCapacity(target: string): void {
    const refusals = (this.#refusals.get(target) ?? 0) + 1;
    this.#refusals.set(target, refusals);
    if (refusals < FORGOTTEN_REFUSALS) return;
    this.#refusals.clear();
    this.reload({ keepsTargets: false });
  }

  #openFleet(previous: Fleet | undefined): Fleet {
    const { clock, storm, calls, upstreams } = this.#deps;
    const { isLeeward } = this.#router;
    const providers = Object.fromEntries(
      Object.keys(storm.providers).map((name) => [name, optionsOf(storm, name, upstreams.keysOf(name), isLeeward)]),
    );
    const names = new Map(Object.entries(providers).map(([name, options]) => [options, name]));
    const fleet = new Fleet(
      {
        clock,
        rng: this.#rng,
        openTransport: (options) =>
          new ModelledTransport({
            clock,
            provider: names.get(options) ?? '',
            calls,
            target: (id) => upstreams.target(id),
            quotaHeaders: isLeeward ? undefined : NO_COOLDOWN,
          }),
        onTrip: () => undefined,
        onKeyRejected: () => undefined,
        onNews: () => this.#peer?.tell(),
        mayProbe: (provider, key) => this.#peer?.mayProbe(provider, key) ?? true,
      },
      providers,
      previous,
    );
    this.#fleets.push(fleet);
    return fleet;
  }

  #openPools(): readonly Pool[] {
    return this.#deps.storm.pools.map((pool) => this.#fleet.pool(pool.map((entry) => ({ ...entry, weight: 1 }))));
  }
}
