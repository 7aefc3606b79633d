/**
 * What went where: attempts, tokens and money of each target and requests of each route, as sums since the start and as
 * a history of the last minutes. The console draws the traffic split from it, also for the time before anybody looked.
 *
 * Counting is all that an exchange pays for: a few additions. Everything is bounded, because a wildcard's targets are
 * named by clients.
 */
import type { AttemptReport } from '@leeward/failover';
import type { Clock } from '@leeward/kernel';
import { costUsd } from '@leeward/wire';
import { hasFailed } from './decisions.ts';
import type { FinishedExchange } from '../visit.ts';
import { StepCounts } from './step-counts.ts';

/** Fine enough to see a failover happen, coarse enough for a line of text per target. */
const STEP_MS = 2000;

/** Targets and routes that are counted at once; the one first counted the longest ago makes room. A history is 600 bytes. */
const MAX_ROWS = 2048;

/** What a target did since the process began. */
export interface TargetTally {
  readonly attempts: number;
  /** Those that ended badly through no fault of the caller. */
  readonly failed: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** By the list prices. */
  readonly costUsd: number;
}

export interface RouteTally {
  readonly requests: number;
  readonly failed: number;
}

/** How many in each step, the oldest first; the last step is not over yet. */
type History = Readonly<Record<string, readonly number[]>>;

export interface TrafficHistory {
  readonly stepMs: number;
  readonly targets: History;
  readonly routes: History;
  readonly failures: History;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

interface TargetRow {
  readonly tally: Writable<TargetTally>;
  readonly attempts: StepCounts;
}

interface RouteRow {
  readonly tally: Writable<RouteTally>;
  readonly requests: StepCounts;
  readonly failures: StepCounts;
}

const NOTHING: TargetTally = { attempts: 0, failed: 0, promptTokens: 0, completionTokens: 0, costUsd: 0 };

export class Traffic {
  readonly #clock: Clock;
  readonly #targets = new Map<string, TargetRow>();
  readonly #routes = new Map<string, RouteRow>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count({ route, report, status }: FinishedExchange): void {
    const step = this.#step;
    const row = kept(this.#routes, route, newRouteRow);
    row.tally.requests++;
    row.requests.add(step);
    if (hasFailed({ end: report.end.kind, status })) {
      row.tally.failed++;
      row.failures.add(step);
    }
    for (const attempt of report.attempts) this.#countAttempt(attempt, step);
    const served = report.attempts.at(-1);
    if (report.usage === undefined || served === undefined) return;
    const { tally } = kept(this.#targets, served.member.id, newTargetRow);
    tally.promptTokens += report.usage.promptTokens;
    tally.completionTokens += report.usage.completionTokens;
    tally.costUsd += costUsd(served.member.target.model, report.usage) ?? 0;
  }

  of(target: string): TargetTally {
    return this.#targets.get(target)?.tally ?? NOTHING;
  }

  get routes(): Readonly<Record<string, RouteTally>> {
    return Object.fromEntries(Array.from(this.#routes, ([name, { tally }]) => [name, tally]));
  }

  get history(): TrafficHistory {
    const step = this.#step;
    const routes = [...this.#routes];
    return {
      stepMs: STEP_MS,
      targets: Object.fromEntries(Array.from(this.#targets, ([id, { attempts }]) => [id, attempts.until(step)])),
      routes: Object.fromEntries(routes.map(([name, { requests }]) => [name, requests.until(step)])),
      failures: Object.fromEntries(routes.map(([name, { failures }]) => [name, failures.until(step)])),
    };
  }

  get #step(): number {
    return Math.floor(this.#clock.nowMs() / STEP_MS);
  }

  #countAttempt({ member, outcome }: AttemptReport, step: number): void {
    const { tally, attempts } = kept(this.#targets, member.id, newTargetRow);
    attempts.add(step);
    tally.attempts++;
    if (outcome.kind !== 'ok' && outcome.kind !== 'cancelled' && outcome.kind !== 'caller-fault') tally.failed++;
  }
}

function newTargetRow(): TargetRow {
  return { tally: { ...NOTHING }, attempts: new StepCounts() };
}

function newRouteRow(): RouteRow {
  return { tally: { requests: 0, failed: 0 }, requests: new StepCounts(), failures: new StepCounts() };
}

/** A wildcard that is asked for ever new names forgets the oldest ones. */
function kept<Row>(rows: Map<string, Row>, name: string, create: () => Row): Row {
  const known = rows.get(name);
  if (known !== undefined) return known;
  if (rows.size >= MAX_ROWS) {
    // A map keeps the order of insertion.
    for (const oldest of rows.keys()) {
      rows.delete(oldest);
      break;
    }
  }
  const made = create();
  rows.set(name, made);
  return made;
}
