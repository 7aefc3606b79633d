/**
 * Whether all nodes heed what one of them learned. A vendor that rejects a key says it plainly, so from the moment at which
 * the first request was told so, each further one is one too many. Probes come five seconds later at the soonest, and are not counted.
 */
import type { ExchangeRecord, StormRecord } from '../exchange-record.ts';
import type { Storm } from '../storms/storm.ts';

/** Before the first probe may come. */
const WATCHED_MS = 4500;

export interface Heeding {
  /** From the first node's learning to the last request that was sent to the key nevertheless; the worst of all keys. */
  readonly afterMs: number;
  /** The most that one of the other nodes sent to one key after that. */
  readonly mostByOne: number;
}

/** Null where no key is revoked, or there is one node alone. */
export function heedingOf({ spells, nodes }: Storm, { exchanges, targets }: StormRecord): Heeding | null {
  const revoked = nodes === undefined ? [] : spells.filter(({ weather }) => weather.revoked === true);
  if (revoked.length === 0) return null;
  let afterMs = 0;
  let mostByOne = 0;
  for (const { target, fromMs } of revoked) {
    const tries = triesOf(exchanges, targets.indexOf(target)).filter(({ atMs }) => atMs >= fromMs);
    const first = tries.reduce((least, one) => (one.toldAtMs < least.toldAtMs ? one : least), NONE);
    const byNode = new Map<number, number>();
    for (const { node, atMs } of tries) {
      if (atMs <= first.toldAtMs || atMs > first.toldAtMs + WATCHED_MS) continue;
      afterMs = Math.max(afterMs, atMs - first.toldAtMs);
      if (node !== first.node) byNode.set(node, (byNode.get(node) ?? 0) + 1);
    }
    mostByOne = Math.max(mostByOne, ...byNode.values());
  }
  return { afterMs, mostByOne };
}

interface Try {
  readonly node: number;
  readonly atMs: number;
  readonly toldAtMs: number;
}

const NONE: Try = { node: -1, atMs: 0, toldAtMs: Number.POSITIVE_INFINITY };

function triesOf(exchanges: readonly ExchangeRecord[], target: number): readonly Try[] {
  return exchanges.flatMap(({ node, asked, askedAtMs, toldAtMs }) =>
    asked.flatMap((number, place) => {
      const [atMs, told] = [askedAtMs[place], toldAtMs[place]];
      return number !== target || atMs === undefined || told === undefined ? [] : [{ node, atMs, toldAtMs: told }];
    }),
  );
}
