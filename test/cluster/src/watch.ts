/** Tells what changes in the nodes' own views, as a person would see it on their consoles. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readinessOf, targetStatesOf } from './admin-pages.ts';
import type { Cluster } from './cluster.ts';
import type { GatewayNode } from './gateway-node.ts';

/** Soon enough to see which node knew first, most of the time, and no load to speak of. */
const LOOK_EVERY_MS = 100;

/** Until the signal. */
export async function watch(cluster: Cluster, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  await Promise.all(cluster.nodes.map((node) => watchNode(node, say, signal)));
}

async function watchNode(node: GatewayNode, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  let before: View = {};
  while (!signal.aborted) {
    const now = await viewOf(node);
    for (const [name, is] of Object.entries(now)) {
      const was = before[name] ?? (name === SELF ? READY : AVAILABLE);
      if (was !== is) say(`${node.name}: ${name} is ${is}, was ${was}`);
    }
    before = { ...before, ...now };
    // It rejects only when the signal ends it, which the loop sees.
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** States by name: the node's own, and of each of its targets. */
type View = Readonly<Record<string, string>>;

const SELF = 'the node';
const READY = 'ready';
const AVAILABLE = 'available';

/** These come and go several times a second, and say nothing that a person would act on. */
const PASSING: ReadonlySet<string> = new Set(['full', 'slow-start', 'no-capacity']);

async function viewOf(node: GatewayNode): Promise<View> {
  try {
    const [states, { status, degraded = [] }] = await Promise.all([targetStatesOf(node), readinessOf(node)]);
    const targets = Object.entries(states).map(([id, state]) => [id, PASSING.has(state) ? AVAILABLE : state]);
    return Object.fromEntries([[SELF, [status, ...degraded].join(', ')], ...targets]) as View;
  } catch {
    // Its admin port does not answer: it is not running, or not yet.
    return { [SELF]: 'away' };
  }
}
