/**
 * Who shares, and how each of them stands: active, silent, or gone for good. A crash and a cut look the same from
 * here, and they ask for opposite things: the share of the dead is to be taken over, the share of the cut off is in
 * use. So a silent peer's share is held for it, moving from what it was to an equal one, which is what the peer itself
 * comes to when it hears nobody. How long it is held depends on which side of a cut this one seems to be:
 *
 * - with at least half of the peers within reach, until the silence is longer than a reconnect: then it is dead;
 * - with fewer, for minutes: more likely we are the ones that were cut off, and the others go on;
 * - without a bus of our own, for an hour: we know nothing of the others. Nor do we wait for their silence then: what
 *   they do from now on will not be heard.
 */
import type { Heard, PeerState } from '../peer.ts';
import { type BusState, MAX_PEERS, type QuotaUse } from '../shapes.ts';

/** A quota's use as a peer told it last, and when. */
export type Said = Pick<Heard<QuotaUse>, 'value' | 'atMs'>;

/** What of a peer's word matters here; this peer's own is what it last told. */
export interface Sharer extends Pick<PeerState, 'id' | 'epoch' | 'heardAtMs' | 'draining'> {
  readonly quotas: ReadonlyMap<string, Said>;
}

export interface Known {
  readonly peer: Sharer;
  /** The peer in this epoch. */
  readonly life: string;
  /** `left`: it said goodbye, or its next life has begun. What it used stays used. */
  readonly standing: 'active' | 'silent' | 'left';
  /** Since its last message. */
  readonly ageMs: number;
  /** When its silence was noticed; means nothing while it is not silent. */
  readonly silentSinceMs: number;
}

/** A silent peer is heard again within this when a bus's server restarts or another is elected; and it is less than a
 * vendor's window, so that a crash costs less than one window of one share. */
const DEAD_AFTER_MS = 45_000;

/** Of a fleet that lost more than half of its peers at once and will not get them back. */
const DEAD_AFTER_MINORITY_MS = 300_000;

/** Without a bus everybody is silent, and says nothing by it: shares are held until nobody is expected back. */
const DEAD_AFTER_ALONE_MS = 3_600_000;

/** What a peer used last is in a vendor's window for so long. */
const GONE_AFTER_MS = 60_000;

/** Every peer and its life before, in a rolling restart of the largest fleet; beyond, who left is forgotten first. */
const MAX_LIVES = 2 * MAX_PEERS + 1;

/** Three digests lost in a row are no accident; below a second, a busy event loop is. */
export function silentAfterMs(intervalMs: number): number {
  return Math.max(1_000, 3 * intervalMs + 250);
}

export class RollCall {
  #known: readonly Known[] = [];

  /** Everyone, this peer too, in an order that is the same for all. */
  get known(): readonly Known[] {
    return this.#known;
  }

  /** @param self what this peer last told of itself */
  call(self: Sharer, others: Iterable<Sharer>, { nowMs, silentMs, bus }: CallTime): void {
    const lives = new Map(this.#known.map((one) => [one.life, one]));
    for (const peer of others) {
      if (peer.id === self.id || nowMs - peer.heardAtMs > DEAD_AFTER_MS) continue;
      enter(lives, peer, nowMs);
    }
    enter(lives, self, nowMs);
    const epochs = new Map<string, number>();
    for (const { peer } of lives.values()) epochs.set(peer.id, Math.max(peer.epoch, epochs.get(peer.id) ?? 0));
    const isDeaf = bus !== 'connected';
    const judged = [...lives.values()].map((one) => {
      const isOver = (epochs.get(one.peer.id) ?? 0) > one.peer.epoch;
      return judge(one, { isSelf: one.peer.id === self.id, isDeaf, isOver, nowMs, silentMs });
    });
    const deadMs = patience(judged, bus);
    this.#known = judged
      .filter(({ standing, ageMs }) => standing === 'active' || ageMs < (standing === 'left' ? GONE_AFTER_MS : deadMs))
      .sort((one, other) => orderOf(one) - orderOf(other))
      .slice(0, MAX_LIVES)
      .sort((one, other) => (one.life < other.life ? -1 : 1));
  }
}

interface CallTime {
  readonly nowMs: number;
  readonly silentMs: number;
  readonly bus: BusState;
}

function enter(lives: Map<string, Known>, peer: Sharer, nowMs: number): void {
  const life = `${peer.id}\n${peer.epoch}`;
  const before = lives.get(life);
  const standing = before?.standing ?? 'active';
  lives.set(life, { peer, life, standing, ageMs: 0, silentSinceMs: before?.silentSinceMs ?? nowMs });
}

interface Judged {
  readonly isSelf: boolean;
  readonly isDeaf: boolean;
  readonly isOver: boolean;
  readonly nowMs: number;
  readonly silentMs: number;
}

function judge(one: Known, { isSelf, isDeaf, isOver, nowMs, silentMs }: Judged): Known {
  const ageMs = nowMs - one.peer.heardAtMs;
  const isSilent = !isSelf && (isDeaf || ageMs > silentMs);
  if (isOver || (isSilent && one.peer.draining)) return { ...one, ageMs, standing: 'left' };
  if (!isSilent) return { ...one, ageMs, standing: 'active' };
  return { ...one, ageMs, standing: 'silent', silentSinceMs: one.standing === 'silent' ? one.silentSinceMs : nowMs };
}

function orderOf({ standing }: Known): number {
  switch (standing) {
    case 'active':
      return 0;
    case 'silent':
      return 1;
    case 'left':
      return 2;
  }
}

function patience(known: readonly Known[], bus: BusState): number {
  if (bus !== 'connected') return DEAD_AFTER_ALONE_MS;
  const active = known.filter(({ standing }) => standing === 'active').length;
  const silent = known.filter(({ standing }) => standing === 'silent').length;
  return active >= silent ? DEAD_AFTER_MS : DEAD_AFTER_MINORITY_MS;
}
