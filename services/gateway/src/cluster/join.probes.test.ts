/**
 * Nodes that have all put the same key aside, through everything that may happen to them and to their bus: whenever it
 * is quiet again one of them probes it, as often as one alone would, and when the key is well all have it back.
 */
import { fault, type Outcome } from '@leeward/upstream';
import { describe, expect, it } from 'vitest';
import { type JoinedFleet, JoinedFleets, providerWith } from '../fixtures/joined-fleets.ts';

const REJECTED = { kind: 'credentials' } as const;

/** Until the silent are forgotten, also by who is ill itself, and who left a probe to them asks again. */
const SETTLED_MS = 45_000;

const QUIET_MS = 60_000;

/** In a quiet minute, of one that has just put it aside: after 5, 10, 20 and 40 seconds or more. */
const MOST_PROBES = 4;

/** The longest wait after an incident of five minutes, of one who left the probe to another, and an answer's way. */
const NEXT_PROBE_MS = 320_000 + 20_000;

/** Often enough that a probe that may be made is made. */
const TRAFFIC_MS = 1000;

class Incident {
  readonly fleets: JoinedFleets;
  readonly nodes: readonly JoinedFleet[];
  readonly gone = new Set<JoinedFleet>();
  readonly idle = new Set<JoinedFleet>();
  /** They cannot reach the vendor. */
  readonly stranded = new Set<JoinedFleet>();
  isOver = false;
  rejected: JoinedFleet[] = [];

  constructor(seed: number, keys: readonly string[]) {
    this.fleets = new JoinedFleets(seed);
    this.nodes = Array.from({ length: 3 + (seed % 3) }, (_, place) =>
      this.fleets.join(`node-${place}`, providerWith(keys)),
    );
  }

  get able(): readonly JoinedFleet[] {
    return this.nodes.filter((node) => ![this.gone, this.idle, this.stranded].some((set) => set.has(node)));
  }

  async begin(): Promise<void> {
    await this.fleets.meet();
    for (const node of this.nodes) await node.attempt('a', REJECTED);
  }

  async run(forMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < forMs; passedMs += TRAFFIC_MS) {
      for (const node of this.nodes) {
        if (this.gone.has(node) || this.idle.has(node)) continue;
        if (!(await node.attempt('a', this.#outcomeAt(node)))) continue;
        if (!this.isOver && !this.stranded.has(node)) this.rejected.push(node);
      }
      await this.fleets.clock.advance(TRAFFIC_MS);
    }
  }

  /** One thing of all that may happen, for up to twenty seconds. */
  async happen(): Promise<void> {
    const { rng, network } = this.fleets;
    const node = this.nodes[Math.floor(rng() * this.nodes.length)];
    const draw = rng();
    if (node !== undefined && this.able.length > 2) {
      if (draw < 0.2) this.gone.add(node);
      else if (draw < 0.4) this.idle.add(node);
      else if (draw < 0.6) this.stranded.add(node);
    }
    this.#connect(draw < 0.8 ? [] : this.nodes.filter(() => rng() < 0.5));
    if (draw > 0.9) network.goDown();
    network.faults = { ...network.faults, lossShare: 0.1 * rng(), maxDelayMs: 100 * rng() };
    await this.run(20_000 * rng());
    if (draw > 0.9) network.comeUp();
    network.faults = { ...network.faults, lossShare: 0 };
    this.#connect([]);
  }

  #connect(apart: readonly JoinedFleet[]): void {
    const { network } = this.fleets;
    const names = (nodes: readonly JoinedFleet[]) =>
      nodes.filter((node) => !this.gone.has(node)).map(({ name }) => name);
    network.partition([names(apart), names(this.nodes.filter((node) => !apart.includes(node)))]);
  }

  #outcomeAt(node: JoinedFleet): Outcome {
    if (this.stranded.has(node)) return fault('refused');
    return this.isOver ? { kind: 'ok' } : REJECTED;
  }
}

describe('a key that all nodes have put aside', () => {
  it.each([...Array(8).keys()])('is probed by one of them, whatever happened before (%i)', async (seed) => {
    const incident = new Incident(seed, ['a', 'b', 'c']);
    await incident.begin();
    for (let event = 0; event < 2; event++) {
      await incident.happen();
      await incident.run(SETTLED_MS);
      incident.rejected = [];
      await incident.run(QUIET_MS);
      expect(new Set(incident.rejected).size).toBeLessThanOrEqual(1);
      expect(incident.rejected.length).toBeLessThanOrEqual(MOST_PROBES);
    }
    incident.isOver = true;
    await incident.run(NEXT_PROBE_MS);
    expect(incident.able.map((node) => node.target('a').state)).toEqual(incident.able.map(() => 'available'));
  });

  it('and that is the last one of its provider is probed by each of them, whoever claims to', async () => {
    const incident = new Incident(0, ['a']);
    await incident.begin();
    await incident.run(40_000);
    expect(new Set(incident.rejected)).toEqual(new Set(incident.nodes));
  });
});
