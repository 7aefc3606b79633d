/**
 * What several processes of one node have counted, as one: counters, histograms and most gauges are added up, and of
 * some gauges the largest or smallest says more (the catalogue's `over`).
 *
 * prom-client can do this too (AggregatorRegistry.aggregate), but it loses the exemplars, and of event-loop lag it takes
 * the mean, which hides the one process whose loop is full. It names the rule of its own metrics in the same field, so
 * that theirs and ours are read alike here.
 */
import type { Family, Sample } from './exposition.ts';

type Rule = 'sum' | 'max' | 'min';

/** One process after another; each has counted for itself. */
export function mergeFamilies(processes: readonly (readonly Family[])[]): Family[] {
  const merged = new Map<string, { readonly family: Family; readonly samples: Map<string, Sample> }>();
  for (const family of processes.flat()) {
    const rule = ruleOf(family);
    const known = merged.get(family.name) ?? { family, samples: new Map<string, Sample>() };
    merged.set(family.name, known);
    for (const sample of family.values) {
      const key = keyOf(sample);
      const before = known.samples.get(key);
      known.samples.set(key, before === undefined ? sample : join(rule, before, sample));
    }
  }
  return [...merged.values()].map(({ family, samples }) => ({ ...family, values: [...samples.values()] }));
}

/** What stays true when its process has ended: what was counted. A level ends with what had it. */
export function countedIn(families: readonly Family[]): Family[] {
  return families.filter(({ type }) => type === 'counter' || type === 'histogram');
}

function ruleOf({ type, aggregator }: Family): Rule {
  if (type === 'counter' || type === 'histogram') return 'sum';
  switch (aggregator) {
    // Of prom-client's: the lags, and the version of Node.js, which is 1 everywhere.
    case 'average':
    case 'first':
    case 'max':
      return 'max';
    // Of prom-client's: the time of the start.
    case 'omit':
    case 'min':
      return 'min';
    case 'sum':
    case undefined:
      return 'sum';
  }
}

function join(rule: Rule, one: Sample, other: Sample): Sample {
  const exemplar = newer(one.exemplar ?? undefined, other.exemplar ?? undefined);
  return { ...one, value: joined(rule, one.value, other.value), ...(exemplar === undefined ? {} : { exemplar }) };
}

function joined(rule: Rule, one: number, other: number): number {
  switch (rule) {
    case 'sum':
      return one + other;
    case 'max':
      return Math.max(one, other);
    case 'min':
      return Math.min(one, other);
  }
}

type Exemplar = NonNullable<Sample['exemplar']>;

function newer(one: Exemplar | undefined, other: Exemplar | undefined): Exemplar | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (other.timestamp ?? 0) > (one.timestamp ?? 0) ? other : one;
}

function keyOf({ metricName = '', labels }: Sample): string {
  return JSON.stringify([metricName, labels]);
}
