/** The node in six figures. Rates are of the last ten seconds, times of the last decisions. */
import type { ComponentChildren } from 'preact';
import type { ShownDecision } from '../live/decision-list.ts';
import type { TrafficSeries } from '../live/traffic-series.ts';
import type { View } from '../live/view.ts';
import { count, dollars, duration, percent, rate } from '../words/format.ts';
import type { Mood } from '../words/states.ts';

interface VitalsProps {
  readonly view: View;
  readonly series: TrafficSeries;
  readonly step: number;
  readonly decisions: readonly ShownDecision[];
}

export function Vitals({ view, series, step, decisions }: VitalsProps): ComponentChildren {
  const requests = total(series.routes.names, (name) => series.routes.rate(name, step));
  const failures = total(series.failures.names, (name) => series.failures.rate(name, step));
  const failedShare = requests === 0 ? 0 : failures / requests;
  const available = view.targets.filter(({ state }) => state === 'available').length;
  const usd = view.targets.reduce((sum, { tally }) => sum + tally.costUsd, 0);
  const firstTokens = decisions.flatMap(({ firstTokenMs, stream }) =>
    firstTokenMs === undefined || !stream ? [] : firstTokenMs,
  );
  return (
    <dl class="vitals">
      <Vital name="Requests" unit="/s">
        {rate(requests)}
      </Vital>
      <Vital name="Failed" mood={failedShare === 0 ? 'good' : failedShare < 0.01 ? 'warn' : 'bad'}>
        {percent(failedShare)}
      </Vital>
      <Vital name="In flight">{count(view.inFlight)}</Vital>
      <Vital name="First token, median">{duration(median(firstTokens))}</Vital>
      <Vital name="Targets available" unit={` of ${view.targets.length}`} mood={availableMood(available, view)}>
        {available}
      </Vital>
      <Vital name="Cost since start">{dollars(usd)}</Vital>
    </dl>
  );
}

interface VitalProps {
  readonly name: string;
  readonly unit?: string;
  readonly mood?: Mood;
  readonly children: ComponentChildren;
}

function Vital({ name, unit, mood, children }: VitalProps): ComponentChildren {
  return (
    <div class={`vital ${mood ?? ''}`}>
      <dt>{name}</dt>
      <dd>
        {children}
        {unit !== undefined && <small>{unit}</small>}
      </dd>
    </div>
  );
}

function availableMood(available: number, { targets }: View): Mood {
  if (available === targets.length) return 'good';
  return available > targets.length / 2 ? 'warn' : 'bad';
}

function total(names: readonly string[], of: (name: string) => number): number {
  return names.reduce((sum, name) => sum + of(name), 0);
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[(values.length - 1) >> 1];
}
