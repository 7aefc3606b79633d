/** How well a node does that has just started, and knows only what others told it. */
import type { StormRecord } from '../exchange-record.ts';
import type { Storm } from '../storms/storm.ts';

/** Some twenty requests; a few more, and it has learned for itself. */
const NEW_FOR_MS = 3000;

/** Of its first requests, those that went to a bad target first. Null where no node starts while one is bad. */
export function newcomerBadShare({ nodes, spells }: Storm, { exchanges, targets }: StormRecord): number | null {
  let all = 0;
  let hits = 0;
  for (const { node, untilMs, kind } of nodes?.troubles ?? []) {
    if (kind !== 'away') continue;
    const bad = spells.filter((spell) => spell.isBad && spell.fromMs <= untilMs && spell.untilMs > untilMs);
    const numbers = new Set(bad.map(({ target }) => targets.indexOf(target)));
    if (numbers.size === 0) continue;
    const own = exchanges.filter(
      (exchange) => exchange.node === node && exchange.atMs >= untilMs && exchange.atMs < untilMs + NEW_FOR_MS,
    );
    all += own.length;
    hits += own.filter(({ asked }) => numbers.has(asked[0] ?? -1)).length;
  }
  return all === 0 ? null : hits / all;
}
