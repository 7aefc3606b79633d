/** A finished exchange as spans: a SERVER span, and a CLIENT span for each attempt with the reason of its pick. */
import type { AttemptReport, CandidateView } from '@leeward/failover';
import { ATTRIBUTE, type EndedSpan, type Tracing } from '@leeward/telemetry';
import { outcomeReason } from '@leeward/upstream';
import type { FinishedExchange } from '../visit.ts';
import { rounded } from './rounded.ts';
import type { TraceReason } from './trace-choice.ts';

type Untraced = Omit<FinishedExchange, 'traceId'>;

/** Answers the trace's id. */
export function writeSpans(
  tracing: Tracing,
  traceparent: string | undefined,
  finished: Untraced,
  why: TraceReason,
): string {
  // Reports come in the order of their ends: a hedge may have begun after what it outlived.
  const attempts = finished.report.attempts.toSorted((one, other) => one.startedAtMs - other.startedAtMs);
  return tracing.record(traceparent, exchangeSpan(finished, why), attempts.map(attemptSpan));
}

function exchangeSpan(finished: Untraced, why: TraceReason): EndedSpan {
  const { visit, client, route, picker, affinity, report, status } = finished;
  const { end, usage, attempts, endedAtMs } = report;
  return {
    startedAtMs: visit.startedAtMs,
    endedAtMs,
    error: 'error' in end ? end.error : undefined,
    attributes: {
      [ATTRIBUTE.operation]: client.surface,
      [ATTRIBUTE.requestModel]: client.model,
      [ATTRIBUTE.route]: route,
      [ATTRIBUTE.surface]: client.surface,
      [ATTRIBUTE.dialect]: client.dialect,
      [ATTRIBUTE.stream]: client.stream,
      [ATTRIBUTE.clientKey]: visit.clientName,
      [ATTRIBUTE.picker]: picker,
      [ATTRIBUTE.affinity]: affinity,
      [ATTRIBUTE.requestId]: visit.requestId,
      [ATTRIBUTE.traceReason]: why,
      [ATTRIBUTE.status]: status,
      [ATTRIBUTE.attempts]: attempts.length,
      [ATTRIBUTE.inputTokens]: usage?.promptTokens,
      [ATTRIBUTE.outputTokens]: usage?.completionTokens,
      [ATTRIBUTE.responseModel]: attempts.at(-1)?.member.target.model,
    },
  };
}

function attemptSpan(report: AttemptReport, index: number): EndedSpan {
  const { member, poolIndex, cause, candidates, startedAtMs, endedAtMs, firstTokenAtMs, status, outcome } = report;
  const { target } = member;
  const seen = candidates.find(({ id }) => id === target.id);
  const reason = outcomeReason(outcome);
  return {
    startedAtMs,
    endedAtMs,
    error: outcome.kind === 'ok' ? undefined : reason === '' ? outcome.kind : reason,
    attributes: {
      [ATTRIBUTE.provider]: target.provider.dialect === 'mistral' ? 'mistral_ai' : 'openai',
      [ATTRIBUTE.requestModel]: target.model,
      [ATTRIBUTE.attemptNumber]: index + 1,
      [ATTRIBUTE.poolIndex]: poolIndex,
      [ATTRIBUTE.targetProvider]: target.provider.name,
      [ATTRIBUTE.targetKey]: target.key.name,
      [ATTRIBUTE.targetModel]: target.model,
      [ATTRIBUTE.targetLoad]: seen === undefined ? undefined : rounded(seen.load),
      [ATTRIBUTE.quotaGroup]: target.key.quotaGroup,
      [ATTRIBUTE.pickReason]: cause,
      [ATTRIBUTE.pickCandidates]: candidates.map(describeCandidate),
      [ATTRIBUTE.outcome]: outcome.kind,
      [ATTRIBUTE.outcomeReason]: reason === '' ? undefined : reason,
      [ATTRIBUTE.status]: status,
      [ATTRIBUTE.firstTokenMs]: firstTokenAtMs === undefined ? undefined : rounded(firstTokenAtMs - startedAtMs),
    },
  };
}

/** Such as `mistral/w1-a/mistral-large-latest breaker-open, load 412.5, free in 830 ms`. */
function describeCandidate({ id, state, load, freeInMs }: CandidateView): string {
  return `${id} ${state}, load ${rounded(load)}${freeInMs > 0 ? `, free in ${Math.round(freeInMs)} ms` : ''}`;
}
