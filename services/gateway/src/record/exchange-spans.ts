/** A sampled exchange as spans: a SERVER span, and a CLIENT span for each attempt with the reason of its pick. */
import type { AttemptReport, AttemptStart, CandidateView } from '@leeward/failover';
import { ATTRIBUTE, type AttemptSpan, type ExchangeSpan, type Tracing } from '@leeward/telemetry';
import { outcomeReason } from '@leeward/upstream';
import type { BegunExchange, FinishedExchange } from '../visit.ts';
import { rounded } from './rounded.ts';

/** Undefined when this exchange is not sampled. */
export function startSpan(
  tracing: Tracing,
  traceparent: string | readonly string[] | undefined,
  begun: BegunExchange,
): ExchangeSpan | undefined {
  const { visit, client, route, picker, affinity } = begun;
  return tracing.exchange(typeof traceparent === 'string' ? traceparent : undefined, {
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
  });
}

export function traceAttempt(span: ExchangeSpan, start: AttemptStart): (report: AttemptReport) => void {
  const { target } = start.member;
  const seen = start.candidates.find(({ id }) => id === target.id);
  const attempt: AttemptSpan = span.attempt({
    [ATTRIBUTE.provider]: target.provider.dialect === 'mistral' ? 'mistral_ai' : 'openai',
    [ATTRIBUTE.requestModel]: target.model,
    [ATTRIBUTE.attemptNumber]: start.number,
    [ATTRIBUTE.poolIndex]: start.poolIndex,
    [ATTRIBUTE.targetProvider]: target.provider.name,
    [ATTRIBUTE.targetKey]: target.key.name,
    [ATTRIBUTE.targetModel]: target.model,
    [ATTRIBUTE.targetLoad]: seen === undefined ? undefined : rounded(seen.load),
    [ATTRIBUTE.quotaGroup]: target.key.quotaGroup,
    [ATTRIBUTE.pickReason]: start.cause,
    [ATTRIBUTE.pickCandidates]: start.candidates.map(describeCandidate),
  });
  return (report) => {
    const { outcome } = report;
    const reason = outcomeReason(outcome);
    attempt.end(
      {
        [ATTRIBUTE.outcome]: outcome.kind,
        [ATTRIBUTE.outcomeReason]: reason === '' ? undefined : reason,
        [ATTRIBUTE.status]: report.status,
        [ATTRIBUTE.firstTokenMs]:
          report.firstTokenAtMs === undefined ? undefined : rounded(report.firstTokenAtMs - report.startedAtMs),
      },
      outcome.kind === 'ok' ? undefined : reason === '' ? outcome.kind : reason,
    );
  };
}

/** Such as `mistral/w1-a/mistral-large-latest breaker-open, load 412.5, free in 830 ms`. */
function describeCandidate({ id, state, load, freeInMs }: CandidateView): string {
  return `${id} ${state}, load ${rounded(load)}${freeInMs > 0 ? `, free in ${Math.round(freeInMs)} ms` : ''}`;
}

export function endSpan(span: ExchangeSpan, { report, status }: FinishedExchange): void {
  const { end, usage } = report;
  span.end(
    {
      [ATTRIBUTE.status]: status,
      [ATTRIBUTE.attempts]: report.attempts.length,
      [ATTRIBUTE.inputTokens]: usage?.promptTokens,
      [ATTRIBUTE.outputTokens]: usage?.completionTokens,
      [ATTRIBUTE.responseModel]: report.attempts.at(-1)?.member.target.model,
    },
    'error' in end ? end.error : undefined,
  );
}
