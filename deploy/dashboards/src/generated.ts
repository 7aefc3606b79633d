/** Every dashboard, by the name of its file in deploy/grafana. */
import { cluster } from './cluster.ts';
import type { Built } from './frame.ts';
import { node } from './node.ts';
import { overview } from './overview.ts';
import { quotaAndCost } from './quota-and-cost.ts';
import { targets } from './targets.ts';

export function generated(): ReadonlyMap<string, Built> {
  return new Map([
    ['overview.json', overview()],
    ['targets.json', targets()],
    ['quota-and-cost.json', quotaAndCost()],
    ['cluster.json', cluster()],
    ['node.json', node()],
  ]);
}
