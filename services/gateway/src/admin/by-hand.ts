/**
 * The targets that an operator has drained by hand. Kept apart from the fleet, because a reload may make a target anew
 * that must stay drained; an id that the config no longer has is kept for when it comes back.
 */
import type { Fleet } from '@leeward/upstream';

/** More than an operator types; the set is an operator's, yet nothing grows for ever. */
const MAX_DRAINED = 1024;

export class DrainedByHand {
  readonly #ids = new Set<string>();

  /** False when there is no such target, or too many are drained already. */
  set(fleet: Fleet, id: string, drain: boolean): boolean {
    const target = fleet.target(id);
    if (!drain) {
      this.#ids.delete(id);
      target?.undrain();
      return target !== undefined;
    }
    if (target === undefined || this.#ids.size >= MAX_DRAINED) return false;
    this.#ids.add(id);
    target.drain();
    return true;
  }

  /** To a fleet that was just made. */
  apply(fleet: Fleet): void {
    for (const id of this.#ids) fleet.target(id)?.drain();
  }
}
