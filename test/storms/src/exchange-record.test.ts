import type { Outcome } from '@leeward/upstream';
import { describe, expect, it } from 'vitest';
import { inOrder, isBroken, isWasted } from './exchange-record.ts';

const FAULT: Outcome = { kind: 'fault', reason: 'reset', retryAfterMs: undefined };

describe('the record of an exchange', () => {
  it('takes attempts as they were begun, not as they ended', () => {
    expect(inOrder([{ startedAtMs: 800 }, { startedAtMs: 0 }])).toEqual([{ startedAtMs: 0 }, { startedAtMs: 800 }]);
  });

  it('counts as wasted what did not end well, but not what lost to a hedge', () => {
    expect(
      [FAULT, { kind: 'ok' } as const, { kind: 'cancelled' } as const].map((outcome) => isWasted({ outcome })),
    ).toEqual([true, false, false]);
  });

  it('counts as broken what failed after its first content', () => {
    expect(isBroken({ outcome: FAULT, firstTokenAtMs: 400 })).toBe(true);
    expect(isBroken({ outcome: FAULT, firstTokenAtMs: undefined })).toBe(false);
    expect(isBroken({ outcome: { kind: 'cancelled' }, firstTokenAtMs: 400 })).toBe(false);
  });
});
