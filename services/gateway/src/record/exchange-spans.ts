/**
 * A finished exchange as spans: a SERVER span, and a CLIENT span for each attempt with the reason of its pick. The SERVER
 * span speaks OpenTelemetry's conventions of HTTP. An attempt is one call of a model and one call by HTTP, and speaks those
 * of GenAI and of HTTP; operation and tokens stand there alone, because collectors add them up over spans.
 */
import type { AttemptReport, CandidateView } from '@leeward/failover';
import { ATTRIBUTE, type EndedSpan, type Tracing } from '@leeward/telemetry';
import { outcomeReason } from '@leeward/upstream';
import type { FinishedExchange } from '../visit.ts';
import { rounded } from './rounded.ts';
import type { TraceReason } from './trace-choice.ts';

type Untraced = Omit<FinishedExchange, 'traceId'>;

/** The conventions' words; filling in the middle is the completion of a text. */
const OPERATIONS = { chat: 'chat', fim: 'text_completion', embeddings: 'embeddings' } as const;

/** Answers the trace's id. */
export function writeSpans(
  tracing: Tracing,
  traceparent: string | undefined,
  finished: Untraced,
  why: TraceReason,
): string {
  // Reports come in the order of their ends: a hedge may have begun after what it outlived.
  const attempts = finished.report.attempts.toSorted((one, other) => one.startedAtMs - other.startedAtMs);
  return tracing.record(
    traceparent,
    exchangeSpan(finished, why),
    attempts.map((attempt, index) => attemptSpan(finished, attempt, index)),
  );
}

function exchangeSpan(finished: Untraced, why: TraceReason): EndedSpan {
  const { visit, client, path, url, isTls, route, picker, affinity, report, status } = finished;
  const { end, attempts, endedAtMs } = report;
  const error = 'error' in end ? end.error : undefined;
  return {
    startedAtMs: visit.startedAtMs,
    endedAtMs,
    // By the conventions a server has not failed when it refuses what it was asked.
    error: end.kind === 'broken' || status >= 500 ? (error ?? String(status)) : undefined,
    attributes: {
      [ATTRIBUTE.method]: 'POST',
      [ATTRIBUTE.urlScheme]: isTls ? 'https' : 'http',
      [ATTRIBUTE.urlPath]: pathOf(url),
      [ATTRIBUTE.httpRoute]: path,
      [ATTRIBUTE.errorCode]: error?.code,
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
      [ATTRIBUTE.responseModel]: attempts.at(-1)?.member.target.model,
    },
  };
}

function attemptSpan({ client, path, report: exchange }: Untraced, report: AttemptReport, index: number): EndedSpan {
  const { member, poolIndex, cause, candidates, startedAtMs, endedAtMs, firstTokenAtMs, status, outcome } = report;
  const { target } = member;
  const seen = candidates.find(({ id }) => id === target.id);
  const reason = outcomeReason(outcome);
  const { baseUrl, dialect } = target.provider.options;
  const { hostname, port, protocol } = new URL(baseUrl);
  // Counted for the exchange as a whole: they stand where its answer came from.
  const usage = report === exchange.attempts.at(-1) ? exchange.usage : undefined;
  const firstTokenMs = firstTokenAtMs === undefined ? undefined : rounded(firstTokenAtMs - startedAtMs);
  return {
    startedAtMs,
    endedAtMs,
    error: outcome.kind === 'ok' ? undefined : reason === '' ? outcome.kind : reason,
    attributes: {
      [ATTRIBUTE.operation]: OPERATIONS[client.surface],
      [ATTRIBUTE.provider]: dialect === 'mistral' ? 'mistral_ai' : 'openai',
      [ATTRIBUTE.requestModel]: target.model,
      [ATTRIBUTE.requestStream]: client.stream,
      [ATTRIBUTE.inputTokens]: usage?.promptTokens,
      [ATTRIBUTE.outputTokens]: usage?.completionTokens,
      [ATTRIBUTE.cachedTokens]: usage?.cachedTokens,
      [ATTRIBUTE.firstChunkSeconds]: client.stream && firstTokenMs !== undefined ? firstTokenMs / 1000 : undefined,
      [ATTRIBUTE.method]: 'POST',
      [ATTRIBUTE.urlFull]: baseUrl + path,
      [ATTRIBUTE.serverAddress]: hostname,
      [ATTRIBUTE.serverPort]: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
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
      [ATTRIBUTE.firstTokenMs]: firstTokenMs,
    },
  };
}

/** Such as `mistral/w1-a/mistral-large-latest breaker-open, load 412.5, free in 830 ms`. */
function describeCandidate({ id, state, load, freeInMs }: CandidateView): string {
  return `${id} ${state}, load ${rounded(load)}${freeInMs > 0 ? `, free in ${Math.round(freeInMs)} ms` : ''}`;
}

/** Without the query: it may hold what the client did not mean for a collector. */
function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
