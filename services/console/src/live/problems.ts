/**
 * What is wrong now, the worst first: the answer to the first question of whoever opens the page. Targets that ail for
 * the same reason are one line, or an outage of a vendor with fifty keys would bury everything else.
 */
import { duration, percent } from '../words/format.ts';
import { type Mood, plain, stateWords, whyNot } from '../words/states.ts';
import type { TargetView, View } from './view.ts';

export interface Problem {
  readonly key: string;
  readonly mood: Exclude<Mood, 'good'>;
  readonly title: string;
  readonly detail: string;
  /** What it is about, to be opened. */
  readonly target?: string;
}

/** Below this a quota lasts for less than a quarter of its window. */
const SCARCE_HEADROOM = 0.25;

/** A digest comes every second or so. */
const SILENT_PEER_MS = 5000;

const ORDER: Readonly<Record<Problem['mood'], number>> = { bad: 0, warn: 1, idle: 2 };

export function problemsOf(view: View): readonly Problem[] {
  return [
    ...nodeProblems(view),
    ...emptyPools(view),
    ...ailingTargets(view.targets),
    ...scarceQuotas(view.targets),
    ...silentPeers(view),
  ].toSorted((one, other) => ORDER[one.mood] - ORDER[other.mood]);
}

function nodeProblems({ status, degraded }: View): readonly Problem[] {
  const draining: Problem = {
    key: 'draining',
    mood: 'warn',
    title: 'This node drains',
    detail: 'It answers, and tells clients and load balancers to go elsewhere.',
  };
  return [
    ...(status === 'draining' ? [draining] : []),
    ...degraded.map((what): Problem => {
      return { key: what, mood: 'bad', title: 'This node is degraded', detail: plain(what) };
    }),
  ];
}

/** A route none of whose targets can be asked fails its clients; one whose first pool is empty serves a lesser model. */
function emptyPools({ routes, targets }: View): readonly Problem[] {
  const available = new Set(targets.filter(({ state }) => state === 'available').map(({ id }) => id));
  return routes.flatMap(({ name, model, pools }): readonly Problem[] => {
    const serving = pools.findIndex((pool) => pool.some(({ id }) => available.has(id)));
    if (serving === 0 || pools.length === 0) return [];
    const route = model === undefined ? name : `${name} (${model})`;
    const key = `pools ${route}`;
    if (serving > 0) {
      const detail = `Its first ${serving === 1 ? 'pool has' : `${serving} pools have`} nobody to ask; pool ${serving + 1} serves.`;
      return [{ key, mood: 'warn', title: `${route} has fallen back`, detail }];
    }
    return [{ key, mood: 'bad', title: `${route} cannot be served`, detail: 'No target of any pool may be asked.' }];
  });
}

function ailingTargets(targets: readonly TargetView[]): readonly Problem[] {
  const groups = new Map<string, TargetView[]>();
  for (const target of targets) {
    if (target.state === 'available' || target.state === 'full') continue;
    const trip = target.breaker?.state === 'closed' ? '' : (target.breaker?.lastTrip?.reason ?? '');
    const group = `${target.state} ${target.provider} ${trip}`;
    groups.set(group, [...(groups.get(group) ?? []), target]);
  }
  return Array.from(groups, ([key, members]): Problem => {
    const [first] = members;
    if (first === undefined) throw new TypeError('a group has a member');
    const { label, mood } = stateWords(first.state);
    const alone = members.length === 1;
    return {
      key,
      mood: mood === 'good' ? 'warn' : mood,
      title: alone ? `${first.id}: ${label}` : `${members.length} targets of ${first.provider}: ${label}`,
      detail: alone ? sentence(whyNot(first)) : `${sentence(whyNot(first))} ${namesOf(members)}`,
      target: first.id,
    };
  });
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/** More names than this are no sentence any more. */
const MAX_NAMES = 4;

function namesOf(targets: readonly TargetView[]): string {
  const names = targets.slice(0, MAX_NAMES).map(({ key, model }) => `${key}/${model}`);
  const rest = targets.length - names.length;
  return names.join(', ') + (rest > 0 ? `, and ${rest} more` : '');
}

function scarceQuotas(targets: readonly TargetView[]): readonly Problem[] {
  const scarce = targets.filter(({ state, headroom }) => state === 'available' && headroom < SCARCE_HEADROOM);
  const groups = new Map(scarce.map((target) => [`${target.provider}/${target.quotaGroup}/${target.model}`, target]));
  const [first] = groups;
  if (first === undefined) return [];
  const [name, { id }] = first;
  const least = Math.min(...scarce.map(({ headroom }) => headroom));
  const title = groups.size === 1 ? `${name}: quota is scarce` : `${groups.size} quotas are scarce`;
  const detail = `Headroom down to ${percent(least)}: their targets get less traffic than their siblings.`;
  return [{ key: 'quotas', mood: 'warn', title, detail, target: id }];
}

function silentPeers({ cluster }: View): readonly Problem[] {
  const silent = ('workers' in cluster ? (cluster.workers[0]?.peers ?? []) : cluster.peers).filter(
    ({ ageMs, draining }) => ageMs > SILENT_PEER_MS && !draining,
  );
  return silent.map(({ peer, ageMs }): Problem => {
    return {
      key: `peer ${peer}`,
      mood: 'warn',
      title: `${peer} is silent`,
      detail: `Last heard ${duration(ageMs)} ago.`,
    };
  });
}
