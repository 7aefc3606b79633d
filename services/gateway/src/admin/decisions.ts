/**
 * The last exchanges, kept for whoever asks why: what was considered, chosen, tried, and how each attempt ended. A ring
 * of references to finished reports: keeping one costs a store, and rendering happens only when someone looks.
 */
import type { ExchangeReport } from '@leeward/failover';
import { outcomeReason } from '@leeward/upstream';
import type { FinishedExchange } from '../visit.ts';

/** A few seconds of a busy node, hours of a quiet one. */
const KEPT = 256;

interface Kept {
  readonly requestId: string;
  readonly client: string;
  readonly route: string;
  readonly model: string;
  readonly surface: string;
  readonly stream: boolean;
  readonly status: number;
  readonly attempts: ExchangeReport['attempts'];
  readonly end: string;
  readonly code: string | undefined;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly firstTokenAtMs: number | undefined;
}

export class Decisions {
  readonly #kept: Kept[] = [];
  #next = 0;

  add(finished: FinishedExchange): void {
    const { visit, client, report } = finished;
    // Only what is shown: the report's answer and the request's body are not kept alive by it.
    this.#kept[this.#next] = {
      requestId: visit.requestId,
      client: visit.clientName,
      route: finished.route,
      model: client.model,
      surface: client.surface,
      stream: client.stream,
      status: finished.status,
      attempts: report.attempts,
      end: report.end.kind,
      code: 'error' in report.end ? report.end.error.code : undefined,
      startedAtMs: visit.startedAtMs,
      endedAtMs: report.endedAtMs,
      firstTokenAtMs: report.firstTokenAtMs,
    };
    this.#next = (this.#next + 1) % KEPT;
  }

  /** Newest first; ages in milliseconds before `nowMs`. */
  list(nowMs: number): readonly object[] {
    const newestFirst = [...this.#kept.slice(this.#next), ...this.#kept.slice(0, this.#next)].reverse();
    return newestFirst.map((kept) => ({
      requestId: kept.requestId,
      agoMs: Math.round(nowMs - kept.endedAtMs),
      client: kept.client,
      route: kept.route,
      model: kept.model,
      surface: kept.surface,
      stream: kept.stream,
      status: kept.status,
      end: kept.end,
      code: kept.code,
      durationMs: Math.round(kept.endedAtMs - kept.startedAtMs),
      firstTokenMs: kept.firstTokenAtMs === undefined ? undefined : Math.round(kept.firstTokenAtMs - kept.startedAtMs),
      attempts: kept.attempts.map((attempt) => ({
        target: attempt.member.id,
        pool: attempt.poolIndex,
        cause: attempt.cause,
        candidates: attempt.candidates,
        status: attempt.status,
        outcome: attempt.outcome.kind,
        reason: outcomeReason(attempt.outcome) || undefined,
        afterMs: Math.round(attempt.startedAtMs - kept.startedAtMs),
        tookMs: Math.round(attempt.endedAtMs - attempt.startedAtMs),
      })),
    }));
  }
}
