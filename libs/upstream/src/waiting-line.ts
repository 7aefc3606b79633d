/**
 * The attempts at a target that still wait for their first token, oldest first. How long the oldest has waited is the
 * first news of a target that has become slow or silent: it comes long before the first timeout. A list linked through the
 * leases themselves, so that joining and leaving cost nothing.
 */
import { promptFactor } from './first-token-time.ts';
import type { TargetLease } from './lease.ts';

export class WaitingLine {
  #oldest: TargetLease | undefined;
  #youngest: TargetLease | undefined;

  join(lease: TargetLease): void {
    lease.older = this.#youngest;
    if (this.#youngest === undefined) this.#oldest = lease;
    else this.#youngest.younger = lease;
    this.#youngest = lease;
  }

  leave(lease: TargetLease): void {
    if (lease.older === undefined && lease !== this.#oldest) return;
    if (lease.older === undefined) this.#oldest = lease.younger;
    else lease.older.younger = lease.younger;
    if (lease.younger === undefined) this.#youngest = lease.older;
    else lease.younger.older = lease.older;
    lease.older = undefined;
    lease.younger = undefined;
  }

  /** For a prompt of a thousand tokens; undefined when nobody waits. */
  oldestWaitMs(nowMs: number): number | undefined {
    const oldest = this.#oldest;
    return oldest === undefined ? undefined : (nowMs - oldest.startedAtMs) / promptFactor(oldest.ask.promptTokens);
  }
}
