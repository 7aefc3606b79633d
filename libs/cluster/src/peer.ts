/**
 * One other peer, as its messages tell. What is kept depends only on which messages came, never on their order:
 *
 *   an entry is the one of the newest message that named it, and is gone when a newer full message did not;
 *   what a peer says of itself comes from its newest message.
 *
 * So a message that was late still fills in what no newer one has said, one that comes twice changes nothing, and a
 * lost one is made good by the next full one. A restart has a higher epoch, which ends all that was said before.
 */
import type { Contribution, QuotaUse, RetryUse, TargetEvidence, Wait, WaitKey } from './shapes.ts';

/** Something said, and when it was heard: durations inside are to be read from then on. */
export interface Heard<T> {
  readonly value: T;
  readonly atMs: number;
  readonly seq: number;
}

/** What is known of a peer, for reading. */
export interface PeerState {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
  /** When its newest message came. */
  readonly heardAtMs: number;
  readonly health: number;
  readonly draining: boolean;
  readonly retries: RetryUse;
  readonly targets: ReadonlyMap<string, Heard<TargetEvidence>>;
  readonly waits: ReadonlyMap<WaitKey, Heard<Wait>>;
  readonly quotas: ReadonlyMap<string, Heard<QuotaUse>>;
}

/** Messages that overtook a missing one; with more of them it is not late but lost. */
const MAX_EARLY = 64;

export class Peer implements PeerState {
  readonly id: string;
  readonly epoch: number;
  readonly targets = new Map<string, Heard<TargetEvidence>>();
  readonly waits = new Map<WaitKey, Heard<Wait>>();
  readonly quotas = new Map<string, Heard<QuotaUse>>();
  #newest: Contribution;
  #heardAtMs: number;
  /** Of its newest full message; below it, nothing counts any more. */
  #fullSeq = -1;
  /** Up to here, from the newest full message on, none is missing. */
  #wholeSeq = -1;
  readonly #early = new Set<number>();

  constructor(first: Contribution, nowMs: number) {
    this.id = first.peer;
    this.epoch = first.epoch;
    this.#newest = first;
    this.#heardAtMs = nowMs;
    this.merge(first, nowMs);
  }

  get seq(): number {
    return this.#newest.seq;
  }

  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  get health(): number {
    return this.#newest.health;
  }

  get draining(): boolean {
    return this.#newest.draining;
  }

  get retries(): RetryUse {
    return this.#newest.retries;
  }

  get entries(): number {
    return this.targets.size + this.waits.size + this.quotas.size;
  }

  /** Whether something that it said is missing, so that only a full message would bring all of it. */
  get lacks(): boolean {
    return this.#fullSeq < 0 || this.#wholeSeq < this.seq;
  }

  /** Answers whether there was anything new in it. */
  merge(contribution: Contribution, nowMs: number): boolean {
    const { seq } = contribution;
    if (seq <= this.#fullSeq) return false;
    const isNewest = seq > this.seq;
    if (isNewest) {
      this.#newest = contribution;
      this.#heardAtMs = nowMs;
    }
    if (contribution.full) {
      this.#fullSeq = seq;
      for (const kept of [this.targets, this.waits, this.quotas]) forget(kept, seq);
    }
    this.#count(seq, contribution.full);
    const heard = { atMs: nowMs, seq };
    const news = [
      take(this.targets, contribution.targets, heard),
      take(this.waits, contribution.waits, heard),
      take(this.quotas, contribution.quotas, heard),
    ];
    return contribution.full || isNewest || news.includes(true);
  }

  #count(seq: number, full: boolean): void {
    if (full) this.#wholeSeq = Math.max(this.#wholeSeq, seq);
    else if (seq > this.#wholeSeq && this.#early.size < MAX_EARLY) this.#early.add(seq);
    for (const early of this.#early) if (early <= this.#wholeSeq) this.#early.delete(early);
    while (this.#early.delete(this.#wholeSeq + 1)) this.#wholeSeq++;
  }
}

/** A full message says all: what it and later ones do not name has ended. */
function forget(kept: Map<string, Heard<unknown>>, fullSeq: number): void {
  for (const [id, { seq }] of kept) if (seq < fullSeq) kept.delete(id);
}

function take<K extends string, T>(
  kept: Map<K, Heard<T>>,
  said: Readonly<Record<K, T>>,
  heard: { readonly atMs: number; readonly seq: number },
): boolean {
  let took = false;
  for (const id in said) {
    if ((kept.get(id)?.seq ?? -1) >= heard.seq) continue;
    kept.set(id, { value: said[id], ...heard });
    took = true;
  }
  return took;
}
