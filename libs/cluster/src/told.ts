/**
 * What the other peers were last told, so that only what changed is told again. What does not fit into a message waits
 * for the next one, the most important first; what is no longer there at all is left out of the next full message.
 */
import { NEWS, ofQuota, ofTarget, ofWait } from './importance.ts';
import type { QuotaUse, Statement, TargetEvidence, Wait, WaitKey } from './shapes.ts';
import { entries, maps } from './statements.ts';

export interface Told<T> {
  readonly value: T;
  readonly atMs: number;
}

type Change = { readonly importance: number } & (
  | { readonly kind: 'target'; readonly id: string; readonly value: TargetEvidence }
  | { readonly kind: 'wait'; readonly id: WaitKey; readonly value: Wait }
  | { readonly kind: 'quota'; readonly id: string; readonly value: QuotaUse }
);

export class LastTold {
  readonly #targets = new Map<string, Told<TargetEvidence>>();
  readonly #waits = new Map<WaitKey, Told<Wait>>();
  readonly #quotas = new Map<string, Told<QuotaUse>>();
  #draining = false;

  /** By these the others divide. */
  get quotas(): ReadonlyMap<string, Told<QuotaUse>> {
    return this.#quotas;
  }

  /** Whether others still believe in something that is not there any more; waits end by themselves. */
  hasGone(statement: Statement): boolean {
    return (
      [...this.#targets.keys()].some((id) => !Object.hasOwn(statement.targets, id)) ||
      [...this.#quotas.keys()].some((id) => !Object.hasOwn(statement.quotas, id))
    );
  }

  /** What changed and may not wait; undefined when nothing did. */
  news(statement: Statement, nowMs: number): Statement | undefined {
    const news = this.#changes(statement, nowMs).filter(({ importance }) => importance === NEWS);
    return news.length === 0 && statement.draining === this.#draining ? undefined : only(statement, news);
  }

  /** What changed, the news and then the most important, as many as there is room for. */
  changes(statement: Statement, nowMs: number, most: number): Statement {
    const changes = this.#changes(statement, nowMs).sort((one, other) => compare(other.importance, one.importance));
    const news = changes.filter(({ importance }) => importance === NEWS).length;
    return only(statement, changes.slice(0, Math.max(news, most)));
  }

  told(statement: Statement, nowMs: number): void {
    this.#draining = statement.draining;
    for (const [id, value] of entries(statement.targets)) this.#targets.set(id, { value, atMs: nowMs });
    for (const [id, value] of entries(statement.quotas)) this.#quotas.set(id, { value, atMs: nowMs });
    for (const [id, value] of entries(statement.waits)) this.#waits.set(id, { value, atMs: nowMs });
    for (const [id, { value, atMs }] of this.#waits) if (nowMs - atMs >= value.forMs) this.#waits.delete(id);
  }

  toldAll(statement: Statement, nowMs: number): void {
    for (const map of [this.#targets, this.#waits, this.#quotas]) map.clear();
    this.told(statement, nowMs);
  }

  #changes(statement: Statement, nowMs: number): Change[] {
    const changes: Change[] = [];
    for (const [id, value] of entries(statement.targets)) {
      const told = this.#targets.get(id);
      const importance = ofTarget(told?.value, value, nowMs - (told?.atMs ?? nowMs));
      if (importance >= 1) changes.push({ kind: 'target', id, value, importance });
    }
    for (const [id, value] of entries(statement.quotas)) {
      const importance = ofQuota(this.#quotas.get(id)?.value, value);
      if (importance >= 1) changes.push({ kind: 'quota', id, value, importance });
    }
    for (const [id, value] of [...entries(statement.waits), ...this.#lifted(statement)]) {
      const told = this.#waits.get(id);
      const importance = ofWait(told?.value, value, nowMs - (told?.atMs ?? nowMs));
      if (importance >= 1) changes.push({ kind: 'wait', id, value, importance });
    }
    return changes;
  }

  /** Waits that were told and are no longer ordered: a wait of nothing says so. */
  #lifted({ waits }: Statement): readonly [WaitKey, Wait][] {
    return [...this.#waits]
      .filter(([id]) => !Object.hasOwn(waits, id))
      .map(([id, { value }]) => [id, { forMs: 0, reason: value.reason }]);
  }
}

function only(statement: Statement, changes: readonly Change[]): Statement {
  const targets: [string, TargetEvidence][] = [];
  const waits: [WaitKey, Wait][] = [];
  const quotas: [string, QuotaUse][] = [];
  for (const change of changes) {
    switch (change.kind) {
      case 'target':
        targets.push([change.id, change.value]);
        break;
      case 'wait':
        waits.push([change.id, change.value]);
        break;
      case 'quota':
        quotas.push([change.id, change.value]);
        break;
    }
  }
  return { ...statement, ...maps(targets, waits, quotas) };
}

/** Infinity minus itself would be no number. */
function compare(one: number, other: number): number {
  return one === other ? 0 : one - other;
}
