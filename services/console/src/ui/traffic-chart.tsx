/** The traffic split over the last five minutes, with what failed on top: where did it go, and since when? */
import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { type Colours, type Split, SPLITS, type SplitBy, splitTraffic } from '../live/traffic-split.ts';
import { STEP_MS, STEPS, type TrafficSeries } from '../live/traffic-series.ts';
import type { View } from '../live/view.ts';
import { clockTime, rate } from '../words/format.ts';
import { Section } from './signs.tsx';
import { StackedChart } from './stacked-chart.tsx';

interface ChartProps {
  readonly view: View;
  readonly series: TrafficSeries;
  readonly step: number;
}

const MINUTES = (STEPS * STEP_MS) / 60_000;

export function TrafficChart({ view, series, step }: ChartProps): ComponentChildren {
  const [by, setBy] = useState<SplitBy>('key');
  const [place, setPlace] = useState<number | undefined>(undefined);
  const colours = useRef<Map<SplitBy, Colours>>(new Map());
  const split = useMemo(() => {
    const its = colours.current.get(by) ?? new Map<string, number>();
    colours.current.set(by, its);
    return splitTraffic(series, view.targets, by, its, step * STEP_MS);
    // The targets' names change with the config alone; their rates with every step.
  }, [by, step, view.targets.length]);
  const tools = (
    <label>
      by{' '}
      <select value={by} onChange={(event) => setBy(event.currentTarget.value as SplitBy)}>
        {SPLITS.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <Section id="traffic" title="Traffic" note={`attempts a second, last ${MINUTES} minutes`} tools={tools}>
      <StackedChart split={split} label={wordsFor(split, by)} onPoint={setPlace} />
      <Legend split={split} place={place} />
    </Section>
  );
}

function Legend({ split, place }: { readonly split: Split; readonly place: number | undefined }): ComponentChildren {
  const at = place ?? split.times.length - 1;
  const failed = split.failed[at] ?? 0;
  return (
    <ul class="legend">
      {split.bands.toReversed().map(({ name, colour, rates }) => (
        <li key={name}>
          <span class={`swatch c${colour}`} aria-hidden="true" />
          <span class="mono">{name}</span> <b>{rate(rates[at] ?? 0)}</b>
        </li>
      ))}
      <li>
        <span class="swatch failed" aria-hidden="true" /> failed requests <b>{rate(failed)}</b>
      </li>
      <li class="dim">{place === undefined ? 'now' : `at ${clockTime((split.times[at] ?? 0) * 1000)}`}</li>
    </ul>
  );
}

/** The picture in words. */
function wordsFor({ bands, failed }: Split, by: SplitBy): string {
  const last = bands.map(({ name, rates }) => `${name} ${rate(rates.at(-1) ?? 0)}`).join(', ');
  return `Attempts a second by ${by}, now: ${last === '' ? 'none' : last}. Failed requests: ${rate(failed.at(-1) ?? 0)}.`;
}
