/** One line for each exchange: everything but content. */
import type { AttemptReport } from '@leeward/failover';
import type { Logger } from '@leeward/telemetry';
import { outcomeReason } from '@leeward/upstream';
import type { FinishedExchange } from './visit.ts';

export function logExchange(logger: Logger, finished: FinishedExchange): void {
  const { visit, client, route, report, status, traceId } = finished;
  const served = report.attempts.at(-1);
  logger.info(
    {
      requestId: visit.requestId,
      traceId,
      client: visit.clientName,
      surface: client.surface,
      dialect: client.dialect,
      stream: client.stream,
      route,
      model: client.model,
      status,
      end: report.end.kind,
      code: 'error' in report.end ? report.end.error.code : undefined,
      target: served?.member.id,
      pool: served?.poolIndex,
      attempts: report.attempts.length,
      outcomes: report.attempts.length > 1 ? report.attempts.map(describeOutcome) : undefined,
      durationMs: rounded(report.endedAtMs - visit.startedAtMs),
      firstTokenMs:
        report.firstTokenAtMs === undefined ? undefined : rounded(report.firstTokenAtMs - visit.startedAtMs),
      promptTokens: report.usage?.promptTokens,
      completionTokens: report.usage?.completionTokens,
    },
    'exchange-finished',
  );
}

function describeOutcome({ member, outcome }: AttemptReport): string {
  const reason = outcomeReason(outcome);
  return `${member.id} ${outcome.kind}${reason === '' ? '' : ` ${reason}`}`;
}

/** Hundredths of a millisecond: finer would be noise. */
export function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
