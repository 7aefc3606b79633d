/** A finished exchange as numbers. */
import type { AttemptReport, ExchangeReport } from '@leeward/failover';
import type { CounterChild, HistogramChild, Metrics } from '@leeward/telemetry';
import { outcomeReason, type Target } from '@leeward/upstream';
import { costUsd, type Surface } from '@leeward/wire';
import type { ModelLabel } from './model-labels.ts';
import type { FinishedExchange, Visit } from '../visit.ts';

/** Resolved once for each kind of request: what follows a request on the hot path is one look-up. */
interface RequestChildren {
  readonly byStatus: Map<number, CounterChild>;
  readonly duration: HistogramChild;
  readonly firstToken: HistogramChild;
  readonly overhead: HistogramChild;
  readonly gap: HistogramChild;
}

/** And once for each target. */
interface TargetChildren {
  readonly model: string;
  readonly ok: CounterChild;
  readonly firstToken: HistogramChild;
  readonly promptTokens: CounterChild;
  readonly completionTokens: CounterChild;
}

/** A wildcard's targets come and go; their children are looked up anew when so many have been seen. */
const MAX_TARGETS = 4096;

export class ExchangeMetrics {
  readonly #metrics: Metrics;
  readonly #modelLabel: ModelLabel;
  readonly #requests = new Map<string, RequestChildren>();
  readonly #targets = new Map<string, TargetChildren>();

  constructor(metrics: Metrics, modelLabel: ModelLabel) {
    this.#metrics = metrics;
    this.#modelLabel = modelLabel;
  }

  count({ visit, client, route, report, status, traceId }: FinishedExchange): void {
    const metrics = this.#metrics;
    const children = this.#requestChildren(route, client.surface, client.dialect);
    this.#byStatus(children, [route, client.surface, client.dialect], status).inc();
    children.duration.observe((report.endedAtMs - visit.startedAtMs) / 1000, traceId);
    if (report.firstTokenAtMs !== undefined) {
      // A whole answer's first token is not known: all of it comes at once.
      if (client.stream) children.firstToken.observe((report.firstTokenAtMs - visit.startedAtMs) / 1000, traceId);
      children.overhead.observe(overheadMs(visit, report, report.firstTokenAtMs) / 1000);
    }
    if (report.maxGapMs > 0) children.gap.observe(report.maxGapMs / 1000);
    if (report.end.kind === 'cancelled') metrics.clientDisconnectsTotal.child(client.surface).inc();
    if (report.end.kind === 'broken') metrics.brokenAnswersTotal.child(route).inc();
    if (report.end.kind === 'refused' || report.end.kind === 'broken') {
      metrics.rejectedRequestsTotal.child(report.end.error.code).inc();
    }
    this.#countAttempts(route, client.stream, report);
    this.#countUsage(report);
  }

