/** Numbers as a person reads them at a glance; a figure and its unit stay on one line (a no-break space between). */

const GAP = '\u00A0';

export function duration(ms: number | null | undefined): string {
  if (ms === undefined) return '–';
  if (ms === null || !Number.isFinite(ms)) return 'never';
  if (ms < 1000) return `${Math.round(ms)}${GAP}ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}${GAP}s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)}${GAP}s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)}${GAP}min`;
  return `${Math.round(ms / 3_600_000)}${GAP}h`;
}

export function rate(perSecond: number): string {
  if (perSecond === 0) return '0';
  if (perSecond < 9.95) return perSecond.toFixed(1);
  return count(perSecond);
}

export function count(value: number): string {
  if (value < 10_000) return Math.round(value).toLocaleString('en-GB');
  if (value < 1_000_000) return `${trimmed(value / 1000)}${GAP}k`;
  return `${trimmed(value / 1_000_000)}${GAP}M`;
}

export function percent(share: number): string {
  const percents = share * 100;
  return `${percents > 0 && percents < 9.95 ? trimmed(percents) : Math.round(percents)}${GAP}%`;
}

export function dollars(usd: number): string {
  if (usd === 0) return '$0';
  if (usd < 0.01) return `$${usd.toFixed(4)}`;
  return usd < 100 ? `$${usd.toFixed(2)}` : `$${count(usd)}`;
}

/** Local time, to the second: what logs and colleagues say. */
export function clockTime(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB', { hour12: false });
}

function trimmed(value: number): string {
  return value < 99.5 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
}
