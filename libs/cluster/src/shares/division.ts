/**
 * Divides what is left of a limit among the peers that spend it. A vendor's window asks what was used within it, so an
 * allowance is of the window too: what a peer has used, and its part of what nobody has used yet, by water-filling on
 * what each will ask for. The allowances add up to the limit, whatever was used by whom before, and whatever the demand
 * does: a peer that gets quieter leaves its part to the others with the next digest, without having to say so.
 *
 * A peer that is not heard is dead or cut off, and nobody can know which. Until it is given up it is taken to use what
 * it holds (see roll-call.ts), so that both sides of a cut come to parts that add up.
 */
import { fill, fillWhole } from './water-filling.ts';

export interface Claim {
  /** Of the window, as last told. */
  readonly used: number;
  /** What it will ask for, beyond what it has used. */
  readonly wanted: number;
  /** One that left keeps what it used and gets nothing more. A silent one is out of reach. */
  readonly standing: 'active' | 'silent' | 'left';
  /** What a silent peer is taken to use of the window. */
  readonly held: number;
}

export interface Division {
  readonly limit: number;
  /** Requests are whole; tokens are counted when they are spent, and a part of one matters to nobody. */
  readonly unit: 'whole' | 'any';
  /** Each active peer's part of what is left is at least this, as long as there is enough. */
  readonly floor: number;
}

/** What each peer may have used of the window, in the order of the claims. */
export function divide(claims: readonly Claim[], { limit, unit, floor }: Division): number[] {
  let used = 0;
  let out = 0;
  const places: number[] = [];
  const demands: number[] = [];
  for (const [place, claim] of claims.entries()) {
    switch (claim.standing) {
      case 'active':
        used += claim.used;
        places.push(place);
        demands.push(Math.max(claim.wanted, floor));
        break;
      case 'left':
        out += claim.used;
        break;
      case 'silent':
        out += Math.max(claim.used, claim.held);
        break;
    }
  }
  const left = limit - out - used;
  const parts = unit === 'whole' ? fillWhole(left, demands) : fill(left, demands);
  const allowed = claims.map((claim) => (claim.standing === 'silent' ? Math.max(claim.used, claim.held) : claim.used));
  // Overdrawn: what the window gives back belongs to nobody until the debt is gone, so each owes in proportion to its use.
  const debt = left < 0 && used > 0 ? Math.max(0, 1 + left / used) : 1;
  for (const [order, place] of places.entries()) {
    allowed[place] = (allowed[place] ?? 0) * debt + (parts[order] ?? 0);
  }
  return allowed;
}