  #requestChildren(route: string, surface: Surface, dialect: string): RequestChildren {
    const key = `${surface} ${dialect} ${route}`;
    const known = this.#requests.get(key);
    if (known !== undefined) return known;
    const metrics = this.#metrics;
    const children = {
      byStatus: new Map(),
      duration: metrics.requestDurationSeconds.child(route, surface),
      firstToken: metrics.timeToFirstTokenSeconds.child(route),
      overhead: metrics.overheadSeconds.child(surface),
      gap: metrics.chunkGapSeconds.child(route),
    };
    this.#requests.set(key, children);
    return children;
  }

  #byStatus(children: RequestChildren, labels: readonly [string, string, string], status: number): CounterChild {
    const known = children.byStatus.get(status);
    if (known !== undefined) return known;
    const child = this.#metrics.requestsTotal.child(...labels, String(status));
    children.byStatus.set(status, child);
    return child;
  }

  #targetChildren(target: Target): TargetChildren {
    const known = this.#targets.get(target.id);
    if (known !== undefined) return known;
    if (this.#targets.size >= MAX_TARGETS) this.#targets.clear();
    const metrics = this.#metrics;
    const model = this.#modelLabel(target.model);
    const children = {
      model,
      ok: metrics.attemptsTotal.child(target.provider.name, target.key.name, model, 'ok', ''),
      firstToken: metrics.attemptFirstTokenSeconds.child(target.provider.name, model),
      promptTokens: metrics.tokensTotal.child(model, 'prompt'),
      completionTokens: metrics.tokensTotal.child(model, 'completion'),
    };
    this.#targets.set(target.id, children);
    return children;
  }

  #countAttempts(route: string, stream: boolean, report: ExchangeReport): void {
    let before: AttemptReport | undefined;
    for (const attempt of report.attempts) {
      this.#countAttempt(attempt, stream);
      this.#countCause(route, before, attempt);
      before = attempt;
    }
  }

  #countAttempt({ member, outcome, startedAtMs, firstTokenAtMs }: AttemptReport, stream: boolean): void {
    const { target } = member;
    const children = this.#targetChildren(target);
    if (outcome.kind === 'ok') children.ok.inc();
    else {
      this.#metrics.attemptsTotal
        .child(target.provider.name, target.key.name, children.model, outcome.kind, outcomeReason(outcome))
        .inc();
    }
    if (stream && firstTokenAtMs !== undefined) children.firstToken.observe((firstTokenAtMs - startedAtMs) / 1000);
  }

  /** @param before what ended last: of attempts that follow upon an end, the one that it was */
  #countCause(route: string, before: AttemptReport | undefined, attempt: AttemptReport): void {
    const { cause, outcome } = attempt;
    switch (cause) {
      case 'first':
        this.#countPassedOver(route, attempt);
        return;
      case 'hedge':
        this.#metrics.hedgesTotal.child(route, hedgeResult(attempt)).inc();
        return;
      case 'panic':
        this.#metrics.panicAttemptsTotal.child(route, outcome.kind).inc();
        break;
      case 'sibling':
      case 'next-pool':
      case 'another-pass':
      case 'resume':
        break;
    }
    if (before !== undefined) this.#countRetry(route, before, attempt);
    else this.#countPassedOver(route, attempt);
  }

  /** A pool of which nobody may be asked has no attempt that ended, and is failed over from all the same. */
  #countPassedOver(route: string, { poolIndex }: AttemptReport): void {
    if (poolIndex > 0) this.#metrics.failoversTotal.child(route, 'unavailable').inc();
  }

  #countRetry(route: string, before: AttemptReport, attempt: AttemptReport): void {
    const metrics = this.#metrics;
    const why = outcomeReason(before.outcome) || before.outcome.kind;
    metrics.retriesTotal.child(why).inc();
    if (attempt.poolIndex > before.poolIndex) metrics.failoversTotal.child(route, why).inc();
    if (attempt.cause !== 'resume') return;
    metrics.streamRecoveriesTotal.child(route, attempt.firstTokenAtMs === undefined ? 'failed' : 'ok').inc();
  }

  #countUsage({ usage, attempts }: ExchangeReport): void {
    const last = attempts.at(-1);
    if (usage === undefined || last === undefined) return;
    const { target } = last.member;
    const { model, promptTokens, completionTokens } = this.#targetChildren(target);
    promptTokens.inc(usage.promptTokens);
    completionTokens.inc(usage.completionTokens);
    const { tokensTotal, costUsdTotal } = this.#metrics;
    if (usage.cachedTokens > 0) tokensTotal.child(model, 'cached').inc(usage.cachedTokens);
    if (usage.reasoningTokens > 0) tokensTotal.child(model, 'reasoning').inc(usage.reasoningTokens);
    const cost = costUsd(target.model, usage);
    if (cost !== undefined) costUsdTotal.child(model).inc(cost);
  }
}

/** Only a hedge that committed has a first token: the one that does ends the other. */
function hedgeResult({ firstTokenAtMs, outcome }: AttemptReport): 'won' | 'lost' | 'failed' {
  if (firstTokenAtMs !== undefined) return 'won';
  return outcome.kind === 'cancelled' ? 'lost' : 'failed';
}

/** Our own part of the time to the first token: all of it, less what attempts took and what was waited by choice. */
function overheadMs(visit: Visit, report: ExchangeReport, firstTokenAtMs: number): number {
  let upstreamMs = report.waitedMs;
  let countedToMs = visit.startedAtMs;
  // A hedge runs beside what it helps: their common time counts once.
  for (const attempt of inOrderOfStart(report.attempts)) {
    const fromMs = Math.max(attempt.startedAtMs, countedToMs);
    const toMs = Math.min(attempt.endedAtMs, firstTokenAtMs);
    if (toMs <= fromMs) continue;
    upstreamMs += toMs - fromMs;
    countedToMs = toMs;
  }
  return Math.max(0, firstTokenAtMs - visit.startedAtMs - upstreamMs);
}

function inOrderOfStart(attempts: readonly AttemptReport[]): readonly AttemptReport[] {
  return attempts.length < 2 ? attempts : attempts.toSorted((one, other) => one.startedAtMs - other.startedAtMs);
}
