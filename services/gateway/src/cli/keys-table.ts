/** The reports of `leeward keys` as a person reads them. */
import type { KeyReport } from './keys.ts';

/** Names of models shown per key; `--json` has more. */
const NAMES_SHOWN = 12;

export function keysTable(reports: readonly KeyReport[]): string[] {
  const head = ['provider', 'key', 'state', 'models', 'p50', 'p95', 'model', 'quota left'];
  const rows = reports.map((report) => [
    report.provider,
    report.key,
    report.reason === undefined ? report.state : `${report.state} (${report.reason})`,
    report.models.count === 0 ? '-' : String(report.models.count),
    milliseconds(report.latency?.p50Ms),
    milliseconds(report.latency?.p95Ms),
    report.latency === undefined
      ? '-'
      : `${report.latency.model}, ${report.latency.succeeded} of ${report.latency.requests}`,
    quotaText(report.quota),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...modelLines(reports)];
}

function modelLines(reports: readonly KeyReport[]): string[] {
  const listed = reports.filter(({ models }) => models.count > 0);
  return listed.map(({ provider, key, models }) => {
    const shown = models.names.slice(0, NAMES_SHOWN);
    const rest = models.count - shown.length;
    return `models of ${provider}/${key}: ${shown.join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`;
  });
}

/** `x-ratelimit-remaining-req-minute` beside `x-ratelimit-limit-req-minute` become `req-minute 719/720`. */
function quotaText(quota: KeyReport['quota']): string {
  const limits = Object.entries(quota).flatMap(([name, limit]) => {
    const [, rung] = /^x-ratelimit-limit-(.+)$/.exec(name) ?? [];
    return rung === undefined ? [] : `${rung} ${quota[`x-ratelimit-remaining-${rung}`] ?? '?'}/${limit}`;
  });
  return limits.length === 0 ? '-' : limits.join(', ');
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : `${Math.round(value)} ms`;
}
