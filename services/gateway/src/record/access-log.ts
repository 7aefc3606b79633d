/** One line for each exchange: everything but content. */
import type { AttemptReport } from '@leeward/failover';
import type { Logger } from '@leeward/telemetry';
import { outcomeReason } from '@leeward/upstream';
import type { FinishedExchange } from '../visit.ts';
import { rounded } from './rounded.ts';

const FIELDS = [
  'requestId',
  'trace_id',
  'client',
  'surface',
  'dialect',
  'stream',
  'route',
  'model',
  'status',
  'end',
  'code',
  'target',
  'pool',
  'attempts',
  'outcomes',
  'durationMs',
  'firstTokenMs',
  'promptTokens',
  'completionTokens',
] as const;

export type AccessLog = (finished: FinishedExchange) => void;

export function accessLog(logger: Logger): AccessLog {
  const write = logger.line('exchange-finished', FIELDS);
  return ({ visit, client, route, report, status, traceId }) => {
    const { attempts, end, usage, firstTokenAtMs } = report;
    const last = attempts.at(-1);
    write({
      requestId: visit.requestId,
      trace_id: traceId,
      client: visit.clientName,
      surface: client.surface,
      dialect: client.dialect,
      stream: client.stream,
      route,
      model: client.model,
      status,
      end: end.kind,
      code: 'error' in end ? end.error.code : undefined,
      target: last?.member.id,
      pool: last?.poolIndex,
      attempts: attempts.length,
      outcomes: attempts.length > 1 ? attempts.map(describeOutcome).join(', ') : undefined,
      durationMs: rounded(report.endedAtMs - visit.startedAtMs),
      firstTokenMs: firstTokenAtMs === undefined ? undefined : rounded(firstTokenAtMs - visit.startedAtMs),
      promptTokens: usage?.promptTokens,
      completionTokens: usage?.completionTokens,
    });
  };
}

function describeOutcome({ member, outcome }: AttemptReport): string {
  const reason = outcomeReason(outcome);
  return `${member.id} ${outcome.kind}${reason === '' ? '' : ` ${reason}`}`;
}
