/** A sampled exchange as spans: a SERVER span, and a CLIENT span for each attempt with the reason of its pick. */
import type { AttemptReport, AttemptStart } from '@leeward/failover';
import { ATTRIBUTE, type AttemptSpan, type ExchangeSpan, type Tracing } from '@leeward/telemetry';
import { outcomeReason } from '@leeward/upstream';
import type { ClientRequest } from '@leeward/wire';
import { rounded } from './access-log.ts';
import type { FinishedExchange, Visit } from '../visit.ts';

/** Undefined when this exchange is not sampled. */
export function startSpan(
  tracing: Tracing,
  traceparent: string | readonly string[] | undefined,
  started: { visit: Visit; client: ClientRequest; route: string },
): ExchangeSpan | undefined {
  const { visit, client, route } = started;
  return tracing.exchange(typeof traceparent === 'string' ? traceparent : undefined, {
    [ATTRIBUTE.operation]: client.surface,
    [ATTRIBUTE.requestModel]: client.model,
    [ATTRIBUTE.route]: route,
    [ATTRIBUTE.surface]: client.surface,
    [ATTRIBUTE.dialect]: client.dialect,
    [ATTRIBUTE.stream]: client.stream,
    [ATTRIBUTE.clientKey]: visit.clientName,
    [ATTRIBUTE.requestId]: visit.requestId,
  });
}

export function traceAttempt(span: ExchangeSpan, start: AttemptStart): (report: AttemptReport) => void {
  const { target } = start.member;
  const attempt: AttemptSpan = span.attempt({
    [ATTRIBUTE.provider]: target.provider.dialect === 'mistral' ? 'mistral_ai' : 'openai',
    [ATTRIBUTE.requestModel]: target.model,
    [ATTRIBUTE.attemptNumber]: start.number,
    [ATTRIBUTE.poolIndex]: start.poolIndex,
    [ATTRIBUTE.targetProvider]: target.provider.name,
    [ATTRIBUTE.targetKey]: target.key.name,
    [ATTRIBUTE.targetModel]: target.model,
    [ATTRIBUTE.quotaGroup]: target.key.quotaGroup,
    [ATTRIBUTE.pickReason]: start.cause,
    [ATTRIBUTE.pickCandidates]: start.candidates.map(({ id, state, load }) => `${id} ${state} ${load}`),
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
