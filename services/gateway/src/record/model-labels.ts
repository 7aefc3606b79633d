/**
 * The closed set of model names that may stand in a label: those that the config names, and those whose price is known,
 * which are the vendors' own. A wildcard lets clients choose names; anything else they choose is `other`.
 */
import { costUsd } from '@leeward/wire';
import type { Settings } from '../config/settings.ts';

const NO_USAGE = { promptTokens: 0, completionTokens: 0, totalTokens: 0, cachedTokens: 0, reasoningTokens: 0 };

export type ModelLabel = (model: string) => string;

export const OTHER_MODEL = 'other';

export function modelLabels(routes: Settings['routes']): ModelLabel {
  const configured = new Set<string>();
  for (const [name, { pools }] of Object.entries(routes)) {
    configured.add(name);
    for (const entry of pools.flat()) if (entry.model !== undefined) configured.add(entry.model);
  }
  return (model) => (configured.has(model) || costUsd(model, NO_USAGE) !== undefined ? model : OTHER_MODEL);
}
