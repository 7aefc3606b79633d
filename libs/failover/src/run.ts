/**
 * One exchange, from the first pick to the last byte: which target is asked, what happens when it fails, and when to
 * stop. The order of things tried:
 *
 *   within a pool, each target once, siblings at once and without waiting (at most attemptsPerPool);
 *   then the next pool;
 *   when no pool is left, a jittered wait paid for from the retry budget, and all of it once more.
 *
 * So a request reaches a healthy target, wherever it is, before anything is repeated. Bounded by the deadline, by
 * maxAttempts, by the budget, and by the client's staying.
 */
import type { Picker } from '@leeward/balancer';
import { type Clock, GatewayError, type Rng } from '@leeward/kernel';
import type { Ask, Lease, Member, Pool, Target, UpstreamHeaders } from '@leeward/upstream';
import { estimatePromptTokens, type Usage, writeContinuationRequest, writeUpstreamRequest } from '@leeward/wire';
import { Attempt, type AttemptEnd } from './attempt.ts';
import { backoffMs } from './backoff.ts';
import type {
  AttemptCause,
  AttemptReport,
  CandidateView,
  Downstream,
  Exchange,
  ExchangeEnd,
  ExchangeReport,
  Served,
} from './exchange.ts';
import { earliestMs, finalError } from './final-error.ts';
import { nextStep } from './next-step.ts';
import type { RetryBudget } from './retry-budget.ts';
import { StreamReader } from './stream-reader.ts';
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

/** Candidates that a report remembers of one pick: enough to explain it, bounded for pools of hundreds. */
const MAX_CANDIDATE_VIEWS = 16;

