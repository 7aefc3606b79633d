import { readErrorBody } from '@leeward/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyRefusal, msToNextMinute, readRetryAfterMs } from './classify.ts';
import { outcomeReason } from './outcome.ts';
import { refusals } from './fixtures/refusals.ts';
import type { UpstreamHeaders } from './transport.ts';

/** Twenty seconds into a minute. */
const WALL_MS = Date.UTC(2026, 0, 1, 12, 0, 20);

function classify(status: number, body: unknown, headers: UpstreamHeaders = {}) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return classifyRefusal(status, headers, readErrorBody(bytes), WALL_MS);
}

describe('classifyRefusal', () => {
  it.each(refusals)('takes $name ($status) as $expected', ({ status, body, headers, expected }) => {
    const outcome = classify(status, body, headers);
    const reason = outcomeReason(outcome);
    expect(reason === '' ? outcome.kind : `${outcome.kind} ${reason}`).toBe(expected);
  });

  it('waits for the end of the minute when a quota’s refusal does not say how long', () => {
    expect(classify(429, { message: 'Requests rate limit exceeded' })).toEqual({
      kind: 'quota',
      never: false,
      retryAfterMs: 40_000,
    });
  });

  it('obeys retry-after on a quota, a fault and a full vendor alike', () => {
    const headers = { 'retry-after': '7' };
    expect(classify(429, { code: '1300', message: 'x' }, headers)).toMatchObject({ retryAfterMs: 7000 });
    expect(classify(503, '<html>', headers)).toMatchObject({ kind: 'fault', retryAfterMs: 7000 });
    expect(classify(429, { code: '3505', message: 'x' }, headers)).toMatchObject({
      kind: 'capacity',
      retryAfterMs: 7000,
    });
  });

  it('does not ask again every minute for what the plan never allows', () => {
    const outcome = classify(429, { code: '1300', message: 'x' }, { 'x-ratelimit-limit-req-minute': '0' });
    expect(outcome).toEqual({ kind: 'quota', never: true, retryAfterMs: Number.POSITIVE_INFINITY });
  });

  it('has an answer for every status and body', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 201, max: 999 }),
        fc.string(),
        fc.string(),
        fc.string(),
        (status, message, type, code) => {
          const outcome = classify(status, { message, type, code });
          expect(outcome.kind).not.toBe('ok');
          expect(outcome.kind).not.toBe('cancelled');
        },
      ),
    );
  });
});

describe('readRetryAfterMs', () => {
  const cases: [name: string, headers: UpstreamHeaders, expected: number | undefined][] = [
    ['nothing', {}, undefined],
    ['seconds', { 'retry-after': '12' }, 12_000],
    ['fractions of a second', { 'retry-after': '0.5' }, 500],
    ['a date ahead', { 'retry-after': new Date(WALL_MS + 30_000).toUTCString() }, 30_000],
    ['a date behind', { 'retry-after': new Date(WALL_MS - 30_000).toUTCString() }, undefined],
    ['milliseconds', { 'retry-after-ms': '250' }, 250],
    ['milliseconds before seconds', { 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    ['seconds when the milliseconds are unreadable', { 'retry-after-ms': 'soon', 'retry-after': '9' }, 9000],
    ['zero', { 'retry-after': '0' }, undefined],
    ['a negative number', { 'retry-after': '-5' }, undefined],
    ['negative milliseconds', { 'retry-after-ms': '-5' }, undefined],
    ['garbage', { 'retry-after': 'in a while' }, undefined],
    ['nothing but space', { 'retry-after': ' ' }, undefined],
    ['a huge number', { 'retry-after': '99999999999' }, 99_999_999_999_000],
    ['a list', { 'retry-after': ['1', '2'] }, undefined],
  ];
  it.each(cases)('reads %s', (_name, headers, expected) => {
    expect(readRetryAfterMs(headers, WALL_MS)).toBe(expected);
  });

  it('never answers what is not a positive number', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (seconds, ms) => {
        const wait = readRetryAfterMs({ 'retry-after': seconds, 'retry-after-ms': ms }, WALL_MS);
        expect(wait === undefined || wait > 0).toBe(true);
      }),
    );
  });
});

describe('msToNextMinute', () => {
  it('is between a second and a minute, and reaches the minute’s end unless that is nearer than a second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 41 }), (wallMs) => {
        const waitMs = msToNextMinute(wallMs);
        expect(waitMs).toBeGreaterThanOrEqual(1000);
        expect(waitMs).toBeLessThanOrEqual(60_000);
        if (waitMs > 1000) expect((wallMs + waitMs) % 60_000).toBe(0);
      }),
    );
  });
});
