/** The reports of `leeward keys` as a person reads them. */
import type { KeyReport } from '../admin/inspect-keys.ts';

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
  const keysByModels = new Map<string, string[]>();
  for (const { provider, key, models } of reports) {
    if (models.count === 0) continue;
    const rest = models.count - models.names.length;
    const text = `${models.names.join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`;
    const keys = keysByModels.get(text) ?? [];
    keysByModels.set(text, [...keys, `${provider}/${key}`]);
  }
  // The keys of one vendor mostly may use the same: told once.
  return Array.from(keysByModels, ([models, keys]) => `models of ${keys.join(', ')}: ${models}`);
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
