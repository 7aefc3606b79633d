/** What the admin port shows of a node of several workers: their answers side by side, each marked with its worker. */
import type { DecisionFilter } from '../record/decisions.ts';
import { KEPT_DECISIONS } from '../record/decisions.ts';
import type { LiveView } from '../admin/live-view.ts';
import type { TrafficHistory } from '../record/traffic.ts';
import type { Answers } from './crew.ts';
import { mergeHistories, mergeLive } from './merge-live.ts';
import type { Question } from './words.ts';

/** A person waits this long for a page; a worker whose event loop is full for longer is told as missing. */
const ANSWER_MS = 1000;

/** Below the second after which Kubernetes takes a probe for failed. */
const PROBE_ANSWER_MS = 400;

type AskAll = (question: Question, signal: AbortSignal) => Promise<Answers>;

export class NodeViews {
  readonly #askAll: AskAll;

  constructor(askAll: AskAll) {
    this.#askAll = askAll;
  }

  /** Of the workers that answered at once. */
  async inFlight(): Promise<number> {
    const { answered } = await this.#askAll({ kind: 'in-flight' }, AbortSignal.timeout(PROBE_ANSWER_MS));
    return answered.reduce((sum, { answer }) => sum + (typeof answer === 'number' ? answer : 0), 0);
  }

  /** In the order of the workers' targets, so that the same target of each stands together. */
  async targets(): Promise<readonly object[]> {
    const { rows, missing } = await this.#rows({ kind: 'targets' });
    const order = new Map([...new Set(rows.map(idOf))].map((id, place) => [id, place]));
    return [...rows.toSorted((one, other) => (order.get(idOf(one)) ?? 0) - (order.get(idOf(other)) ?? 0)), ...missing];
  }

  /** Newest first. */
  async decisions(filter: DecisionFilter): Promise<readonly object[]> {
    const { rows, missing } = await this.#rows({ kind: 'decisions', filter });
    const newestFirst = rows.toSorted((one, other) => numberOf(one, 'agoMs') - numberOf(other, 'agoMs'));
    return [...newestFirst.slice(0, filter.limit ?? KEPT_DECISIONS), ...missing];
  }

  /** Each worker is a peer of its own, with a view of its own. */
  async peers(): Promise<object> {
    const { answered, missing } = await this.#askAll({ kind: 'peers' }, AbortSignal.timeout(ANSWER_MS));
    return {
      workers: [
        ...answered.map(({ worker, answer }) => ({ worker, ...(isRow(answer) ? answer : {}) })),
        ...missing.map(silent),
      ],
    };
  }

  async live(): Promise<LiveView> {
    const { answered } = await this.#askAll({ kind: 'live' }, AbortSignal.timeout(ANSWER_MS));
    return mergeLive(answered);
  }

  async history(): Promise<TrafficHistory> {
    const { answered } = await this.#askAll({ kind: 'history' }, AbortSignal.timeout(ANSWER_MS));
    return mergeHistories(answered);
  }

  /** Whether any worker says yes. */
  async tellAll(question: Question): Promise<boolean> {
    const { answered } = await this.#askAll(question, AbortSignal.timeout(ANSWER_MS));
    return answered.some(({ answer }) => answer === true);
  }

  families(): Promise<Answers> {
    return this.#askAll({ kind: 'metrics' }, AbortSignal.timeout(ANSWER_MS));
  }

  async #rows(question: Question): Promise<{ rows: readonly object[]; missing: readonly object[] }> {
    const { answered, missing } = await this.#askAll(question, AbortSignal.timeout(ANSWER_MS));
    const rows = answered.flatMap(({ worker, answer }) =>
      Array.isArray(answer) ? answer.filter(isRow).map((row) => ({ worker, ...row })) : [],
    );
    return { rows, missing: missing.map(silent) };
  }
}

function silent(worker: number): object {
  return { worker, problem: 'does not answer' };
}

function isRow(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function idOf(row: object): string {
  return 'id' in row && typeof row.id === 'string' ? row.id : '';
}

function numberOf(row: object, name: string): number {
  const value = (row as Record<string, unknown>)[name];
  return typeof value === 'number' ? value : 0;
}
