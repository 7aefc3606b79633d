/** All gateways of a storm, as they come and go, and which of them a client's request gets to. */
import { MemoryNetwork } from '@leeward/cluster';
import { drawsFor } from '../draws.ts';
import { LAYOUTS, type Layout } from '../routers/all.ts';
import type { Nodes, NodeTrouble } from '../storms/storm.ts';
import type { Call } from '../traffic.ts';
import { type NodeDeps, StormNode } from './storm-node.ts';

/** A message to a neighbour in the same region, by way of a NATS server. */
const DELAY = { minDelayMs: 1, maxDelayMs: 3 };

const SINGLE: Nodes = { count: 1 };

export class NodeSet {
  readonly #deps: Omit<NodeDeps, 'place'>;
  readonly #nodes: Nodes;
  readonly #layout: Layout;
  readonly #network: MemoryNetwork;
  /** By number; undefined while it is away. */
  readonly #here: (StormNode | undefined)[];
  readonly #all: StormNode[] = [];
  readonly #cut = new Set<number>();
  readonly #lives: number[];

  constructor(deps: Omit<NodeDeps, 'place'>) {
    const { clock, seed, storm, router } = deps;
    this.#deps = deps;
    this.#layout = LAYOUTS[router] ?? 'alone';
    this.#nodes = this.#layout === 'one' ? SINGLE : (storm.nodes ?? SINGLE);
    this.#network = new MemoryNetwork({ clock, rng: drawsFor(seed, 4) }, DELAY);
    const { count, troubles = [] } = this.#nodes;
    this.#lives = Array.from({ length: count }, () => 0);
    const isYetToJoin = (number: number) =>
      troubles.some(({ node, fromMs, kind }) => node === number && kind === 'away' && fromMs === 0);
    this.#here = Array.from({ length: count }, (_, number) => (isYetToJoin(number) ? undefined : this.#start(number)));
    for (const trouble of troubles) this.#foresee(trouble);
  }

  /** As clients' connections are spread: by each node's part of the traffic, over those that are there. */
  nodeFor(call: Call): StormNode {
    const parts = this.#partsAt(call.atMs);
    const weigh = (node: StormNode) => parts[node.number] ?? 1;
    const here = this.#here.filter((node) => node !== undefined);
    let left = drawsFor(this.#deps.seed, 5, call.index)() * here.reduce((sum, node) => sum + weigh(node), 0);
    for (const node of here) {
      left -= weigh(node);
      if (left < 0) return node;
    }
    const last = here.at(-1);
    if (last === undefined) throw new Error('no node is there');
    return last;
  }

  reload(): void {
    for (const node of this.#here) node?.reload();
  }

  async stop(): Promise<void> {
    for (const node of this.#all) await node.stop();
  }

  #partsAt(atMs: number): readonly number[] {
    return this.#nodes.parts?.findLast(({ fromMs }) => fromMs <= atMs)?.of ?? [];
  }

  #start(number: number): StormNode {
    const { seed, storm } = this.#deps;
    const life = this.#lives[number] ?? 0;
    this.#lives[number] = life + 1;
    const isPeer = this.#layout === 'cluster' && storm.nodes !== undefined;
    const place = isPeer ? { network: this.#network, rng: drawsFor(seed, 6, number, life) } : undefined;
    const node = new StormNode({ ...this.#deps, place }, number, life);
    this.#all.push(node);
    return node;
  }

  #foresee({ node, fromMs, untilMs, kind }: NodeTrouble): void {
    const { clock } = this.#deps;
    switch (kind) {
      case 'cut':
        clock.after(fromMs, () => this.#cut.add(node));
        clock.after(fromMs, () => this.#partition());
        clock.after(untilMs, () => this.#cut.delete(node));
        clock.after(untilMs, () => this.#partition());
        return;
      case 'away':
        clock.after(fromMs, () => {
          this.#here[node]?.drain();
          this.#here[node] = undefined;
        });
        clock.after(untilMs, () => {
          this.#here[node] = this.#start(node);
        });
        return;
    }
  }

  /** Who is cut off has nobody; the rest have each other. */
  #partition(): void {
    const alone = new Set(Array.from(this.#cut, (number) => this.#here[number]?.peerId));
    this.#network.restrict((from, to) => !alone.has(from) && !alone.has(to));
  }
}
