/**
 * Which peer does what only one needs to do, such as probing a key that was put aside: by consistent hashing over the
 * live peers. All who see the same peers name the same owner without asking, and a peer that comes or goes moves only
 * its own part. For a moment peers may see different ones. Then two are owners, which costs one request more; or the
 * owner is dead, and another takes its place when the silence is noticed.
 *
 * hashring rounds a default count of points down with the number of peers; each is given its points by name instead.
 */
import HashRing from 'hashring';

/** Shares of the ring differ by about a tenth with so many. */
const POINTS = 64;

export class Ownership {
  readonly #self: string;
  #peers: readonly string[];
  #ring: HashRing;

  constructor(self: string) {
    this.#self = self;
    this.#peers = [self];
    this.#ring = ringOf(this.#peers);
  }

  /** @param others live and not draining */
  setPeers(others: Iterable<string>): void {
    const peers = [...new Set([this.#self, ...others])].sort();
    if (peers.length === this.#peers.length && peers.every((peer, place) => peer === this.#peers[place])) return;
    this.#peers = peers;
    this.#ring = ringOf(peers);
  }

  ownerOf(id: string): string {
    // Its cache is a plain object, which would answer `constructor` with its own.
    return this.#ring.get(`/${id}`);
  }

  owns(id: string): boolean {
    return this.ownerOf(id) === this.#self;
  }
}

function ringOf(peers: readonly string[]): HashRing {
  return new HashRing(Object.fromEntries(peers.map((peer) => [peer, { vnodes: POINTS }])), 'md5', { 'vnode count': 1 });
}
