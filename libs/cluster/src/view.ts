/**
 * What all other peers together say of our targets. A peer can make others careful, never blind:
 *
 * - A wait is obeyed by all: the longest that anybody says, up to a cap; but a provider's last target is held only when
 *   that is confirmed (`holding.ts`).
 * - Of a figure the weighted median counts: weighed by samples (up to a cap), by age and by the peer's own health. One
 *   peer that lies or is ill cannot move it beyond what the others have seen.
 * - An open breaker counts by the attempts behind it, by its age and by the peer's health: evidence, and no order.
 * - Requests in flight at others add up, and fade with their age: a count that is seconds old is of requests that have
 *   ended, and all who went by it would go to the same target.
 */
import { holdOn, type Place, spare } from './holding.ts';
import { median, type Weighed } from './median.ts';
import type { Heard, PeerState } from './peer.ts';
import type { TargetEvidence, Trip } from './shapes.ts';
import { trustIn } from './trust.ts';

/** From this many observations on a peer has seen enough; more must not outvote everyone else. */
const ENOUGH_SAMPLES = 50;

/** Evidence of this age counts half: an upstream's bad moment lasts about as long. */
const EVIDENCE_HALF_LIFE_MS = 15_000;

/** As many faults in a row open a breaker that nobody has set otherwise; who has seen fewer says less. */
const ENOUGH_FAULTS = 5;

/** A breaker that is open is probed once a minute at the least, unless it was set otherwise, and each probe trips it anew. */
const TRIP_HALF_LIFE_MS = 60_000;

/** Older evidence says nothing about now. */
const EVIDENCE_MAX_AGE_MS = 120_000;

/** Of what was in flight, so much later half has ended: a chat answer's usual length. */
const IN_FLIGHT_HALF_LIFE_MS = 2000;

/** Nobody answers sooner, and a time of nothing would make a load of nothing, which draws everyone. */
const LEAST_FIRST_TOKEN_MS = 1;

export interface TargetSight {
  /** How long others say to leave it alone, from the view's time on; 0 when it may be asked. */
  readonly heldForMs: number;
  readonly holdReason: string | undefined;
  /** Of a prompt of a thousand tokens. */
  readonly firstTokenMs: number | undefined;
  readonly faultShare: number;
  /** What stands behind these figures: observations, less by age and by the ill health of who made them. */
  readonly samples: number;
  readonly inFlight: number;
  /** How many peers have their breaker open, each weighed by its samples, its age and the peer's health. */
  readonly trips: number;
}

/** By target id, for every place. */
export type ClusterView = ReadonlyMap<string, TargetSight>;

export interface Viewpoint {
  /** This peer's id: by it the spared target is chosen. */
  readonly self: string;
  readonly nowMs: number;
}

export function clusterView(
  peers: readonly PeerState[],
  places: readonly Place[],
  { self, nowMs }: Viewpoint,
): ClusterView {
  const waiting = peers.filter(({ waits }) => waits.size > 0);
  const holds = new Map(places.map((place) => [place.id, holdOn(place, waiting, nowMs)]));
  const spared = spare(places, ({ id }) => holds.get(id), self);
  const voices = peers.map((peer) => voiceOf(peer, nowMs));
  const targets = new Map<string, TargetSight>();
  for (const { id } of places) {
    const hold = spared.has(id) ? undefined : holds.get(id);
    targets.set(id, { heldForMs: hold?.forMs ?? 0, holdReason: hold?.reason, ...figures(id, voices, nowMs) });
  }
  return targets;
}

/** A peer, and what is the same for all that it says: a view is of hundreds of targets times peers. */
interface Voice {
  readonly targets: PeerState['targets'];
  readonly trust: number;
  readonly inFlightPart: number;
}

function voiceOf(peer: PeerState, nowMs: number): Voice {
  const inFlightPart = fading(nowMs - peer.heardAtMs, IN_FLIGHT_HALF_LIFE_MS);
  return { targets: peer.targets, trust: trustIn(peer), inFlightPart };
}

function figures(id: string, voices: readonly Voice[], nowMs: number): Omit<TargetSight, 'heldForMs' | 'holdReason'> {
  const firstTokens: Weighed[] = [];
  const faults: Weighed[] = [];
  let samples = 0;
  let inFlight = 0;
  let trips = 0;
  for (const { targets, trust, inFlightPart } of voices) {
    const heard = targets.get(id);
    if (heard === undefined) continue;
    const { firstTokenMs, faultShare, trip } = heard.value;
    inFlight += heard.value.inFlight * inFlightPart;
    const weight = weightOf(heard, nowMs) * trust;
    samples += weight;
    if (firstTokenMs !== undefined) firstTokens.push({ value: Math.max(LEAST_FIRST_TOKEN_MS, firstTokenMs), weight });
    faults.push({ value: faultShare, weight });
    if (trip !== undefined) trips += trust * tripWeightOf(trip, nowMs - heard.atMs);
  }
  return {
    firstTokenMs: median(firstTokens),
    faultShare: median(faults) ?? 0,
    samples,
    inFlight,
    trips,
  };
}

function weightOf({ value, atMs }: Heard<TargetEvidence>, nowMs: number): number {
  const ageMs = value.ageMs + nowMs - atMs;
  if (ageMs > EVIDENCE_MAX_AGE_MS) return 0;
  return Math.min(ENOUGH_SAMPLES, value.samples) * fading(ageMs, EVIDENCE_HALF_LIFE_MS);
}

/** No breaker opens without a fault, also where a peer does not say of how many. */
function tripWeightOf({ samples, ageMs }: Trip, heardAgoMs: number): number {
  return Math.min(1, Math.max(1, samples) / ENOUGH_FAULTS) * fading(ageMs + heardAgoMs, TRIP_HALF_LIFE_MS);
}

function fading(ageMs: number, halfLifeMs: number): number {
  return 2 ** -(Math.max(0, ageMs) / halfLifeMs);
}
