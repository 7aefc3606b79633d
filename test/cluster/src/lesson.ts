/** How a cluster learned of one key's fault, from what each of its nodes wrote of its own decisions. */
import { targetOf } from './cluster.ts';
import type { NodeLog } from './node-log.ts';

/** A node, as far as it matters here. */
interface Witness {
  readonly name: string;
  readonly log: Pick<NodeLog, 'attempts' | 'holds'>;
}

export interface Lesson {
  /** The node whose attempt met the fault first, and had its answer first. */
  readonly learner: string;
  readonly others: readonly Pupil[];
}

/** A node that need not find out by itself. */
export interface Pupil {
  readonly node: string;
  /** Attempts that it began at the key after the learner had its answer. */
  readonly attempts: number;
  /** From the learner's answer until it left the key alone because it had heard of it; undefined when it had not. */
  readonly heldAfterMs: number | undefined;
}

/** Of a key that was struck at this wall time and has not healed since; undefined while no attempt has met the fault. */
export function lessonOf(nodes: readonly Witness[], key: number, struckAtMs: number): Lesson | undefined {
  const target = targetOf(key);
  const since = nodes.map(({ name, log }) => ({
    name,
    attempts: log.attempts.filter((one) => one.target === target && one.pickedAtMs >= struckAtMs),
    hold: log.holds.find((one) => one.target === target && one.atMs >= struckAtMs),
  }));
  const [first] = since
    .flatMap(({ name, attempts }) => attempts.map(({ outcome, endedAtMs }) => ({ name, outcome, endedAtMs })))
    .filter(({ outcome }) => outcome !== 'ok')
    .sort((one, other) => one.endedAtMs - other.endedAtMs);
  if (first === undefined) return undefined;
  const { name: learner, endedAtMs: learntAtMs } = first;
  return {
    learner,
    others: since
      .filter(({ name }) => name !== learner)
      .map(({ name, attempts, hold }) => ({
        node: name,
        attempts: attempts.filter(({ pickedAtMs }) => pickedAtMs > learntAtMs).length,
        heldAfterMs: hold === undefined ? undefined : Math.max(0, hold.atMs - learntAtMs),
      })),
  };
}

/** The value that so large a part of them stays at or below. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
