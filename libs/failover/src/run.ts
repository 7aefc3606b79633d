/**
 * One exchange, from the first pick to the last byte: which target is asked, what happens when it fails, and when to
 * stop. The order of things tried:
 *
 *   within a pool, each target once, siblings at once and without waiting (at most attemptsPerPool);
 *   then the next pool;
 *   when nobody in any pool could be asked at all, one of those whose health alone spoke against it;
 *   when no pool is left, a jittered wait paid for from the retry budget, and all of it once more.
 *
 * So a request reaches a healthy target, wherever it is, before anything is repeated. Bounded by the deadline, by
 * maxAttempts, by the budget, and by the client's staying. On routes that want it, a stream whose first content is late
 * is asked of one more target of the pool at the same time (hedged-race.ts).
 */
import type { Picker } from '@leeward/balancer';
import { type Clock, GatewayError, type Rng } from '@leeward/kernel';
import type { Ask, UpstreamHeaders } from '@leeward/upstream';
import { estimatePromptTokens, type Usage } from '@leeward/wire';
import type { AttemptEnd } from './attempt.ts';
import { backoffMs } from './backoff.ts';
import type {
  AttemptCause,
  AttemptReport,
  Downstream,
  Exchange,
  ExchangeEnd,
  ExchangeReport,
  Served,
} from './exchange.ts';
import { earliestMs, finalError } from './final-error.ts';
import { hedgedRace } from './hedged-race.ts';
import { type Choice, Launch } from './launch.ts';
import { nextStep } from './next-step.ts';
import { firstTokenLimitMs } from './patience.ts';
import type { RetryBudget } from './retry-budget.ts';
import { Search } from './search.ts';
import { StreamRelay } from './stream-relay.ts';

export interface RunDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly picker: Picker;
  readonly budget: RetryBudget;
}

export function runExchange(deps: RunDeps, exchange: Exchange, downstream: Downstream): Promise<ExchangeReport> {
  return new Run(deps, exchange, downstream).run();
}

class Run {
  readonly #deps: RunDeps;
  readonly #exchange: Exchange;
  readonly #downstream: Downstream;
  readonly #relay: StreamRelay | undefined;
  readonly #startedAtMs: number;
  readonly #ask: Ask;
  readonly #search: Search;
  /** One, or two while a hedge runs. */
  readonly #running: Launch[] = [];
  readonly #onCommit = (launch: Launch, headers: UpstreamHeaders): void => this.#commit(launch, headers);
  readonly #ended: AttemptReport[] = [];
  #launched = 0;
  /** In this pass over this pool, hedges included. */
  #launchedInPool = 0;
  #hedged = false;
  #lastRefusal: { end: AttemptEnd; served: Served } | undefined;
  #served: Served | undefined;
  #waitedMs = 0;
  #usage: Usage | undefined;

  constructor(deps: RunDeps, exchange: Exchange, downstream: Downstream) {
    this.#deps = deps;
    this.#exchange = exchange;
    this.#downstream = downstream;
    this.#startedAtMs = deps.clock.nowMs();
    const { request } = exchange;
    this.#ask = { promptTokens: estimatePromptTokens(request), stream: request.stream };
    this.#relay = request.stream ? new StreamRelay(deps.clock, request, downstream, exchange.recovery) : undefined;
    this.#search = new Search(deps, exchange, this.#relay, this.#ask);
  }

  async run(): Promise<ExchangeReport> {
    this.#downstream.onLeave(() => this.#cancel());
    this.#deps.budget.deposit();
    const relay = this.#relay;
    if (relay !== undefined) this.#exchange.hedging?.budget.deposit();
    const end = await this.#passes();
    return {
      end,
      attempts: this.#ended,
      startedAtMs: this.#startedAtMs,
      endedAtMs: this.#deps.clock.nowMs(),
      firstTokenAtMs: relay === undefined ? this.#ended.at(-1)?.firstTokenAtMs : relay.firstTokenAtMs,
      usage: relay?.usage ?? this.#usage,
      waitedMs: this.#waitedMs,
      maxGapMs: relay?.maxGapMs ?? 0,
    };
  }

