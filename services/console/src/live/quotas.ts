/** What vendors count: a quota group's limits for one model, once, whichever keys use it; and what each model cost. */
import type { TargetView } from './view.ts';

export interface QuotaRow {
  readonly name: string;
  readonly keys: readonly string[];
  readonly requests: Rung | undefined;
  readonly tokens: Rung | undefined;
  readonly headroom: number;
}

export interface Rung {
  readonly used: number;
  readonly limit: number;
}

export interface CostRow {
  readonly name: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costUsd: number;
}

/** The scarcest first. */
export function quotaRows(targets: readonly TargetView[]): readonly QuotaRow[] {
  const groups = new Map<string, { target: TargetView; keys: string[] }>();
  for (const target of targets) {
    const name = `${target.provider}/${target.quotaGroup}/${target.model}`;
    const known = groups.get(name);
    if (known === undefined) groups.set(name, { target, keys: [target.key] });
    else known.keys.push(target.key);
  }
  return Array.from(
    groups,
    ([
      name,
      {
        target: { quota, headroom },
        keys,
      },
    ]) => ({
      name,
      keys,
      headroom,
      requests: rung(quota.requestsPerMinute, quota.requestsRemaining),
      tokens: rung(quota.tokensPerMinute, quota.tokensRemaining),
    }),
  )
    .filter(({ requests, tokens }) => requests !== undefined || tokens !== undefined)
    .toSorted((one, other) => one.headroom - other.headroom || (one.name < other.name ? -1 : 1));
}

/** The dearest first. */
export function costRows(targets: readonly TargetView[]): readonly CostRow[] {
  const models = new Map<string, CostRow>();
  for (const { provider, model, tally } of targets) {
    const name = `${provider}/${model}`;
    const known = models.get(name);
    models.set(name, {
      name,
      promptTokens: (known?.promptTokens ?? 0) + tally.promptTokens,
      completionTokens: (known?.completionTokens ?? 0) + tally.completionTokens,
      costUsd: (known?.costUsd ?? 0) + tally.costUsd,
    });
  }
  return [...models.values()]
    .filter(({ promptTokens, completionTokens }) => promptTokens + completionTokens > 0)
    .toSorted((one, other) => other.costUsd - one.costUsd || other.completionTokens - one.completionTokens);
}

function rung(limit: number | undefined, remaining: number | undefined): Rung | undefined {
  return limit === undefined || limit === 0 || remaining === undefined ? undefined : { limit, used: limit - remaining };
}
