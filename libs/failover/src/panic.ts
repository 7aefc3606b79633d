/**
 * Whom to ask when nobody is available. What is known of a target's health is a guess about the next request, and when
 * it speaks against everyone, refusing everyone would also mean that nobody finds out about the recovery. So the one
 * that would be free first is asked in spite of its health; or, now and then, in spite of other nodes' word, which may be
 * wrong. Never in spite of a quota, a rejected key, an ordered wait that it knows of itself, or the operator's will.
 *
 * Of the last pool that has such a one: pools before it are the operator's first choice for quality, the last one is
 * the choice for when nothing else works.
 */
import type { Rng } from '@leeward/kernel';
import type { Member, Pool } from '@leeward/upstream';

export interface PanicPick {
  readonly member: Member;
  readonly poolIndex: number;
}

export function pickInPanic(
  pools: readonly Pool[],
  mayAsk: (member: Member) => boolean,
  rng: Rng,
): PanicPick | undefined {
  const isFit = (member: Member) => member.weight > 0 && member.target.canPanic && mayAsk(member);
  const poolIndex = pools.findLastIndex((pool) => pool.some(isFit));
  let pick: PanicPick | undefined;
  let ties = 0;
  for (const member of pools[poolIndex] ?? []) {
    if (!isFit(member)) continue;
    const sooner = pick === undefined ? -1 : member.target.freeInMs - pick.member.target.freeInMs;
    if (sooner > 0) continue;
    // A reservoir of one: each of the n that are free at the same time is left with probability 1/n.
    ties = sooner < 0 ? 1 : ties + 1;
    if (ties === 1 || rng() * ties < 1) pick = { member, poolIndex };
  }
  return pick;
}
