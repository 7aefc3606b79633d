/**
 * How much went where in each of the last steps. Filled once with what the gateway remembers, then carried on from the
 * sums that every view has, in the same steps; so the chart has no seam.
 */
import type { History, View } from './view.ts';

/** As the gateway remembers (its record/traffic.ts and record/step-counts.ts): its history is taken over step by step. */
export const STEP_MS = 2000;
export const STEPS = 150;

/** What a rate is taken over: long enough to be steady, short enough to follow an incident. */
const RATE_STEPS = 5;

type Sums = ReadonlyMap<string, number>;

class Lane {
  readonly counts = new Float64Array(STEPS);
  #newest = 0;

  add(step: number, count: number): void {
    this.roll(step);
    this.counts[step % STEPS] = (this.counts[step % STEPS] ?? 0) + count;
  }

  roll(step: number): void {
    for (let passed = Math.max(this.#newest + 1, step - STEPS + 1); passed <= step; passed++) {
      this.counts[passed % STEPS] = 0;
    }
    this.#newest = Math.max(this.#newest, step);
  }
}

/** One kind of count, by name. */
class SeriesSet {
  readonly #lanes = new Map<string, Lane>();
  #sums: Sums = new Map();

  recall(past: Readonly<Record<string, readonly number[]>>, step: number): void {
    this.#lanes.clear();
    for (const [name, counts] of Object.entries(past)) {
      for (const [place, count] of counts.entries()) this.#lane(name).add(step - counts.length + 1 + place, count);
    }
  }

  /** @param sums since the gateway began: what they grew by belongs to this step */
  follow(sums: Sums, step: number): void {
    for (const [name, sum] of sums) {
      const before = this.#sums.get(name);
      // Less than before: a process was started anew, and counts from nothing.
      if (before !== undefined && sum > before) this.#lane(name).add(step, sum - before);
    }
    this.#sums = sums;
  }

  get names(): readonly string[] {
    return [...this.#lanes.keys()];
  }

  /** Per second, the oldest first; the step that is not over yet is left out. */
  rates(name: string, step: number): Float64Array {
    const lane = this.#lanes.get(name);
    const rates = new Float64Array(STEPS - 1);
    if (lane === undefined) return rates;
    lane.roll(step);
    for (let place = 0; place < rates.length; place++) {
      rates[place] = (lane.counts[(step + 1 + place) % STEPS] ?? 0) / (STEP_MS / 1000);
    }
    return rates;
  }

  /** Per second, of late. */
  rate(name: string, step: number): number {
    const lane = this.#lanes.get(name);
    if (lane === undefined) return 0;
    lane.roll(step);
    let sum = 0;
    for (let age = 1; age <= RATE_STEPS; age++) sum += lane.counts[(step - age + STEPS) % STEPS] ?? 0;
    return sum / ((RATE_STEPS * STEP_MS) / 1000);
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const made = new Lane();
    this.#lanes.set(name, made);
    return made;
  }
}

export class TrafficSeries {
  readonly targets = new SeriesSet();
  readonly routes = new SeriesSet();
  readonly failures = new SeriesSet();

  recall({ targets, routes, failures }: History, nowMs: number): void {
    const step = stepAt(nowMs);
    this.targets.recall(targets, step);
    this.routes.recall(routes, step);
    this.failures.recall(failures, step);
  }

  follow({ targets, tallies }: View, nowMs: number): void {
    const step = stepAt(nowMs);
    const routes = Object.entries(tallies);
    this.targets.follow(new Map(targets.map(({ id, tally }) => [id, tally.attempts])), step);
    this.routes.follow(new Map(routes.map(([name, { requests }]) => [name, requests])), step);
    this.failures.follow(new Map(routes.map(([name, { failed }]) => [name, failed])), step);
  }
}

export function stepAt(nowMs: number): number {
  return Math.floor(nowMs / STEP_MS);
}