  async #passes(): Promise<ExchangeEnd> {
    for (let pass = 1; ; pass++) {
      const before = this.#launched;
      const end = (await this.#onePass(pass)) ?? (await this.#panic());
      if (end !== undefined) return end;
      // Having waited and still found nobody to ask, the client is better off with retry-after than with more of that.
      if (pass > 1 && this.#launched === before) return this.#giveUp();
      if (!(await this.#mayRepeat(pass))) return this.#giveUp();
      this.#search.nextPass();
    }
  }

  /** Every pool in order; undefined when all were tried in vain. */
  async #onePass(pass: number): Promise<ExchangeEnd | undefined> {
    const { pools, retries } = this.#exchange;
    for (const poolIndex of pools.keys()) {
      this.#launchedInPool = 0;
      if (pass === 1) pools[poolIndex]?.[0]?.wanted(this.#ask);
      while (this.#launchedInPool < retries.attemptsPerPool) {
        if (this.#downstream.left) return { kind: 'cancelled' };
        if (this.#launched >= retries.maxAttempts || this.#isLate) return this.#giveUp();
        const choice = this.#search.next(poolIndex, this.#cause(pass));
        if (choice === undefined) break;
        const end = await this.#attempt(choice);
        if (end !== undefined) return end;
      }
    }
    return undefined;
  }

  /** Refusing everyone while nobody is asked would mean that nobody finds out about a recovery. */
  async #panic(): Promise<ExchangeEnd | undefined> {
    const choice = this.#launched === 0 ? this.#search.inPanic() : undefined;
    return choice === undefined ? undefined : this.#attempt(choice);
  }

  async #attempt(choice: Choice): Promise<ExchangeEnd | undefined> {
    const launch = this.#launch(choice);
    const patienceMs = this.#hedgePatienceMs();
    if (patienceMs === undefined) return this.#judge(launch, await launch.ended);
    return hedgedRace(this.#deps.clock, launch, {
      patienceMs,
      startHedge: () => this.#startHedge(launch),
      judge: (launch, end) => this.#judge(launch, end),
    });
  }

  #launch(choice: Choice): Launch {
    this.#launched++;
    this.#launchedInPool++;
    const launch = new Launch(choice, {
      clock: this.#deps.clock,
      exchange: this.#exchange,
      relay: this.#relay,
      ask: this.#ask,
      number: this.#launched,
      firstTokenMs: this.#firstTokenMs(choice.poolIndex),
      onCommit: this.#onCommit,
    });
    this.#running.push(launch);
    launch.start();
    if (this.#downstream.left) launch.cancel();
    return launch;
  }

  /** Less than the route's when the deadline is near and somebody else is left to be asked. */
  #firstTokenMs(poolIndex: number): number {
    const { timeouts, retries, deadlineAtMs } = this.#exchange;
    const { firstTokenMs } = timeouts;
    const limitMs = firstTokenLimitMs(firstTokenMs, deadlineAtMs - this.#deps.clock.nowMs());
    if (limitMs >= firstTokenMs || this.#relay === undefined || this.#launched >= retries.maxAttempts)
      return firstTokenMs;
    const fromPool = this.#launchedInPool < retries.attemptsPerPool ? poolIndex : poolIndex + 1;
    return this.#search.hasMore(fromPool) ? limitMs : firstTokenMs;
  }

  /** How late the first content may be; undefined when this attempt is not to be hedged. */
  #hedgePatienceMs(): number | undefined {
    const { hedging } = this.#exchange;
    if (hedging === undefined || this.#hedged || this.#relay?.committed !== false) return undefined;
    return hedging.patienceMs(this.#ask.promptTokens);
  }

  #startHedge(first: Launch): Launch | undefined {
    const { hedging, retries } = this.#exchange;
    if (hedging === undefined || this.#relay?.committed !== false || this.#downstream.left || this.#isLate)
      return undefined;
    if (this.#launched >= retries.maxAttempts || this.#launchedInPool >= retries.attemptsPerPool) return undefined;
    if (hedging.budget.balance < 1) return undefined;
    const choice = this.#search.hedgeFor(first.choice);
    if (choice === undefined) return undefined;
    hedging.budget.withdraw();
    this.#hedged = true;
    return this.#launch(choice);
  }

  /** First content has come: this attempt's stream is the client's, and no other one's ever will be. */
  #commit(launch: Launch, headers: UpstreamHeaders): void {
    for (const other of this.#running) if (other !== launch) other.lose();
    this.#served = this.#servedBy(launch, headers);
    this.#relay?.commit(this.#served, launch.choice.member.target.provider.dialect);
  }

  #cancel(): void {
    for (const launch of this.#running) launch.cancel();
  }

  #servedBy(launch: Launch, headers: UpstreamHeaders): Served {
    const { member, poolIndex } = launch.choice;
    return { member, poolIndex, attempts: this.#launched, headers };
  }

  /** Settles an attempt that has ended. The exchange's end, or undefined when something else may be tried. */
  #judge(launch: Launch, end: AttemptEnd): ExchangeEnd | undefined {
    const { member } = launch.choice;
    this.#running.splice(this.#running.indexOf(launch), 1);
    this.#ended.push(launch.settle(end));
    if (launch.lost) {
      this.#search.noteUnheard(member);
      return undefined;
    }
    const served = this.#servedBy(launch, end.headers);
    switch (nextStep(end.outcome)) {
      case 'done':
        this.#usage = end.usage;
        if (end.reply !== undefined) return { kind: 'answered', reply: end.reply, served };
        return { kind: 'streamed', served: this.#served ?? served };
      case 'pass-through':
        if (this.#relay?.committed !== true && end.reply !== undefined)
          return { kind: 'answered', reply: end.reply, served };
        // A continuation that this model will not take; the caller never sent it.
        this.#search.ruleOutModel(member);
        break;
      case 'stop':
        return end.outcome.kind === 'cancelled' ? { kind: 'cancelled' } : this.#giveUp();
      case 'other-model-first':
        // Part of an answer is gone on with best by the model that began it, full as it may be.
        if (this.#relay?.committed !== true) this.#search.noteFull(member);
        this.#lastRefusal = { end, served };
        break;
      case 'other-model':
        this.#search.ruleOutModel(member);
        this.#lastRefusal = { end, served };
        break;
      case 'sibling':
        this.#lastRefusal = { end, served };
        break;
    }
    // After the commit only a continuation can help; where it cannot, the client must be told now.
    if (this.#relay?.committed === true && this.#relay.resumableText === undefined) return this.#giveUp();
    return undefined;
  }

  #cause(pass: number): AttemptCause {
    if (this.#launched === 0) return 'first';
    if (this.#relay?.committed === true) return 'resume';
    if (this.#launchedInPool > 0) return 'sibling';
    return pass > 1 ? 'another-pass' : 'next-pool';
  }

  /** Waits before going over the pools again; false when that is not allowed or cannot help. */
  async #mayRepeat(pass: number): Promise<boolean> {
    const { clock, rng, budget } = this.#deps;
    const { retries, deadlineAtMs } = this.#exchange;
    if (this.#launched >= retries.maxAttempts) return false;
    const freeInMs = earliestMs(this.#search.usable(), (target) => target.freeInMs);
    // Free later than we would wait anyway: the client gets retry-after and its connection back.
    if (freeInMs === undefined || freeInMs > retries.maxBackoffMs) return false;
    const waitMs = freeInMs + backoffMs(rng, pass, retries);
    if (clock.nowMs() + waitMs >= deadlineAtMs) return false;
    if (!budget.withdraw()) return false;
    try {
      await clock.sleep(waitMs, this.#downstream.signal);
    } catch {
      // The only way out of the sleep but its end: the client left. The next pass sees that first.
    }
    this.#waitedMs += waitMs;
    return true;
  }

  get #isLate(): boolean {
    return this.#deps.clock.nowMs() >= this.#exchange.deadlineAtMs;
  }

  #giveUp(): ExchangeEnd {
    if (this.#downstream.left) return { kind: 'cancelled' };
    const error = finalError({
      attempts: this.#ended,
      usable: this.#search.usable(),
      late: this.#isLate || ranOutOfTime(this.#ended.at(-1)),
      untranslatable: this.#search.untranslatable,
    });
    if (this.#relay?.committed === true && this.#served !== undefined) {
      const broken = new GatewayError('GW_STREAM_BROKEN', 'The answer broke off and could not be continued.', {
        cause: error,
      });
      this.#relay.fail(broken);
      return { kind: 'broken', served: this.#served, error: broken };
    }
    const last = this.#lastRefusal;
    // A model that every provider says is gone is the caller's to know in the vendor's own words.
    if (last?.end.reply !== undefined && this.#ended.every(({ outcome }) => outcome.kind === 'model-gone')) {
      return { kind: 'answered', reply: last.end.reply, served: last.served };
    }
    return { kind: 'refused', error, served: last?.served };
  }
}

/** The timer may fire a moment before the clock reads the deadline. */
function ranOutOfTime(attempt: AttemptReport | undefined): boolean {
  return attempt?.outcome.kind === 'fault' && attempt.outcome.reason === 'deadline';
}
