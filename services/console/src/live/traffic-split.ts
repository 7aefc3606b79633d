/**
 * The traffic, split as somebody wants to see it: a handful of named bands and the rest as one, stacked. A band keeps
 * its colour for as long as the page is open, or the eye would have to learn the chart anew every second.
 */
import { STEP_MS, stepAt, STEPS, type TrafficSeries } from './traffic-series.ts';
import type { TargetView } from './view.ts';

export const SPLITS = ['key', 'target', 'model', 'provider', 'route'] as const;
export type SplitBy = (typeof SPLITS)[number];

/** As many as there are colours that can be told apart; what is beyond them is one band more. */
const COLOURS = 7;
const REST = 'others';

export interface Band {
  readonly name: string;
  /** Index of a colour; that of the rest is COLOURS. */
  readonly colour: number;
  /** Per second, the oldest first. */
  readonly rates: Float64Array;
}

export interface Split {
  /** Seconds since the epoch: the end of each step. */
  readonly times: Float64Array;
  /** The first is drawn at the bottom. */
  readonly bands: readonly Band[];
  readonly failed: Float64Array;
}

/** Which name has which colour; given to every call, and changed by it. */
export type Colours = Map<string, number>;

export function splitTraffic(
  series: TrafficSeries,
  targets: readonly TargetView[],
  by: SplitBy,
  colours: Colours,
  nowMs: number,
): Split {
  const step = stepAt(nowMs);
  const sums = new Map<string, Float64Array>();
  for (const [name, rates] of by === 'route' ? routeRates(series, step) : targetRates(series, targets, by, step)) {
    sums.set(name, added(sums.get(name), rates));
  }
  const busiest = [...sums]
    .map(([name, rates]) => ({ name, rates, total: rates.reduce((sum, rate) => sum + rate, 0) }))
    .filter(({ total }) => total > 0)
    .toSorted((one, other) => other.total - one.total);
  const named = busiest.slice(0, COLOURS);
  const rest = busiest.slice(COLOURS).map(({ rates }) => rates);
  const shown = new Set(named.map(({ name }) => name));
  for (const name of colours.keys()) if (!shown.has(name)) colours.delete(name);
  const bands = named
    .map(({ name, rates }): Band => ({ name, rates, colour: colourOf(name, colours) }))
    .toSorted((one, other) => one.colour - other.colour);
  return {
    times: Float64Array.from({ length: STEPS - 1 }, (_, place) => ((step - STEPS + 2 + place) * STEP_MS) / 1000),
    bands: rest.length === 0 ? bands : [...bands, { name: REST, colour: COLOURS, rates: sumOf(rest) }],
    failed: sumOf(series.failures.names.map((name) => series.failures.rates(name, step))),
  };
}

function targetRates(
  series: TrafficSeries,
  targets: readonly TargetView[],
  by: Exclude<SplitBy, 'route'>,
  step: number,
): (readonly [string, Float64Array])[] {
  return targets.map((target) => [nameOf(target, by), series.targets.rates(target.id, step)] as const);
}

function routeRates(series: TrafficSeries, step: number): (readonly [string, Float64Array])[] {
  return series.routes.names.map((name) => [name, series.routes.rates(name, step)] as const);
}

function nameOf({ id, provider, key, model }: TargetView, by: Exclude<SplitBy, 'route'>): string {
  switch (by) {
    case 'target':
      return id;
    case 'key':
      return `${provider}/${key}`;
    case 'model':
      return `${provider}/${model}`;
    case 'provider':
      return provider;
  }
}

/** The one that it has, else the first that nobody has. */
function colourOf(name: string, colours: Colours): number {
  const known = colours.get(name);
  if (known !== undefined) return known;
  const taken = new Set(colours.values());
  const free = Array.from({ length: COLOURS }, (_, colour) => colour).find((colour) => !taken.has(colour)) ?? 0;
  colours.set(name, free);
  return free;
}

function added(one: Float64Array | undefined, other: Float64Array): Float64Array {
  return one === undefined ? other : one.map((rate, place) => rate + (other[place] ?? 0));
}

function sumOf(all: readonly Float64Array[]): Float64Array {
  return all.reduce<Float64Array>((sum, one) => added(sum, one), new Float64Array(STEPS - 1));
}
