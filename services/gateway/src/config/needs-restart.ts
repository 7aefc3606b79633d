/** What sockets and exporters were opened with cannot change under them: these keys of a changed config wait for a restart. */
import { fingerprint } from '@leeward/upstream';
import { addressText } from './address.ts';
import type { Settings } from './settings.ts';

/** By the names that the config has for them. */
export function needsRestart(started: Settings, now: Settings): string[] {
  const fixed = ['headerBytes', 'headersMs', 'connections', 'keepAliveMs'] as const;
  const changed: string[] = fixed
    .filter((name) => started.limits[name] !== now.limits[name])
    .map((name) => `limits.${name}`);
  for (const port of ['data', 'admin'] as const) {
    if (addressText(started.listen[port]) !== addressText(now.listen[port])) changed.push(`listen.${port}`);
  }
  // Certificates are renewed; from none to one, or back, a port cannot go.
  for (const name of ['dataTls', 'adminTls'] as const) {
    const [before, after] = [started.listen[name], now.listen[name]];
    const isSameKind = (before === undefined) === (after === undefined);
    if (!isSameKind || (before?.clientCa === undefined) !== (after?.clientCa === undefined))
      changed.push(`listen.${name}`);
  }
  for (const name of ['otlp', 'traceSampling', 'serviceName'] as const) {
    if (JSON.stringify(started.telemetry[name]) !== JSON.stringify(now.telemetry[name]))
      changed.push(`telemetry.${name}`);
  }
  // Secrets print as one word: only their fingerprints differ.
  if (fingerprint(started.cluster ?? {}) !== fingerprint(now.cluster ?? {})) changed.push('cluster');
  return changed;
}
