/**
 * One storm, one seed, one router: the real gateways' routing (nodes/) over modelled upstreams and clients on an event
 * clock. What leaves is a record of each exchange and a few counts.
 */
import { EventClock } from './event-clock.ts';
import type { ExchangeRecord, StormRecord } from './exchange-record.ts';
import { NodeSet } from './nodes/node-set.ts';
import type { RouterName } from './routers/all.ts';
import type { Storm } from './storms/storm.ts';
import type { Call } from './traffic.ts';
import { Upstreams } from './upstream/upstreams.ts';

export async function runStorm(
  storm: Storm,
  seed: number,
  calls: readonly Call[],
  router: RouterName,
): Promise<StormRecord> {
  // Each seed begins elsewhere in the minute by which requests are counted.
  const clock = new EventClock((seed * 7919) % 60_000);
  const startedWallMs = clock.wallMs();
  const upstreams = new Upstreams(clock, storm, seed);
  const nodes = new NodeSet({ clock, seed, storm, calls, upstreams, router });
  const records: (ExchangeRecord | undefined)[] = Array.from({ length: calls.length });
  let ended = 0;
  const serve = async (call: Call) => {
    records[call.index] = await nodes.nodeFor(call).serve(call);
    ended++;
  };
  const arriveFrom = (index: number) => {
    const call = calls[index];
    if (call === undefined) return;
    clock.after(call.atMs - clock.nowMs(), () => {
      arriveFrom(index + 1);
      // A rejection would be a fault of ours, and ends the process.
      void serve(call);
    });
  };
  if (storm.joins !== undefined) clock.after(storm.joins.atMs, () => nodes.reload());
  arriveFrom(0);
  await clock.runUntil(() => ended === calls.length);
  await nodes.stop();
  return {
    targets: upstreams.asked,
    exchanges: records.filter((record) => record !== undefined),
    quotas: upstreams.used(startedWallMs, startedWallMs + storm.durationMs),
  };
}
