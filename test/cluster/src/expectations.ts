/** What several tests wait for. The bounds are those of a test that hangs, not of a cluster that is slow. */
import { expect } from 'vitest';
import { readinessOf } from './admin-pages.ts';
import type { Cluster } from './cluster.ts';
import type { GatewayNode } from './gateway-node.ts';
import { type ChatRecord, notRight } from './load.ts';

export const HANGS = { timeout: 30_000, interval: 20 };

export const LOST = ['cluster-bus-disconnected'];

export async function expectWhole(cluster: Cluster): Promise<void> {
  await expect.poll(() => cluster.isWhole(), HANGS).toBe(true);
}

/** In service all the same, and honest about it. */
export async function expectReady(nodes: readonly GatewayNode[], degraded: readonly string[]): Promise<void> {
  for (const node of nodes) {
    const page = async () => {
      const { httpStatus, status, degraded = [] } = await readinessOf(node);
      return { httpStatus, status, degraded };
    };
    await expect.poll(page, HANGS).toEqual({ httpStatus: 200, status: 'ready', degraded });
  }
}

/** Every client has its answer, and none had to ask twice. */
export function expectUnnoticed(records: readonly ChatRecord[]): void {
  expect(notRight(records)).toEqual([]);
  expect(records.filter(({ nodes }) => nodes.length > 1)).toEqual([]);
}
