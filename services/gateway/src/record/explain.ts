/**
 * Why an exchange went as it did, in plain data: for /admin/decisions and for the debug line. Attempts stand in the order
 * in which they began, because a hedge begins after the attempt that it helps and may end before it.
 */
import type { AttemptReport, CandidateView, ExchangeEnd } from '@leeward/failover';
import { outcomeReason } from '@leeward/upstream';
import { rounded } from './rounded.ts';
import type { FinishedExchange } from '../visit.ts';

/** What is kept of a finished exchange to explain it. */
export interface Explained {
  readonly requestId: string;
  readonly client: string;
  readonly route: string;
  readonly model: string;
  readonly surface: string;
  readonly stream: boolean;
  readonly picker: string;
  readonly affinity: FinishedExchange['affinity'];
  readonly status: number;
  readonly end: ExchangeEnd['kind'];
  readonly code: string | undefined;
  /** The target whose answer the client has. */
  readonly servedBy: string | undefined;
  readonly attempts: readonly AttemptReport[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly firstTokenAtMs: number | undefined;
}

/** Only what is told: the report's answer and the request's body are not kept alive by it. */
export function explained(finished: FinishedExchange): Explained {
  const { visit, client, report, route, picker, affinity, status } = finished;
  const { end } = report;
  return {
    requestId: visit.requestId,
    client: visit.clientName,
    route,
    model: client.model,
    surface: client.surface,
    stream: client.stream,
    picker,
    affinity,
    status,
    end: end.kind,
    code: 'error' in end ? end.error.code : undefined,
    servedBy: end.kind === 'answered' || end.kind === 'streamed' ? end.served.member.id : undefined,
    attempts: report.attempts,
    startedAtMs: visit.startedAtMs,
    endedAtMs: report.endedAtMs,
    firstTokenAtMs: report.firstTokenAtMs,
  };
}

export function explain(exchange: Explained): Readonly<Record<string, unknown>> {
  const { attempts, startedAtMs, endedAtMs, firstTokenAtMs, ...told } = exchange;
  return {
    ...told,
    affinity: told.affinity ?? 'none',
    durationMs: Math.round(endedAtMs - startedAtMs),
    firstTokenMs: firstTokenAtMs === undefined ? undefined : Math.round(firstTokenAtMs - startedAtMs),
    attempts: attempts
      .toSorted((one, other) => one.startedAtMs - other.startedAtMs)
      .map((attempt) => explainAttempt(attempt, startedAtMs)),
  };
}

function explainAttempt(attempt: AttemptReport, exchangeStartedAtMs: number): object {
  const { member, outcome, startedAtMs, endedAtMs, firstTokenAtMs } = attempt;
  return {
    target: member.id,
    pool: attempt.poolIndex,
    cause: attempt.cause,
    candidates: attempt.candidates.map(explainCandidate),
    status: attempt.status,
    outcome: outcome.kind,
    reason: outcomeReason(outcome) || undefined,
    afterMs: Math.round(startedAtMs - exchangeStartedAtMs),
    firstTokenMs: firstTokenAtMs === undefined ? undefined : Math.round(firstTokenAtMs - startedAtMs),
    tookMs: Math.round(endedAtMs - startedAtMs),
  };
}

/** The wait is told where there is one: it says when whatever speaks against the candidate is over. */
function explainCandidate({ id, state, load, freeInMs }: CandidateView): object {
  return { id, state, load: rounded(load), freeInMs: freeInMs > 0 ? Math.round(freeInMs) : undefined };
}
