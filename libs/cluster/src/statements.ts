/** Statements cut to size: to what a peer may say at all, and to what fits into one message. */
import { MAX_ENTRIES, type QuotaUse, type Statement, type TargetEvidence, type Wait, type WaitKey } from './shapes.ts';

type Maps = Pick<Statement, 'targets' | 'waits' | 'quotas'>;

/** As much of it as a peer may say: the waits, which others act on, before the quotas, and the targets last. */
export function withinBound(statement: Statement): Statement {
  const waits = entries(statement.waits).slice(0, MAX_ENTRIES);
  const quotas = entries(statement.quotas).slice(0, MAX_ENTRIES - waits.length);
  const targets = entries(statement.targets).slice(0, MAX_ENTRIES - waits.length - quotas.length);
  return { ...statement, ...maps(targets, waits, quotas) };
}

/** The two halves of what is too large for one message. */
export function halves(statement: Statement): readonly [Statement, Statement] {
  const half = (end: 'first' | 'second'): Statement => {
    const part = <K, T>(all: readonly [K, T][]): [K, T][] => {
      const middle = Math.ceil(all.length / 2);
      return end === 'first' ? all.slice(0, middle) : all.slice(middle);
    };
    return {
      ...statement,
      ...maps(part(entries(statement.targets)), part(entries(statement.waits)), part(entries(statement.quotas))),
    };
  };
  return [half('first'), half('second')];
}

export function sizeOf({ targets, waits, quotas }: Maps): number {
  return Object.keys(targets).length + Object.keys(waits).length + Object.keys(quotas).length;
}

export function maps(
  targets: readonly [string, TargetEvidence][],
  waits: readonly [WaitKey, Wait][],
  quotas: readonly [string, QuotaUse][],
): Maps {
  return {
    targets: Object.fromEntries(targets),
    waits: Object.fromEntries(waits),
    quotas: Object.fromEntries(quotas),
  };
}

export function entries<K extends string, T>(record: Readonly<Record<K, T>>): [K, T][] {
  return Object.entries(record) as [K, T][];
}
