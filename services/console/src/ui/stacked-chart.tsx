/**
 * Bands upon each other, by uPlot: it draws on a canvas, in a millisecond or two. The chart is made anew when its bands
 * or the page's colours change, and else only given new numbers.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Split } from '../live/traffic-split.ts';

interface ChartProps {
  readonly split: Split;
  readonly label: string;
  /** Where the pointer is; undefined when it has left. */
  readonly onPoint: (place: number | undefined) => void;
}

const HEIGHT = 220;

export function StackedChart({ split, label, onPoint }: ChartProps): ComponentChildren {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const [drawing, drawAnew] = useState(0);
  const shape = split.bands.map(({ name, colour }) => `${colour} ${name}`).join('\n');

  useEffect(() => {
    const again = (): void => drawAnew((before) => before + 1);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    window.addEventListener('themechange', again);
    scheme.addEventListener('change', again);
    return () => {
      window.removeEventListener('themechange', again);
      scheme.removeEventListener('change', again);
    };
  }, []);

  useEffect(() => {
    const at = place.current;
    if (at === null) return undefined;
    const made = new uPlot(optionsFor(split, at, onPoint), stacked(split), at);
    chart.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height: HEIGHT }));
    watch.observe(at);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [shape, drawing]);

  useEffect(() => chart.current?.setData(stacked(split)), [split]);

  return <div ref={place} class="chart" role="img" aria-label={label} />;
}

/** The top of each band, the uppermost first, so that each is drawn over by those below it; then what failed. */
function stacked({ times, bands, failed }: Split): uPlot.AlignedData {
  const tops: Float64Array[] = [];
  let below = new Float64Array(times.length);
  for (const { rates } of bands) {
    const base = below;
    below = rates.map((rate, step) => rate + (base[step] ?? 0));
    tops.unshift(below);
  }
  return [times, ...tops, failed];
}

function optionsFor({ bands }: Split, at: HTMLElement, onPoint: ChartProps['onPoint']): uPlot.Options {
  const style = getComputedStyle(at);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const ink = colour('--chart-ink');
  const axis: uPlot.Axis = {
    stroke: ink,
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('--chart-grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: at.clientWidth,
    height: HEIGHT,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { y: { range: (_chart, _least, most) => [0, Math.max(1, most * 1.08)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 70,
        values: (_chart, ticks) => ticks.map((tick) => new Date(tick * 1000).toLocaleTimeString('en-GB')),
      },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      ...bands.toReversed().map((band) => {
        const fill = colour(`--c${band.colour}`);
        return { label: band.name, stroke: fill, fill, width: 0, points: { show: false } };
      }),
      { label: 'failed', stroke: colour('--bad-ink'), width: 2, points: { show: false } },
    ],
    hooks: { setCursor: [(chart) => onPoint(chart.cursor.idx ?? undefined)] },
  };
}
