/**
 * This peer's share of one limit: how much of the vendor's window it may have used. It falls at once and rises late
 * (late-raise.ts), so that the sum of what is spent stays at the limit as long as digests arrive within a hold; when
 * they do not, it exceeds the limit by no more than what was spent since the last one arrived.
 *
 * A peer that falls silent is taken to keep what it would have of a whole window by everyone's last demand, and to move
 * from there to an equal part. The silent one does the same for itself without knowing: it holds what the others had,
 * and what is left is that share.
 */
import { type Claim, divide } from './division.ts';
import { LateRaise } from './late-raise.ts';
import { fill } from './water-filling.ts';

/** One peer's part in this window. */
export interface Party {
  readonly life: string;
  readonly standing: 'active' | 'silent' | 'left';
  /** Since its silence was noticed. */
  readonly silentForMs: number;
  /** In this window, as last told. */
  readonly used: number;
  readonly wantedPerMinute: number;
}

export interface Window {
  readonly limit: number;
  readonly unit: 'whole' | 'any';
  /** How far ahead demand is looked at: the rest of the window, and where it has no end, as long as a share needs to move. */
  readonly aheadMs: number;
  /** Between 0 and 1: how much of the window is to come. */
  readonly rest: number;
  /** Between 0 and 1: no more than this part of the limit, for a peer that does not know yet among how many to divide. */
  readonly mostPart: number;
  /** Between 0 and 1: how much of the window was before this peer's time. */
  readonly unseen: number;
}

/** In all, kept for peers that ask for nothing, so that one which wakes up can serve while the others hear of it. */
const FLOOR_PART = 0.02;

/** Where a floor would be less than one request, this much of the limit may be kept for it to be one. */
const MOST_FLOOR_PART = 0.05;

/** A held share has become an equal one when all that was used before has left the vendor's window. */
const HELD_FADES_MS = 60_000;

const MINUTE_MS = 60_000;

export class WindowShare {
  readonly #late = new LateRaise();
  /** By life: what a silent peer had, as a part of 1. */
  readonly #held = new Map<string, number>();

  /** Undefined while no limit is known. */
  get allowed(): number | undefined {
    return this.#late.value;
  }

  /** Begins a new window, in which nothing is used yet. */
  begin(): void {
    this.#late.clear();
  }

  /** @param self its place among the parties, which stand in an order that is the same for all */
  set(
    parties: readonly Party[],
    self: number,
    window: Window,
    { nowMs, holdMs }: { nowMs: number; holdMs: number },
  ): void {
    const { limit, unit } = window;
    const sharing = parties.filter(({ standing }) => standing !== 'left').length;
    this.#hold(parties, sharing, window);
    const claims = parties.map(
      (party): Claim => ({
        used: party.used,
        wanted: (party.wantedPerMinute * window.aheadMs) / MINUTE_MS,
        standing: party.standing,
        held: limit * this.#heldPart(party, sharing),
      }),
    );
    claims.push({ used: unseenUse(window, sharing), wanted: 0, standing: 'left', held: 0 });
    const floor = floorOf(limit, sharing, unit) * window.rest;
    const allowed = divide(claims, { limit, unit, floor })[self] ?? 0;
    // A whole unit at the least, so that a small limit does not stop a joiner.
    const most = unit === 'whole' ? Math.max(1, limit * window.mostPart) : limit * window.mostPart;
    this.#late.set(Math.min(allowed, most), nowMs, holdMs);
  }

  unset(): void {
    this.#late.clear();
    this.#held.clear();
  }

  #heldPart({ life, standing, silentForMs }: Party, sharing: number): number {
    const held = this.#held.get(life);
    if (standing !== 'silent' || held === undefined) return 0;
    return held + (1 / sharing - held) * Math.min(1, silentForMs / HELD_FADES_MS);
  }

  /** Notes what those have who have just fallen silent, and forgets it of those who are heard again or gone. */
  #hold(parties: readonly Party[], sharing: number, { limit, unit }: Window): void {
    const silent = new Set(parties.filter(({ standing }) => standing === 'silent').map(({ life }) => life));
    for (const life of this.#held.keys()) if (!silent.has(life)) this.#held.delete(life);
    if (silent.size === this.#held.size) return;
    let left = limit;
    for (const party of parties) left -= limit * this.#heldPart(party, sharing);
    const dividing = parties.filter(({ life, standing }) => standing !== 'left' && !this.#held.has(life));
    const floor = floorOf(limit, sharing, unit);
    const parts = fill(
      left,
      dividing.map(({ wantedPerMinute }) => Math.max(floor, wantedPerMinute)),
    );
    for (const [place, { life, standing }] of dividing.entries()) {
      if (standing === 'silent') this.#held.set(life, (parts[place] ?? 0) / limit);
    }
  }
}

/**
 * Who joins others has most likely the place of one that is gone, whose use the others know of, and it does not: an equal
 * part. Who is alone takes the place of nobody, or there is nobody else who could use the rest.
 */
function unseenUse({ limit, unseen }: Window, sharing: number): number {
  return sharing > 1 ? (limit * unseen) / sharing : 0;
}

function floorOf(limit: number, sharing: number, unit: 'whole' | 'any'): number {
  const even = (limit * FLOOR_PART) / sharing;
  return unit === 'whole' ? Math.max(even, Math.min(1, (limit * MOST_FLOOR_PART) / sharing)) : even;
}
