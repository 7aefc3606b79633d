/**
 * All other peers of the cluster. Each says only what is its own, so merging is keeping the newest of each: there is
 * nothing to agree on, and in whatever order messages come, once or twice, everyone ends with the same.
 *
 * A peer that is silent is forgotten with all that it said, because a decision must not rest on what may be long over.
 * Its last sequence number is remembered for a while, so that a message that was under way for long does not bring the
 * dead back.
 */
import type { Clock } from '@leeward/kernel';
import { Peer, type PeerState } from './peer.ts';
import { type Contribution, MAX_ENTRIES, MAX_PEERS, MOST_ILL } from './shapes.ts';
import { sizeOf } from './statements.ts';

/** Three of the longest intervals between messages, so that two may be lost. */
export const FORGET_AFTER_MS = 10_000;

/** A peer whose own event loop stands still hears of nobody: three times that, at most, before it believes it. */
const MOST_PATIENCE = 3;

/** 256 of each of as many peers as there may be; some 50 MB, if ever it is reached. */
const MAX_STORED_ENTRIES = 262_144;

export type Merged = 'merged' | 'known' | 'own' | 'too-many-peers' | 'too-many-stored';

export interface PeersDeps {
  readonly clock: Clock;
  /** How ill this process is: it is the slower to call others dead. */
  readonly health: () => number;
}

export class Peers {
  readonly #deps: PeersDeps;
  readonly #self: string;
  readonly #peers = new Map<string, Peer>();
  /** Oldest first. */
  readonly #gone = new Map<string, { readonly epoch: number; readonly seq: number }>();
  #version = 0;

  constructor(deps: PeersDeps, self: string) {
    this.#deps = deps;
    this.#self = self;
  }

  /** Grows with every change of what is known; not with time alone. */
  get version(): number {
    return this.#version;
  }

  /** Those who were heard of lately. */
  get live(): readonly PeerState[] {
    this.#forget();
    return [...this.#peers.values()];
  }

  get size(): number {
    this.#forget();
    return this.#peers.size;
  }

  /** Those of whom a message is missing; only a full one brings what it said. */
  get lacking(): readonly string[] {
    this.#forget();
    return [...this.#peers.values()].filter((peer) => peer.lacks).map(({ id }) => id);
  }

  knows(peer: string): boolean {
    return this.#peers.has(peer);
  }

  lacks(peer: string): boolean {
    return this.#peers.get(peer)?.lacks ?? false;
  }

  merge(contribution: Contribution): Merged {
    if (contribution.peer === this.#self) return 'own';
    this.#forget();
    const known = this.#peers.get(contribution.peer);
    const isNew = known === undefined ? this.#isNews(contribution) : contribution.epoch > known.epoch;
    if (!isNew && contribution.epoch !== known?.epoch) return 'known';
    const refused = this.#roomFor(contribution, known);
    if (refused !== undefined) return refused;
    if (isNew || known === undefined) this.#admit(contribution);
    else if (!known.merge(contribution, this.#deps.clock.nowMs())) return 'known';
    this.#version++;
    return 'merged';
  }

  #isNews({ peer, epoch, seq }: Contribution): boolean {
    const gone = this.#gone.get(peer);
    return gone === undefined || epoch > gone.epoch || (epoch === gone.epoch && seq > gone.seq);
  }

  #admit(contribution: Contribution): void {
    this.#gone.delete(contribution.peer);
    this.#peers.set(contribution.peer, new Peer(contribution, this.#deps.clock.nowMs()));
  }

  /** Judged by what could come on top, without looking which entries are there already: bounds need no exactness. */
  #roomFor(contribution: Contribution, known: Peer | undefined): 'too-many-peers' | 'too-many-stored' | undefined {
    if (known === undefined && this.#peers.size >= MAX_PEERS) return 'too-many-peers';
    const more = sizeOf(contribution);
    const kept = contribution.full || known === undefined ? 0 : known.entries;
    if (kept + more > 2 * MAX_ENTRIES) return 'too-many-stored';
    let stored = more - (contribution.full ? (known?.entries ?? 0) : 0);
    for (const peer of this.#peers.values()) stored += peer.entries;
    return stored > MAX_STORED_ENTRIES ? 'too-many-stored' : undefined;
  }

  #forget(): void {
    const patience = Math.min(MOST_PATIENCE, 1 + (this.#deps.health() / MOST_ILL) * (MOST_PATIENCE - 1));
    const sinceMs = this.#deps.clock.nowMs() - FORGET_AFTER_MS * patience;
    for (const peer of this.#peers.values()) {
      if (peer.heardAtMs >= sinceMs) continue;
      this.#peers.delete(peer.id);
      this.#remember(peer);
      this.#version++;
    }
  }

  #remember({ id, epoch, seq }: Peer): void {
    this.#gone.delete(id);
    this.#gone.set(id, { epoch, seq });
    if (this.#gone.size <= MAX_PEERS) return;
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest);
      return;
    }
  }
}
