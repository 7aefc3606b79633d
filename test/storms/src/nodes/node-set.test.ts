import { describe, expect, it } from 'vitest';
import { EventClock } from '../event-clock.ts';
import type { RouterName } from '../routers/all.ts';
import { STORMS } from '../storms/catalogue.ts';
import type { Nodes, Storm } from '../storms/storm.ts';
import { type Call, traffic } from '../traffic.ts';
import { Upstreams } from '../upstream/upstreams.ts';
import { NodeSet } from './node-set.ts';

class Bench {
  readonly clock = new EventClock();
  readonly calls: readonly Call[];
  readonly nodes: NodeSet;

  constructor(nodes: Nodes, router: RouterName = 'round robin') {
    const [first] = STORMS;
    if (first === undefined) throw new Error('no storm to begin with');
    const storm: Storm = { ...first, durationMs: 60_000, nodes };
    this.calls = traffic(storm, 1);
    const upstreams = new Upstreams(this.clock, storm, 1);
    this.nodes = new NodeSet({ clock: this.clock, seed: 1, storm, calls: this.calls, upstreams, router });
  }

  /** How many of the clients who come in a time get to each node. */
  async counts(fromMs: number, untilMs: number): Promise<Record<number, number>> {
    await this.#pass(fromMs - this.clock.nowMs());
    const counts: Record<number, number> = {};
    for (const call of this.calls.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)) {
      const { number } = this.nodes.nodeFor(call);
      counts[number] = (counts[number] ?? 0) + 1;
    }
    return counts;
  }

  async #pass(ms: number): Promise<void> {
    let over = false;
    this.clock.after(ms, () => {
      over = true;
    });
    await this.clock.runUntil(() => over);
  }
}

describe('the nodes of a storm', () => {
  it('get equal parts of the traffic where nothing else is said', async () => {
    const counts = await new Bench({ count: 3 }).counts(0, 60_000);
    expect(Object.keys(counts)).toEqual(['0', '1', '2']);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(320);
  });

  it('get the parts that are theirs at the time', async () => {
    const parts = [
      { fromMs: 0, of: [8, 1, 1] },
      { fromMs: 30_000, of: [0, 1, 0] },
    ];
    const bench = new Bench({ count: 3, parts });
    const { 0: most = 0, 1: few = 0 } = await bench.counts(0, 30_000);
    expect(most).toBeGreaterThan(5 * few);
    expect(Object.keys(await bench.counts(30_000, 60_000))).toEqual(['1']);
  });

  it('get nothing while they are away, and nothing before they join', async () => {
    const bench = new Bench({
      count: 3,
      troubles: [
        { node: 1, fromMs: 20_000, untilMs: 40_000, kind: 'away' },
        { node: 2, fromMs: 0, untilMs: 20_000, kind: 'away' },
      ],
    });
    expect(Object.keys(await bench.counts(0, 19_000))).toEqual(['0', '1']);
    expect(Object.keys(await bench.counts(21_000, 39_000))).toEqual(['0', '2']);
    expect(Object.keys(await bench.counts(41_000, 60_000))).toEqual(['0', '1', '2']);
  });

  it('are one where a single node has all the traffic', async () => {
    const troubles = [{ node: 0, fromMs: 0, untilMs: 30_000, kind: 'away' }] as const;
    const bench = new Bench({ count: 3, troubles }, 'leeward, one node');
    expect(Object.keys(await bench.counts(0, 60_000))).toEqual(['0']);
  });
});
