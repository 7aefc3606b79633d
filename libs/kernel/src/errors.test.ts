import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorRegister, GatewayError } from './errors.ts';

const codes = Object.keys(errorRegister) as ErrorCode[];

describe('the error register', () => {
  it.each(codes)('%s has a prefix, an error status and two sentences', (code) => {
    const { status, meaning, action } = errorRegister[code];
    expect(code).toMatch(/^GW_[A-Z_]+$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    expect(action).toMatch(/^[A-Z].*\.$/);
  });

  it('says rate limited with 429 alone, and authentication with 401 alone', () => {
    for (const code of codes) {
      const { status, type } = errorRegister[code];
      expect(type === 'rate_limited').toBe(status === 429);
      expect(type === 'authentication_error').toBe(status === 401);
    }
  });
});

describe('GatewayError', () => {
  it('takes status and type from the register', () => {
    const error = new GatewayError('GW_QUOTA_EXHAUSTED', 'no quota', { retryAfterMs: 1500 });
    expect([error.status, error.type, error.retryAfterMs, error.name]).toEqual([
      429,
      'rate_limited',
      1500,
      'GatewayError',
    ]);
  });

  it('keeps its cause, and has none when none was given', () => {
    const cause = new Error('below');
    expect(new GatewayError('GW_INTERNAL', 'above', { cause }).cause).toBe(cause);
    expect('cause' in new GatewayError('GW_INTERNAL', 'above')).toBe(false);
  });
});
