/** The gateway's words for states, reasons and causes, as sentences for someone who was just woken up. */
import type { BreakerView, TargetView } from '../live/view.ts';
import { duration, percent } from './format.ts';

/** How bad it is; each has a colour and a sign of its own, for those who see no colours. */
export type Mood = 'good' | 'warn' | 'bad' | 'idle';

export interface StateWords {
  readonly label: string;
  readonly mood: Mood;
}

const STATES: Readonly<Record<string, StateWords>> = {
  available: { label: 'available', mood: 'good' },
  draining: { label: 'drained', mood: 'idle' },
  'key-quarantined': { label: 'key rejected', mood: 'bad' },
  'model-gone': { label: 'model gone', mood: 'bad' },
  'quota-cooldown': { label: 'quota spent', mood: 'warn' },
  cooldown: { label: 'cooling down', mood: 'warn' },
  held: { label: 'held by peers', mood: 'warn' },
  'breaker-open': { label: 'breaker open', mood: 'bad' },
  'no-capacity': { label: 'no capacity', mood: 'bad' },
  'slow-start': { label: 'slow start', mood: 'warn' },
  full: { label: 'full', mood: 'warn' },
};

export function stateWords(state: string): StateWords {
  return STATES[state] ?? { label: state.replaceAll('-', ' '), mood: 'warn' };
}

const TRIPS: Readonly<Record<string, string>> = {
  'consecutive-faults': 'faults in a row',
  'success-rate': 'too few successes',
  confirmed: 'a fault that other nodes saw too',
  'probe-failed': 'the probe failed',
  'no-capacity': 'the vendor has no room',
};

export function plain(word: string): string {
  return TRIPS[word] ?? word.replaceAll('-', ' ');
}

/** Why a target is not asked now, and when it will be; empty for one that is. */
export function whyNot(target: TargetView): string {
  const { state, breaker, quarantine, capacity } = target;
  const free = target.freeInMs === 0 ? '' : `, free in ${duration(target.freeInMs)}`;
  switch (state) {
    case 'available':
      return '';
    case 'draining':
      return 'drained by hand: it gets no new requests';
    case 'breaker-open':
      return ailment(breaker, target.lastOutcome);
    case 'no-capacity':
      return ailment(capacity, target.lastOutcome);
    case 'key-quarantined':
      return `the vendor rejects this key${probe(quarantine)}`;
    case 'model-gone':
      return `the vendor says that it has no such model${free}`;
    case 'quota-cooldown':
      return `the quota of ${target.quotaGroup} is spent${free}`;
    case 'cooldown':
      return `the vendor ordered a wait${free}`;
    case 'held':
      return `other nodes say: ${plain(target.heldFor ?? 'leave it alone')}${free}`;
    case 'slow-start':
      return `it has just recovered: ${target.slowStartWindow ?? 1} at once`;
    case 'full':
      return 'it has as many requests as it may have at once';
  }
  return plain(state);
}

function ailment(breaker: BreakerView | undefined, lastOutcome: string): string {
  const trip = breaker?.lastTrip;
  const last = lastOutcome === '' || lastOutcome === 'ok' ? '' : ` (last: ${plain(lastOutcome)})`;
  const why = trip === undefined ? `faults${last}` : `${plain(trip.reason)}, ${duration(trip.agoMs)} ago${last}`;
  return why + probe(breaker);
}

function probe(breaker: BreakerView | undefined): string {
  if (breaker?.state === 'half-open') return '; a probe is under way';
  return breaker?.nextProbeInMs === undefined ? '' : `; next probe in ${duration(breaker.nextProbeInMs)}`;
}

export function breakerWords(breaker: BreakerView | undefined): string {
  if (breaker === undefined) return 'closed, never tripped';
  const { state, samples, successShare, lastTrip } = breaker;
  const trip = lastTrip === undefined ? '' : `, tripped ${duration(lastTrip.agoMs)} ago: ${plain(lastTrip.reason)}`;
  const late = samples === 0 ? '' : `; ${percent(successShare)} of ${samples} succeeded of late`;
  return state + trip + late;
}

const CAUSES: Readonly<Record<string, string>> = {
  first: 'first choice of the picker',
  sibling: 'another target of the same pool, after the failure before',
  'next-pool': 'the next pool, as nobody in the one before could be asked',
  'another-pass': 'another pass over the pools, after a wait',
  hedge: 'a second attempt beside one whose first token was late',
  panic: 'asked in spite of its health, as nobody was available',
  resume: 'went on with the stream that broke',
};

export function causeWords(cause: string): string {
  return CAUSES[cause] ?? plain(cause);
}

export function outcomeMood(outcome: string): Mood {
  if (outcome === 'ok') return 'good';
  // Lost to a hedge, or its client left: nobody's fault.
  if (outcome === 'cancelled') return 'idle';
  return outcome === 'caller-fault' || outcome === 'quota' ? 'warn' : 'bad';
}
