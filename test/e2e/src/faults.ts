/** Every way in which the simulator can be told to fail, by name. */
import type { FaultRuleInput } from '@leeward/mistral-sim';

type Effect = FaultRuleInput['effect'];

export const FAULTS: Readonly<Record<string, Effect>> = {
  'a revoked key': { kind: 'revoked' },
  'an exhausted quota': { kind: 'quota-exhausted' },
  'an exhausted quota told as 401': { kind: 'quota-exhausted', form: '401' },
  'a plan without the model (403)': { kind: 'error', error: '403/1913' },
  'a rate limit': { kind: 'error', error: '429/1300' },
  'a full service tier': { kind: 'error', error: '429/3505' },
  'a full engine': { kind: 'error', error: '429/3810' },
  'status 500': { kind: 'error', error: '500/1000' },
  'an HTML page with status 502': { kind: 'error', error: '502/html' },
  'status 503': { kind: 'error', error: '503/3800' },
  'an HTML page with status 520': { kind: 'error', error: '520/html' },
  'a model that is gone': { kind: 'error', error: '400/1500' },
  silence: { kind: 'silence' },
  'refused connections': { kind: 'refuse' },
  'a reset before the first byte': { kind: 'reset-before-first-byte' },
  'a reset in the middle': { kind: 'reset-mid-stream' },
  'a clean early close': { kind: 'close-early' },
  'a stall in the middle': { kind: 'stall' },
  'an error frame in the middle': { kind: 'error-frame' },
  'an empty answer': { kind: 'empty' },
  'a first chunk without content, then an error': { kind: 'contentless-then-error' },
};

/** The same effect on each of the workspaces. */
export function strike(effect: Effect, workspaces: readonly string[]): FaultRuleInput[] {
  return workspaces.map((workspace) => ({ when: { workspace }, effect }));
}
