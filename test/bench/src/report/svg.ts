/** The four figures people ask for first, as horizontal bars. Plain SVG, no library. */
import type { Figures } from './figures.ts';
import type { BenchRecord } from './record.ts';

interface Panel {
  title: string;
  bars: { label: string; value: number; text: string; own: boolean }[];
}

const WIDTH = 860;
const LABEL_WIDTH = 130;
/** Room for the value behind the longest bar. */
const VALUE_WIDTH = 110;
const BAR = 18;
const GAP = 6;
const TITLE = 34;
const MARGIN = 20;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function panels(record: BenchRecord, figures: Figures): Panel[] {
  type Name = (typeof record.participants)[number]['name'];
  const panel = (
    title: string,
    digits: number,
    value: (name: Name) => number | undefined,
    prefix?: (name: Name) => string,
  ) => ({
    title,
    bars: record.participants.flatMap(({ name, label }) => {
      const found = name === 'direct' ? undefined : value(name);
      if (found === undefined) return [];
      const shown = found.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
      return [{ label, value: Math.max(0, found), text: `${prefix?.(name) ?? ''}${shown}`, own: name === 'leeward' }];
    }),
  });
  const atLeast = (name: Name) => (figures.isLowerBound(name, 'small') ? '≥ ' : '');
  return [
    panel('CPU per small request, µs (less is better)', 1, (n) => figures.of(n, 'small', 'cpuMicros')?.median),
    panel(
      'Requests per second of one core (more is better)',
      0,
      (n) => figures.of(n, 'small', 'requestsPerSecond')?.median,
      atLeast,
    ),
    panel(
      'Added p99 at 1,000 requests/s, ms (less is better)',
      2,
      (n) => figures.added(n, 'open-loop', 'p99Ms')?.median,
    ),
    panel(
      'Added time to first token, 500 streams, p50, ms (less is better)',
      2,
      (n) => figures.added(n, 'streams', 'firstTokenP50Ms')?.median,
    ),
  ].filter(({ bars }) => bars.length > 0);
}

function draw(panel: Panel, top: number): string {
  const room = WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH;
  const largest = Math.max(...panel.bars.map(({ value }) => value), Number.MIN_VALUE);
  const bars = panel.bars.map(({ label, value, text, own }, i) => {
    const y = top + TITLE + i * (BAR + GAP);
    const width = Math.max(1, (value / largest) * room);
    const baseline = y + BAR - 5;
    const x = MARGIN + LABEL_WIDTH;
    return [
      `<text x="${x - 8}" y="${baseline}" text-anchor="end">${escape(label)}</text>`,
      `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${own ? '#c2410c' : '#64748b'}"/>`,
      `<text x="${(x + width + 6).toFixed(1)}" y="${baseline}">${escape(text)}</text>`,
    ].join('\n');
  });
  return [`<text x="${MARGIN}" y="${top + 20}" font-weight="bold">${escape(panel.title)}</text>`, ...bars].join('\n');
}

export function svg(record: BenchRecord, figures: Figures): string {
  let top = MARGIN;
  const drawn = panels(record, figures).map((panel) => {
    const at = top;
    top += TITLE + panel.bars.length * (BAR + GAP) + MARGIN;
    return draw(panel, at);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="13" fill="#1e293b">
<rect width="100%" height="100%" fill="#ffffff"/>
${drawn.join('\n')}
</svg>
`;
}
