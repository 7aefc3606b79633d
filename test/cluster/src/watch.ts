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
  let before: Readonly<Record<string, string>> = {};
  while (!signal.aborted) {
    const now = await viewOf(node);
    for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
      const was = before[name] ?? WELL;
      const is = now[name] ?? WELL;
      if (was !== is) say(`${node.name}: ${name} ${is}${was === WELL ? '' : `, was ${was}`}`);
    }
    before = now;
    // It rejects only when the signal ends it, which the loop sees.
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

const WELL = 'available';

/** What is not well, by name. */
async function viewOf(node: GatewayNode): Promise<Readonly<Record<string, string>>> {
  try {
    const [states, { status, degraded = [] }] = await Promise.all([targetStatesOf(node), readinessOf(node)]);
    const targets = Object.entries(states).filter(([, state]) => state !== WELL && state !== 'full');
    const whole = status === 'ready' && degraded.length === 0 ? [] : [['it', [status, ...degraded].join(', ')]];
    return Object.fromEntries([...targets, ...whole]) as Record<string, string>;
  } catch {
    // Its admin port does not answer: it is not running, or not yet.
    return { it: 'away' };
  }
}