class Run {
  readonly #deps: RunDeps;
  readonly #exchange: Exchange;
  readonly #downstream: Downstream;
  readonly #relay: StreamRelay | undefined;
  readonly #startedAtMs: number;
  readonly #ask: Ask;
  readonly #attempts: AttemptReport[] = [];
  /** Tried in this pass: two pools may hold the same target. */
  readonly #tried = new Set<Target>();
  /** `provider/model` names that had no room in this pass. */
  readonly #full = new Set<string>();
  /** `provider/model` and `provider` names that cannot serve this request at all. */
  readonly #ruledOut = new Set<string>();
  readonly #skip = (member: Member): boolean => this.#isSkipped(member);
  #current: Attempt | undefined;
  #untranslatable: GatewayError | undefined;
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
    this.#relay = exchange.request.stream
      ? new StreamRelay(deps.clock, exchange.request, downstream, exchange.recovery)
      : undefined;
  }

  async run(): Promise<ExchangeReport> {
    this.#downstream.onLeave(() => this.#current?.cancel());
    this.#deps.budget.deposit();
    const end = await this.#passes();
    const relay = this.#relay;
    return {
      end,
      attempts: this.#attempts,
      startedAtMs: this.#startedAtMs,
      endedAtMs: this.#deps.clock.nowMs(),
      firstTokenAtMs: relay === undefined ? this.#attempts.at(-1)?.firstTokenAtMs : relay.firstTokenAtMs,
      usage: relay?.usage ?? this.#usage,
      waitedMs: this.#waitedMs,
      maxGapMs: relay?.maxGapMs ?? 0,
    };
  }

  async #passes(): Promise<ExchangeEnd> {
    for (let pass = 1; ; pass++) {
      const before = this.#attempts.length;
      const end = await this.#onePass(pass);
      if (end !== undefined) return end;
      // Having waited and still found nobody to ask, the client is better off with retry-after than with more of that.
      if (pass > 1 && this.#attempts.length === before) return this.#giveUp();
      if (!(await this.#mayRepeat(pass))) return this.#giveUp();
      this.#tried.clear();
      this.#full.clear();
    }
  }

  /** Every pool in order; undefined when all were tried in vain. */
  async #onePass(pass: number): Promise<ExchangeEnd | undefined> {
    const { pools, retries } = this.#exchange;
    for (const [poolIndex, pool] of pools.entries()) {
      for (let inPool = 0; inPool < retries.attemptsPerPool; ) {
        if (this.#downstream.left) return { kind: 'cancelled' };
        if (this.#attempts.length >= retries.maxAttempts || this.#isLate) return this.#giveUp();
        const member = this.#deps.picker.pick(pool, this.#skip);
        if (member === undefined) break;
        this.#tried.add(member.target);
        const body = this.#bodyFor(member);
        const lease = body === undefined ? undefined : member.target.enter(this.#ask);
        if (body === undefined || lease === undefined) continue;
        const candidates = viewCandidates(pool);
        const cause = this.#cause(pass, inPool);
        inPool++;
        const end = await this.#attempt({ member, poolIndex, body, lease, candidates, cause });
        if (end !== undefined) return end;
      }
    }
    return undefined;
  }

  async #attempt(choice: Choice): Promise<ExchangeEnd | undefined> {
    const { clock } = this.#deps;
    const { member, poolIndex } = choice;
    const startedAtMs = clock.nowMs();
    const served = (headers: UpstreamHeaders): Served => ({
      member,
      poolIndex,
      attempts: this.#attempts.length + 1,
      headers,
    });
    const attempt = new Attempt(clock, {
      target: member.target,
      surface: this.#exchange.request.surface,
      path: this.#exchange.path,
      body: choice.body,
      reader: this.#readerFor(member, served),
      onBegun: () => choice.lease.begun(),
      timeouts: this.#exchange.timeouts,
      deadlineAtMs: this.#exchange.deadlineAtMs,
      maxAnswerBytes: this.#exchange.maxAnswerBytes,
    });
    this.#current = attempt;
    const onEnd = this.#exchange.onAttempt?.({
      member,
      poolIndex,
      number: this.#attempts.length + 1,
      cause: choice.cause,
      candidates: choice.candidates,
    });
    attempt.start();
    if (this.#downstream.left) attempt.cancel();
    const end = await attempt.ended;
    this.#current = undefined;
    choice.lease.settle(end.outcome, end.usage);
    const result = served(end.headers);
    const report: AttemptReport = {
      member,
      poolIndex,
      cause: choice.cause,
      candidates: choice.candidates,
      startedAtMs,
      endedAtMs: clock.nowMs(),
      firstTokenAtMs: end.firstTokenAtMs,
      status: end.status,
      outcome: end.outcome,
    };
    this.#attempts.push(report);
    onEnd?.(report);
    return this.#decide(member, end, result);
  }

  /** The exchange's end, or undefined when something else may be tried. */
  #decide(member: Member, end: AttemptEnd, served: Served): ExchangeEnd | undefined {
    switch (nextStep(end.outcome)) {
      case 'done':
        this.#usage = end.usage;
        if (end.reply !== undefined) return { kind: 'answered', reply: end.reply, served };
        return { kind: 'streamed', served: this.#served ?? served };
      case 'pass-through':
        if (this.#relay?.committed !== true && end.reply !== undefined)
          return { kind: 'answered', reply: end.reply, served };
        // A continuation that this model will not take; the caller never sent it.
        this.#ruledOut.add(modelOf(member));
        break;
      case 'stop':
        return end.outcome.kind === 'cancelled' ? { kind: 'cancelled' } : this.#giveUp();
      case 'other-model-first':
        // Where there is no other model to ask, another key's tier may still have room.
        if (this.#hasOtherModel(member)) this.#full.add(modelOf(member));
        this.#noteRefusal(end, served);
        break;
      case 'other-model':
        this.#ruledOut.add(modelOf(member));
        this.#noteRefusal(end, served);
        break;
      case 'sibling':
        this.#noteRefusal(end, served);
        break;
    }
    // After the commit only a continuation can help; where it cannot, the client must be told now.
    if (this.#relay?.committed === true && this.#relay.resumableText === undefined) return this.#giveUp();
    return undefined;
  }

  #hasOtherModel(member: Member): boolean {
    const model = modelOf(member);
    return this.#usable().some((other) => modelOf(other) !== model);
  }

  #noteRefusal(end: AttemptEnd, served: Served): void {
    this.#lastRefusal = { end, served };
  }

  #readerFor(member: Member, served: (headers: UpstreamHeaders) => Served): StreamReader | undefined {
    const relay = this.#relay;
    if (relay === undefined) return undefined;
    const { dialect } = member.target.provider;
    const n = this.#exchange.request.outline['n'];
    return new StreamReader(relay, {
      dialect,
      choices: typeof n === 'number' && n > 1 ? n : 1,
      onCommit: (headers) => {
        if (relay.committed) {
          relay.expectRepetition(dialect);
          return;
        }
        this.#served = served(headers);
        relay.commit(this.#served, dialect);
      },
    });
  }

  /** The request as this target is to get it; undefined when it cannot be said to it. */
  #bodyFor(member: Member): Buffer | undefined {
    const { request } = this.#exchange;
    const to = { dialect: member.target.provider.dialect, model: member.target.model };
    try {
      const said = this.#relay?.resumableText;
      return said === undefined ? writeUpstreamRequest(request, to) : writeContinuationRequest(request, said, to);
    } catch (error) {
      // What this target's dialect cannot say, or a body whose mistake shows only now that the whole is read.
      if (!(error instanceof GatewayError)) throw error;
      this.#untranslatable = error;
      this.#ruledOut.add(member.target.provider.name);
      return undefined;
    }
  }

  #isSkipped(member: Member): boolean {
    if (this.#tried.has(member.target)) return true;
    return this.#ruledOut.size + this.#full.size > 0 && (this.#isRuledOut(member) || this.#full.has(modelOf(member)));
  }

  #cause(pass: number, inPool: number): AttemptCause {
    if (this.#attempts.length === 0) return 'first';
    if (this.#relay?.committed === true) return 'resume';
    if (inPool > 0) return 'sibling';
    return pass > 1 ? 'another-pass' : 'next-pool';
  }

  /** Waits before going over the pools again; false when that is not allowed or cannot help. */
  async #mayRepeat(pass: number): Promise<boolean> {
    const { clock, rng, budget } = this.#deps;
    const { retries, deadlineAtMs } = this.#exchange;
    if (this.#attempts.length >= retries.maxAttempts) return false;
    const freeInMs = earliestMs(this.#usable());
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

  /** The members that could serve this request, were they available. */
  #usable(): readonly Member[] {
    return this.#exchange.pools.flatMap((pool) =>
      pool.filter((member) => member.weight > 0 && !this.#isRuledOut(member)),
    );
  }

  #isRuledOut(member: Member): boolean {
    return this.#ruledOut.has(modelOf(member)) || this.#ruledOut.has(member.target.provider.name);
  }

  get #isLate(): boolean {
    return this.#deps.clock.nowMs() >= this.#exchange.deadlineAtMs;
  }

  #giveUp(): ExchangeEnd {
    if (this.#downstream.left) return { kind: 'cancelled' };
    const error = finalError({
      attempts: this.#attempts,
      usable: this.#usable(),
      late: this.#isLate || ranOutOfTime(this.#attempts.at(-1)),
      untranslatable: this.#untranslatable,
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
    if (last?.end.reply !== undefined && this.#attempts.every(({ outcome }) => outcome.kind === 'model-gone')) {
      return { kind: 'answered', reply: last.end.reply, served: last.served };
    }
    return { kind: 'refused', error, served: last?.served };
  }
}

interface Choice {
  readonly member: Member;
  readonly poolIndex: number;
  readonly body: Buffer;
  readonly lease: Lease;
  readonly candidates: readonly CandidateView[];
  readonly cause: AttemptCause;
}

/** The timer may fire a moment before the clock reads the deadline. */
function ranOutOfTime(attempt: AttemptReport | undefined): boolean {
  return attempt?.outcome.kind === 'fault' && attempt.outcome.reason === 'deadline';
}

function modelOf(member: Member): string {
  return `${member.target.provider.name}/${member.target.model}`;
}

function viewCandidates(pool: Pool): readonly CandidateView[] {
  const views: CandidateView[] = [];
  for (const member of pool) {
    if (views.length === MAX_CANDIDATE_VIEWS) break;
    views.push({ id: member.id, state: member.target.state, load: member.load });
  }
  return views;
}
