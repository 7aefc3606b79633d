/** Errors, p99, wasted attempts and regret of every storm and router, as bars beside each other. Plain SVG, no library. */
import type { StormsRecord } from './record.ts';
import type { RouterSummary } from './summary.ts';
import { percent } from './tables.ts';

const WIDTH = 1280;
const MARGIN = 20;
const LABEL_WIDTH = 120;
const PANEL_GAP = 16;
/** Room for the value behind the longest bar. */
const VALUE_WIDTH = 56;
const BAR = 12;
const GAP = 3;
const TITLE = 26;
const HEAD = 40;

const PANELS: readonly {
  readonly title: string;
  readonly value: (of: RouterSummary) => number;
  readonly text: (value: number) => string;
}[] = [
  {
    title: 'exchanges that ended in an error, %',
    value: ({ errorShare }) => errorShare,
    text: percent,
  },
  { title: 'time to first token, p99, s', value: ({ p99Ms }) => p99Ms / 1000, text: (value) => value.toFixed(2) },
  {
    title: 'wasted attempts per 100 exchanges',
    value: ({ wastedPer100 }) => wastedPer100,
    text: (value) => value.toFixed(1),
  },
  {
    title: 'regret, s per exchange',
    value: ({ regretMs }) => (regretMs ?? 0) / 1000,
    text: (value) => value.toFixed(2),
  },
];

export function svg({ storms, seeds }: StormsRecord): string {
  let top = MARGIN + HEAD;
  const drawn = storms.map(({ id, title, routers }) => {
    const at = top;
    top += TITLE + routers.length * (BAR + GAP) + MARGIN;
    return storm(`${id}: ${title}`, routers, at);
  });
  const heads = PANELS.map(({ title }, panel) => text(panelLeft(panel), MARGIN + 22, title, 'font-weight="bold"'));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="11" fill="#1e293b">
<rect width="100%" height="100%" fill="#ffffff"/>
${text(MARGIN, MARGIN + 6, `less is better; ${seeds} seeds; bars of one panel and storm share a scale`)}
${heads.join('\n')}
${drawn.join('\n')}
</svg>
`;
}

function storm(title: string, routers: readonly RouterSummary[], top: number): string {
  const names = routers.map(({ router }, place) =>
    text(MARGIN + LABEL_WIDTH - 8, baseline(top, place), router, 'text-anchor="end"'),
  );
  const bars = PANELS.flatMap(({ value, text: write }, panel) => {
    const left = panelLeft(panel);
    const room = panelWidth() - VALUE_WIDTH;
    const largest = Math.max(...routers.map(value), Number.MIN_VALUE);
    return routers.map((router, place) => {
      const width = Math.max(1, (Math.max(0, value(router)) / largest) * room);
      const y = top + TITLE + place * (BAR + GAP);
      return [
        `<rect x="${left}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${colour(router)}"/>`,
        text(left + width + 5, baseline(top, place), write(value(router))),
      ].join('\n');
    });
  });
  return [text(MARGIN, top + 16, title, 'font-weight="bold" font-size="13"'), ...names, ...bars].join('\n');
}

function colour({ router }: RouterSummary): string {
  if (router === 'leeward') return '#c2410c';
  if (router === 'leeward, hedged') return '#ea8a5c';
  return router === 'clairvoyant' ? '#0f766e' : '#94a3b8';
}

function panelWidth(): number {
  return (WIDTH - 2 * MARGIN - LABEL_WIDTH - PANEL_GAP * (PANELS.length - 1)) / PANELS.length;
}

function panelLeft(panel: number): number {
  return MARGIN + LABEL_WIDTH + panel * (panelWidth() + PANEL_GAP);
}

function baseline(top: number, place: number): number {
  return top + TITLE + place * (BAR + GAP) + BAR - 2;
}

function text(x: number, y: number, words: string, more = ''): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped}</text>`;
}
