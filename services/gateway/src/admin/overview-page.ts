/**
 * The node at a glance, for a person with a browser and no dashboard at hand: targets with their state, and the last
 * decisions with their reasons. Plain HTML made on the server; it loads itself anew and runs no script.
 */
interface Overview {
  readonly isDraining: boolean;
  readonly inFlight: number;
  readonly targets: readonly object[];
  readonly decisions: readonly object[];
  /** Whether the live page is there beside this one. */
  readonly hasLivePage: boolean;
}

const REFRESH_S = 2;
export const MAX_SHOWN_DECISIONS = 50;

const STYLE = `
  :root { color-scheme: light dark; font: 14px/1.45 system-ui, sans-serif; }
  body { margin: 0 auto; max-width: 75rem; padding: 1rem; }
  h1 { font-size: 1.2rem; } h2 { font-size: 1rem; margin-top: 2rem; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); vertical-align: top; white-space: nowrap; }
  td.wrap { white-space: normal; min-width: 20rem; }
  .good { color: light-dark(#0a7a3d, #5fd38d); } .bad { color: light-dark(#b42318, #ff8a7a); font-weight: 600; }
  .dim { opacity: .7; }
`;

const LIVE = 'This is the plain page. <a href="/console">The live one</a> needs a script.';

const HOW_TO_BUILD =
  'This is the plain page. <code>npm run build:console</code> makes the live one; restart the gateway then.';

export function overviewPage(overview: Overview): string {
  const state = overview.isDraining ? '<span class="bad">draining</span>' : '<span class="good">ready</span>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${REFRESH_S}">
<title>Leeward</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Leeward: ${state}, ${overview.inFlight} in flight</h1>
<h2>Targets</h2>
<div class="scroll"><table>
<thead><tr><th>target</th><th>state</th><th>free in</th><th>load</th><th>in flight</th><th>first token</th><th>headroom</th><th>slow start</th><th>breaker</th><th>last trip</th><th>success</th><th>last outcome</th></tr></thead>
<tbody>${overview.targets.map(targetRow).join('')}</tbody>
</table></div>
<h2>Last decisions</h2>
<div class="scroll"><table>
<thead><tr><th>ago</th><th>route</th><th>status</th><th>took</th><th>attempts</th></tr></thead>
<tbody>${overview.decisions.map(decisionRow).join('')}</tbody>
</table></div>
<p class="dim">${overview.hasLivePage ? LIVE : HOW_TO_BUILD}</p>
</body>
</html>
`;
}

function targetRow(view: object): string {
  const breaker = field(view, 'breaker');
  const lastTrip = field(breaker, 'lastTrip');
  const state = text(field(view, 'state'));
  const freeInMs = Number(field(view, 'freeInMs'));
  return row([
    escape(text(field(view, 'id'))),
    `<span class="${state === 'available' ? 'good' : 'bad'}">${escape(state)}</span>`,
    freeInMs > 0 ? duration(freeInMs) : '',
    rough(field(view, 'load')),
    text(field(view, 'inFlight')),
    learned(field(view, 'firstTokenMs')),
    share(field(view, 'headroom')),
    text(field(view, 'slowStartWindow')),
    escape(text(field(breaker, 'state'))),
    escape(text(field(lastTrip, 'reason'))),
    `${Math.round(Number(field(breaker, 'successShare')) * 100)} % of ${text(field(breaker, 'samples'))}`,
    escape(text(field(view, 'lastOutcome'))),
  ]);
}

function decisionRow(decision: object): string {
  const attempts = field(decision, 'attempts');
  const status = Number(field(decision, 'status'));
  const steps = Array.isArray(attempts) ? attempts.map(step) : [];
  return row([
    `<span class="dim">${duration(Number(field(decision, 'agoMs')))}</span>`,
    escape(text(field(decision, 'route'))),
    `<span class="${status === 200 ? 'good' : 'bad'}">${status}</span> ${escape(text(field(decision, 'code')))}`,
    duration(Number(field(decision, 'durationMs'))),
    steps.join(' → '),
  ]);
}

/** Cancelled is what lost to a hedge, or whose client left: nobody's fault. */
const STEP_CLASS: Readonly<Record<string, string>> = { ok: 'good', cancelled: 'dim' };

function step(attempt: unknown): string {
  const reason = text(field(attempt, 'reason'));
  const outcome = text(field(attempt, 'outcome'));
  const told = reason === '' ? outcome : `${outcome} (${reason})`;
  const cause = text(field(attempt, 'cause'));
  // The others follow from the order of the attempts.
  const why = cause === 'hedge' || cause === 'panic' ? ` <span class="dim">${cause}</span>` : '';
  return `${escape(text(field(attempt, 'target')))}${why}: <span class="${STEP_CLASS[outcome] ?? 'bad'}">${escape(told)}</span>`;
}

function row(cells: readonly string[]): string {
  const last = cells.length - 1;
  return `<tr>${cells.map((cell, index) => `<td${index === last ? ' class="wrap"' : ''}>${cell}</td>`).join('')}</tr>`;
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Of what is learned, while it is not: nothing. */
function learned(ms: unknown): string {
  return typeof ms === 'number' ? duration(Math.round(ms)) : '';
}

function rough(value: unknown): string {
  return typeof value === 'number' ? String(Math.round(value)) : '';
}

function share(value: unknown): string {
  return typeof value === 'number' ? `${Math.round(value * 100)} %` : '';
}

function duration(ms: number): string {
  if (!Number.isFinite(ms)) return 'never';
  return ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`;
}

function escape(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
