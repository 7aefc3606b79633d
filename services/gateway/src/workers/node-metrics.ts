/**
 * The node's metrics page: what the primary and all workers have counted, as one. Counts never fall, or a reader would
 * see them as begun anew and count everything twice: a worker that does not answer in time is shown as it was seen
 * last, and what one had counted when it ended stays.
 */
import { countedIn, type Family, mergeFamilies, type Metrics, negotiate, writeExposition } from '@leeward/telemetry';
import type { Answers } from './crew.ts';

interface NodeMetricsDeps {
  readonly own: Pick<Metrics, 'families'>;
  readonly askAll: () => Promise<Answers>;
}

export class NodeMetrics {
  readonly #deps: NodeMetricsDeps;
  /** By worker. */
  readonly #last = new Map<number, readonly Family[]>();
  #ended: readonly Family[] = [];

  constructor(deps: NodeMetricsDeps) {
    this.#deps = deps;
  }

  async text(accept: string | undefined): Promise<{ contentType: string; body: string }> {
    const { answered, missing } = await this.#deps.askAll();
    for (const { worker, answer } of answered) if (areFamilies(answer)) this.#last.set(worker, answer);
    const own = await this.#deps.own.families();
    const workers = [...this.#last].map(([worker, seen]) => (missing.includes(worker) ? countedIn(seen) : seen));
    return writeExposition(mergeFamilies([own, ...workers, this.#ended]), negotiate(accept));
  }

  /** The process of this worker has ended, and the next one counts from nothing. */
  workerEnded(worker: number): void {
    this.#ended = mergeFamilies([this.#ended, countedIn(this.#last.get(worker) ?? [])]);
    this.#last.delete(worker);
  }
}

function areFamilies(answer: unknown): answer is readonly Family[] {
  return (
    Array.isArray(answer) &&
    answer.every((one: unknown) => typeof one === 'object' && one !== null && 'name' in one && 'values' in one)
  );
}
