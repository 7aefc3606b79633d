/**
 * What goes wrong during a soak: another fault every phase, on one or two of three workspaces, so that one is always
 * well and no client has a reason to notice. Uploads are left alone: they cannot be repeated, so their clients would.
 */
import type { FaultRuleInput } from '@leeward/mistral-sim';
import { FAULTS } from '../faults.ts';
import { MODEL } from './mix.ts';

export interface Phase {
  readonly name: string;
  readonly rules: readonly FaultRuleInput[];
}

const STRUCK = [['workspace-1'], ['workspace-2'], ['workspace-1', 'workspace-2']] as const;

/** A vendor that says so means all its keys, and the next pool must be there to answer: only the routed model has one. */
const ABOUT_THE_MODEL = new Set(['a model that is gone', 'a plan without the model (403)']);

const NAMES = Object.keys(FAULTS);

/** Every fifth phase has fair weather, so that what was tripped can heal. */
const FAIR_EVERY = 5;

export function phaseOf(index: number): Phase {
  if (index % FAIR_EVERY === 0) return { name: 'fair weather', rules: [] };
  const fault = NAMES[(index - Math.ceil(index / FAIR_EVERY)) % NAMES.length] ?? 'silence';
  const effect = FAULTS[fault];
  if (effect === undefined) return { name: 'fair weather', rules: [] };
  const workspaces = STRUCK[index % STRUCK.length] ?? STRUCK[0];
  const rules = workspaces.flatMap((workspace): FaultRuleInput[] =>
    ABOUT_THE_MODEL.has(fault)
      ? [{ when: { workspace, model: MODEL }, effect }]
      : [
          { when: { workspace, surface: 'chat' }, effect },
          { when: { workspace, surface: 'embeddings' }, effect },
        ],
  );
  return { name: `${fault} on ${workspaces.join(' and ')}`, rules };
}
