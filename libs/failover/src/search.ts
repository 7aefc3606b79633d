/**
 * Finds whom to ask next. Within one pass over the pools each target is tried once, and a model found full is let be;
 * for good, an outcome may rule out a model, or a provider whose dialect cannot say the request. What is found has been
 * entered, and its body is written: an attempt that cannot be sent is no attempt.
 */
import type { Picker } from '@leeward/balancer';
import { GatewayError, type Rng } from '@leeward/kernel';
import type { Ask, Member, Pool, Target } from '@leeward/upstream';
import { writeContinuationRequest, writeUpstreamRequest } from '@leeward/wire';
import type { AttemptCause, CandidateView, Exchange } from './exchange.ts';
import { hasRoomForHedge } from './hedging.ts';
import type { Choice } from './launch.ts';
import { pickInPanic } from './panic.ts';
import type { StreamRelay } from './stream-relay.ts';

interface SearchDeps {
  readonly rng: Rng;
  readonly picker: Picker;
}

/** Candidates that a report remembers of one pick: enough to explain it, bounded for pools of hundreds. */
const MAX_CANDIDATE_VIEWS = 16;

export class Search {
  readonly #deps: SearchDeps;
  readonly #exchange: Exchange;
  readonly #relay: StreamRelay | undefined;
  readonly #ask: Ask;
  /** In this pass: two pools may hold the same target. */
  readonly #tried = new Set<Target>();
  /** `provider/model` names that had no room in this pass. */
  readonly #full = new Set<string>();
  /** `provider/model` and `provider` names that cannot serve this request at all. */
  readonly #ruledOut = new Set<string>();
  readonly #skip = (member: Member): boolean => this.#isSkipped(member);
  #untranslatable: GatewayError | undefined;

  constructor(deps: SearchDeps, exchange: Exchange, relay: StreamRelay | undefined, ask: Ask) {
    this.#deps = deps;
    this.#exchange = exchange;
    this.#relay = relay;
    this.#ask = ask;
  }

  /** Why the last provider that was ruled out for its dialect was so. */
  get untranslatable(): GatewayError | undefined {
    return this.#untranslatable;
  }

  nextPass(): void {
    this.#tried.clear();
    this.#full.clear();
  }

  /** It was asked, but not heard out: it has failed nothing. */
  noteUnheard(member: Member): void {
    this.#tried.delete(member.target);
  }

  /** Where there is no other model to ask, another key's tier may still have room. */
  noteFull(member: Member): void {
    const model = modelOf(member);
    if (this.usable().some((other) => modelOf(other) !== model)) this.#full.add(model);
  }

  ruleOutModel(member: Member): void {
    this.#ruledOut.add(modelOf(member));
  }

  /** The members that could serve this request, were they available. */
  usable(): readonly Member[] {
    return this.#exchange.pools.flatMap((pool) =>
      pool.filter((member) => member.weight > 0 && !this.#isRuledOut(member)),
    );
  }

  /** Whether this pass, from that pool on, has somebody left who may be asked now. */
  hasMore(fromPool: number): boolean {
    return this.#exchange.pools.some(
      (pool, index) =>
        index >= fromPool && pool.some((member) => member.weight > 0 && member.available && !this.#isSkipped(member)),
    );
  }

  /** The next target of the pool; undefined when there is none. */
  next(poolIndex: number, cause: AttemptCause, skip = this.#skip): Choice | undefined {
    const pool = this.#exchange.pools[poolIndex] ?? [];
    for (;;) {
      const member = this.#deps.picker.pick(pool, skip, this.#exchange.affinity);
      if (member === undefined) return undefined;
      this.#tried.add(member.target);
      const choice = this.#enter(member, poolIndex, cause);
      if (choice !== undefined) return choice;
    }
  }

  /** One more target of the same pool, for the same model: a hedge buys time, not another answer. */
  hedgeFor({ member: { target }, poolIndex }: Choice): Choice | undefined {
    return this.next(
      poolIndex,
      'hedge',
      (other) => this.#isSkipped(other) || other.target.model !== target.model || !hasRoomForHedge(other.target),
    );
  }

  /** Whom to ask when nobody in any pool is available. */
  inPanic(): Choice | undefined {
    const refused = new Set<Member>();
    const mayAsk = (member: Member) => !refused.has(member) && !this.#isRuledOut(member);
    for (;;) {
      const pick = pickInPanic(this.#exchange.pools, mayAsk, this.#deps.rng);
      if (pick === undefined) return undefined;
      const choice = this.#enter(pick.member, pick.poolIndex, 'panic');
      if (choice !== undefined) return choice;
      refused.add(pick.member);
    }
  }

  #enter(member: Member, poolIndex: number, cause: AttemptCause): Choice | undefined {
    const body = this.#bodyFor(member);
    if (body === undefined) return undefined;
    const { target } = member;
    // As they were when the choice was made, before it changed them.
    const candidates = viewCandidates(this.#exchange.pools[poolIndex] ?? []);
    const lease = cause === 'panic' ? target.enterInPanic(this.#ask) : target.enter(this.#ask);
    return lease === undefined ? undefined : { member, poolIndex, body, lease, candidates, cause };
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

  #isRuledOut(member: Member): boolean {
    return this.#ruledOut.has(modelOf(member)) || this.#ruledOut.has(member.target.provider.name);
  }
}

function modelOf(member: Member): string {
  return `${member.target.provider.name}/${member.target.model}`;
}

function viewCandidates(pool: Pool): readonly CandidateView[] {
  const views: CandidateView[] = [];
  for (const member of pool) {
    if (views.length === MAX_CANDIDATE_VIEWS) break;
    const { state } = member.target;
    const freeInMs = state === 'available' ? 0 : member.target.freeInMs;
    views.push({ id: member.id, state, load: member.load, freeInMs });
  }
  return views;
}
