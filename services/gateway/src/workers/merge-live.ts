/**
 * What the workers of a node show, as one: their counts added up, and of a target that is well in one worker and ailing in
 * another the ailing one's view, with how many say so, because that is what an operator has to know of.
 */
import type { LiveTarget, LiveView } from '../admin/live-view.ts';
import type { TrafficHistory } from '../record/traffic.ts';
import type { Answer } from './crew.ts';

export function mergeLive(answers: readonly Answer[]): LiveView {
  const views = answers.flatMap(({ worker, answer }) => (isLive(answer) ? [{ worker, view: answer }] : []));
  const targets = groupBy(
    views.flatMap(({ view }) => view.targets),
    ({ id }) => id,
  );
  const routes = new Map(
    views.flatMap(({ view }) => view.routes.map((route) => [`${route.name} ${route.model ?? ''}`, route] as const)),
  );
  return {
    targets: Array.from(targets.values(), mergeTarget),
    routes: [...routes.values()],
    tallies: mergeRecords(
      views.map(({ view }) => view.tallies),
      addUp,
    ),
    decisions: views
      .flatMap(({ worker, view }) => view.decisions.map((decision) => ({ worker, ...decision })))
      .toSorted((one, other) => ageOf(one) - ageOf(other)),
    untold: views.reduce((sum, { view }) => sum + view.untold, 0),
  };
}

export function mergeHistories(answers: readonly Answer[]): TrafficHistory {
  const histories = answers.flatMap(({ answer }) => (isHistory(answer) ? [answer] : []));
  const merged = (name: 'targets' | 'routes' | 'failures') =>
    mergeRecords(
      histories.map((history) => history[name]),
      (one, other) => one.map((count, step) => count + (other[step] ?? 0)),
    );
  return {
    stepMs: histories[0]?.stepMs ?? 0,
    targets: merged('targets'),
    routes: merged('routes'),
    failures: merged('failures'),
  };
}

function mergeTarget(views: readonly LiveTarget[]): LiveTarget {
  const ailing = views.filter(({ state }) => state !== 'available');
  const [told] = [...ailing, ...views];
  if (told === undefined) throw new TypeError('a group has a member');
  return {
    ...told,
    inFlight: views.reduce((sum, { inFlight }) => sum + inFlight, 0),
    tally: views.map(({ tally }) => tally).reduce(addUp),
    ...(ailing.length === 0 ? {} : { ailingWorkers: ailing.length }),
  };
}

function addUp<Counts extends object>(one: Counts, other: Counts): Counts {
  const more = other as Readonly<Record<string, number>>;
  const sums = Object.entries(one as Readonly<Record<string, number>>).map(
    ([name, count]) => [name, count + (more[name] ?? 0)] as const,
  );
  return Object.fromEntries(sums) as Counts;
}

function mergeRecords<Value>(
  records: readonly Readonly<Record<string, Value>>[],
  merge: (one: Value, other: Value) => Value,
): Record<string, Value> {
  const merged = new Map<string, Value>();
  for (const [name, value] of records.flatMap((record) => Object.entries(record))) {
    const before = merged.get(name);
    merged.set(name, before === undefined ? value : merge(before, value));
  }
  return Object.fromEntries(merged);
}

function groupBy<Value>(values: readonly Value[], nameOf: (value: Value) => string): ReadonlyMap<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const group = groups.get(nameOf(value));
    if (group === undefined) groups.set(nameOf(value), [value]);
    else group.push(value);
  }
  return groups;
}

function ageOf(decision: object): number {
  return 'agoMs' in decision && typeof decision.agoMs === 'number' ? decision.agoMs : 0;
}

/** Of a worker, which is of the same version as this process. */
function isLive(answer: unknown): answer is LiveView {
  return typeof answer === 'object' && answer !== null && 'targets' in answer && 'tallies' in answer;
}

function isHistory(answer: unknown): answer is TrafficHistory {
  return typeof answer === 'object' && answer !== null && 'stepMs' in answer;
}
