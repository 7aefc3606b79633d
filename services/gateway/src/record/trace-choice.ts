/**
 * Which finished exchanges are traced: a share of all, and beside them what somebody will want to look at: errors,
 * exchanges that needed more than one attempt, and slow ones. In an outage all are notable, so there is a bound.
 */
import type { Clock } from '@leeward/kernel';
import type { FinishedExchange } from '../visit.ts';

export type TraceReason = 'sampled' | 'error' | 'failover' | 'slow';

/** As many as a person or a collector can make something of, for about a thousandth of a core. */
const NOTABLE_PER_SECOND = 20;
const NOTABLE_AT_ONCE = 100;

type Untraced = Omit<FinishedExchange, 'traceId'>;

export class TraceChoice {
  readonly #clock: Clock;
  readonly #slowMs: number;
  #left = NOTABLE_AT_ONCE;
  #filledAtMs: number;

  constructor(clock: Clock, slowMs: number) {
    this.#clock = clock;
    this.#slowMs = slowMs;
    this.#filledAtMs = clock.nowMs();
  }

  /** Undefined where it is not to be traced. */
  reason(finished: Untraced, isSampled: boolean): TraceReason | undefined {
    const notable = this.#notable(finished);
    // What is sampled anyway says why it is notable, and takes nothing from the others.
    if (isSampled) return notable ?? 'sampled';
    return notable !== undefined && this.#take() ? notable : undefined;
  }

  #notable({ report, status, visit }: Untraced): TraceReason | undefined {
    if ('error' in report.end || status >= 500) return 'error';
    if (report.attempts.length > 1) return 'failover';
    const seenAtMs = report.firstTokenAtMs ?? report.endedAtMs;
    return seenAtMs - visit.startedAtMs > this.#slowMs ? 'slow' : undefined;
  }

  #take(): boolean {
    const nowMs = this.#clock.nowMs();
    this.#left = Math.min(NOTABLE_AT_ONCE, this.#left + ((nowMs - this.#filledAtMs) / 1000) * NOTABLE_PER_SECOND);
    this.#filledAtMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
