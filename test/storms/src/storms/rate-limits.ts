/** Storms of quotas: who asks too much of whom is refused. */
import { MEAN_TOKENS, MODEL } from '../traffic.ts';
import { keyNumber, large, MINUTE } from './parts.ts';
import type { QuotaLimit, Storm } from './storm.ts';

/** Two workspaces limited by requests, two by tokens; the second has two keys, which add nothing to it. */
export function rateLimits(id: string, title: string, demand: number): Storm {
  const limits: Record<string, QuotaLimit> = {
    [`mistral/a/${MODEL}`]: { requestsPerMinute: 60 },
    [`mistral/b/${MODEL}`]: { requestsPerMinute: 180 },
    [`mistral/c/${MODEL}`]: { tokensPerMinute: Math.round(240 * MEAN_TOKENS) },
    [`mistral/d/${MODEL}`]: { tokensPerMinute: Math.round(480 * MEAN_TOKENS) },
  };
  const groups = ['a', 'b', 'b', 'c', 'd'];
  return {
    id,
    title,
    durationMs: 4 * MINUTE,
    requestsPerSecond: (demand * (60 + 180 + 240 + 480)) / 60,
    providers: {
      mistral: { keys: groups.map((quotaGroup, index) => ({ ...keyNumber(index, 100), quotaGroup })) },
    },
    pools: large('mistral'),
    limits,
    spells: [],
  };
}
