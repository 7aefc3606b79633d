/**
 * An attempt as its exchange sees it: who was chosen and why, what it holds of the target, whether it lost to another
 * one, and what is told of it in the end.
 */
import type { Clock } from '@leeward/kernel';
import type { Ask, Lease, Member, UpstreamHeaders } from '@leeward/upstream';
import { Attempt, type AttemptEnd } from './attempt.ts';
import type { AttemptCause, AttemptReport, CandidateView, Exchange } from './exchange.ts';
import { StreamReader } from './stream-reader.ts';
import type { StreamRelay } from './stream-relay.ts';

/** A target that has been entered, and what it will be sent. */
export interface Choice {
  readonly member: Member;
  readonly poolIndex: number;
  readonly body: Buffer;
  readonly lease: Lease;
  readonly candidates: readonly CandidateView[];
  readonly cause: AttemptCause;
}

export interface LaunchOptions {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly relay: StreamRelay | undefined;
  readonly ask: Ask;
  /** Of this exchange's attempts, from 1. */
  readonly number: number;
  readonly firstTokenMs: number;
  /** At a stream's first content, before anything is written. */
  readonly onCommit: (launch: Launch, headers: UpstreamHeaders) => void;
}

export class Launch {
  readonly choice: Choice;
  readonly startedAtMs: number;
  readonly #options: LaunchOptions;
  readonly #attempt: Attempt;
  readonly #onEnd: ((report: AttemptReport) => void) | undefined;
  #lost = false;

  constructor(choice: Choice, options: LaunchOptions) {
    const { clock, exchange, number } = options;
    const { member, body } = choice;
    this.choice = choice;
    this.startedAtMs = clock.nowMs();
    this.#options = options;
    this.#attempt = new Attempt(clock, {
      target: member.target,
      surface: exchange.request.surface,
      path: exchange.path,
      body,
      reader: this.#reader(),
      onBegun: () => this.#begun(),
      timeouts: exchange.timeouts,
      firstTokenMs: options.firstTokenMs,
      mayResume: number < exchange.retries.maxAttempts,
      deadlineAtMs: exchange.deadlineAtMs,
      maxAnswerBytes: exchange.maxAnswerBytes,
    });
    this.#onEnd = exchange.onAttempt?.(member);
  }

  get ended(): Promise<AttemptEnd> {
    return this.#attempt.ended;
  }

  /** Another one committed, or the exchange is over without it. */
  get lost(): boolean {
    return this.#lost;
  }

  start(): void {
    this.#attempt.start();
  }

  lose(): void {
    this.#lost = true;
    this.#attempt.cancel();
  }

  /** The client left. */
  cancel(): void {
    this.#attempt.cancel();
  }

  /** Gives back what was held, and reports. Once, with what `ended` gave. */
  settle(end: AttemptEnd): AttemptReport {
    const { member, poolIndex, cause, candidates, lease } = this.choice;
    const endedAtMs = this.#options.clock.nowMs();
    lease.settle(end.outcome, end.usage);
    if (this.#teaches && end.firstTokenAtMs === undefined) {
      this.#options.exchange.hedging?.noteWait(this.#options.ask.promptTokens, endedAtMs - this.startedAtMs);
    }
    const report: AttemptReport = {
      member,
      poolIndex,
      cause,
      candidates,
      startedAtMs: this.startedAtMs,
      endedAtMs,
      firstTokenAtMs: end.firstTokenAtMs,
      status: end.status,
      outcome: end.outcome,
    };
    this.#onEnd?.(report);
    return report;
  }

  /** Whether the route learns its first-token times from this one. */
  get #teaches(): boolean {
    return this.choice.cause === 'first' && this.#options.relay !== undefined;
  }

  #begun(): void {
    this.choice.lease.begun();
    if (!this.#teaches) return;
    const { clock, exchange, ask } = this.#options;
    exchange.hedging?.noteFirstToken(ask.promptTokens, clock.nowMs() - this.startedAtMs);
  }

  #reader(): StreamReader | undefined {
    const { relay, exchange, onCommit } = this.#options;
    if (relay === undefined) return undefined;
    const { dialect } = this.choice.member.target.provider;
    const n = exchange.request.outline['n'];
    return new StreamReader(relay, {
      dialect,
      clock: this.#options.clock,
      choices: typeof n === 'number' && n > 1 ? n : 1,
      onCommit: (headers) => {
        if (relay.committed) relay.expectRepetition(dialect);
        else onCommit(this, headers);
      },
    });
  }
}
