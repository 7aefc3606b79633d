/** What the kernel and the gateway itself say about its process: memory, descriptors, requests, targets. */
import { readdir, readFile } from 'node:fs/promises';
import { type GatewayProcess, targetsOf } from '../gateway-process.ts';
import { scrape } from '../metrics-page.ts';

export interface Vitals {
  readonly atMs: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
  readonly externalMiB: number;
  readonly descriptors: number;
  readonly inFlight: number;
  readonly targets: number;
  readonly series: number;
  /** Config changes taken over so far. */
  readonly reloads: number;
}

const MIB = 1_048_576;

export async function vitalsOf(gateway: GatewayProcess, atMs: number): Promise<Vitals> {
  const [page, targets, status, descriptors] = await Promise.all([
    scrape(gateway),
    targetsOf(gateway),
    readFile(`/proc/${gateway.pid}/status`, 'utf8'),
    readdir(`/proc/${gateway.pid}/fd`),
  ]);
  return {
    atMs,
    rssMiB: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024,
    heapMiB: page.sum('leeward_nodejs_heap_size_used_bytes') / MIB,
    externalMiB: page.sum('leeward_nodejs_external_memory_bytes') / MIB,
    descriptors: descriptors.length,
    inFlight: page.sum('leeward_in_flight_requests'),
    targets: targets.length,
    series: page.series,
    reloads: page.sum('leeward_config_reloads_total', { result: 'ok' }),
  };
}
