/** A storm's provider as an operator would write it, the vendor's limits included. */
import { Secret } from '@leeward/kernel';
import { type ProviderOptions, providerOptions } from '@leeward/upstream';
import type { ModelledKey, Storm } from '../storms/storm.ts';

/** Nothing trips it. */
const NO_BREAKER = { consecutiveFaults: Number.POSITIVE_INFINITY, minSuccessRate: 0 };

/** @param isLeeward whether Leeward's breakers and counts of quotas are to stand behind the choice */
export function optionsOf(
  { limits }: Storm,
  provider: string,
  keys: readonly ModelledKey[],
  isLeeward: boolean,
): ProviderOptions {
  const quotaGroups: Record<string, { limits: Record<string, unknown> }> = {};
  for (const [id, limit] of Object.entries(limits)) {
    const [of, group = '', model = ''] = id.split('/');
    if (of !== provider) continue;
    quotaGroups[group] = { limits: { ...quotaGroups[group]?.limits, [model]: limit } };
  }
  const options = providerOptions.parse({
    dialect: 'mistral',
    baseUrl: `https://${provider}.test`,
    quotaGroups,
    keys: keys.map(({ name, quotaGroup }) => ({
      name,
      secret: new Secret(name),
      ...(quotaGroup === undefined ? {} : { quotaGroup }),
    })),
  });
  if (isLeeward) return options;
  return { ...options, quotaGroups: {}, breaker: { ...options.breaker, ...NO_BREAKER } };
}
