import { ERROR_BODIES } from '@leeward/testkit';
import { readErrorBody } from '@leeward/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyErrorFrame, classifyRefusal, msToNextMinute, readRetryAfterMs } from './classify.ts';
import { type Outcome, outcomeReason } from './outcome.ts';
import { refusals } from './fixtures/refusals.ts';
import type { UpstreamHeaders } from './transport.ts';

/** Twenty seconds into a minute. */
const WALL_MS = Date.UTC(2026, 0, 1, 12, 0, 20);

function classify(status: number, body: unknown, headers: UpstreamHeaders = {}) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return classifyRefusal(status, headers, readErrorBody(bytes), WALL_MS);
}

function named(outcome: Outcome): string {
  const reason = outcomeReason(outcome);
  return reason === '' ? outcome.kind : `${outcome.kind} ${reason}`;
}

describe('classifyRefusal', () => {
  it.each(ERROR_BODIES)('takes Mistral’s $status, $name, as $outcome', ({ status, body, headers, outcome }) => {
    expect(named(classify(status, body, headers))).toBe(outcome);
  });

  it.each(refusals)('takes $name ($status) as $expected', ({ status, body, headers, expected }) => {
    expect(named(classify(status, body, headers))).toBe(expected);
  });

  it('puts away the model, not the key, when OpenAI’s project has no access to it', () => {
    const error = {
      message: 'Project `proj_x` does not have access to model `gpt-x`',
      type: 'invalid_request_error',
      param: null,
      code: 'model_not_found',
    };
    expect(classify(403, { error })).toMatchObject({ kind: 'quota', never: true });
  });

  it('takes a full vendor for a full vendor whatever the rate headers say', () => {
    const headers = { 'x-ratelimit-limit-req-minute': '0', 'x-ratelimit-remaining-tokens-minute': '0' };
    expect(classify(429, { code: '3505', message: 'x' }, headers).kind).toBe('capacity');
    expect(classify(429, { message: 'Service tier capacity exceeded for this model.' }, headers).kind).toBe('capacity');
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
    expect(outcome).toEqual({
      kind: 'quota',
      never: true,
      rung: 'unknown',
      retryAfterMs: Number.POSITIVE_INFINITY,
    });
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

describe('classifyErrorFrame', () => {
  const frame = (error: unknown) =>
    named(classifyErrorFrame(readErrorBody(Buffer.from(JSON.stringify(error))), WALL_MS));

  it('waits for a spent limit to the end of the minute, for nothing tells which it was', () => {
    const error = { message: 'Rate limit exceeded', type: 'rate_limited', code: '1300' };
    expect(classifyErrorFrame(error, WALL_MS)).toEqual({
      kind: 'quota',
      never: false,
      rung: 'unknown',
      retryAfterMs: 40_000,
    });
  });

  it('takes everything for a fault that its own words do not show to be a limit or a full vendor', () => {
    for (const { body, outcome } of ERROR_BODIES) {
      const toldSo = outcome === 'capacity' ? outcome : 'fault error-frame';
      const expected = codeOf(body) === '1300' ? 'quota limited' : toldSo;
      expect(frame(body)).toBe(expected);
    }
    expect(named(classifyErrorFrame(undefined, WALL_MS))).toBe('fault error-frame');
  });
});

function codeOf(body: unknown): string {
  return readErrorBody(Buffer.from(JSON.stringify(body)))?.code ?? '';
}

describe('the rung of a quota’s refusal', () => {
  /** To the end of the minute that began twenty seconds ago. */
  const MINUTES_END_MS = 40_000;
  const SHORTLY_MS = 2000;
  const cases: [name: string, headers: UpstreamHeaders, rung: string, waitMs: number][] = [
    ['nothing', {}, 'unknown', MINUTES_END_MS],
    [
      'the request pair alone',
      { 'x-ratelimit-limit-req-minute': '23', 'x-ratelimit-remaining-req-minute': '0' },
      'requests',
      MINUTES_END_MS,
    ],
    [
      'the token pair alone',
      { 'x-ratelimit-limit-tokens-minute': '50000', 'x-ratelimit-remaining-tokens-minute': '0' },
      'tokens',
      SHORTLY_MS,
    ],
    [
      'the token pair alone, with too few remaining',
      { 'x-ratelimit-limit-tokens-minute': '50000', 'x-ratelimit-remaining-tokens-minute': '9' },
      'tokens',
      SHORTLY_MS,
    ],
    [
      'the token pair alone, overdrawn',
      { 'x-ratelimit-limit-tokens-minute': '50000', 'x-ratelimit-remaining-tokens-minute': '-7' },
      'tokens',
      SHORTLY_MS,
    ],
    [
      'both pairs, requests spent',
      { 'x-ratelimit-remaining-req-minute': '0', 'x-ratelimit-remaining-tokens-minute': '9000' },
      'requests',
      MINUTES_END_MS,
    ],
    [
      'both pairs, tokens spent',
      { 'x-ratelimit-remaining-req-minute': '12', 'x-ratelimit-remaining-tokens-minute': '0' },
      'tokens',
      SHORTLY_MS,
    ],
    [
      'both pairs, both spent',
      { 'x-ratelimit-remaining-req-minute': '0', 'x-ratelimit-remaining-tokens-minute': '0' },
      'unknown',
      MINUTES_END_MS,
    ],
    [
      'both pairs, none spent',
      { 'x-ratelimit-remaining-req-minute': '1', 'x-ratelimit-remaining-tokens-minute': '1' },
      'unknown',
      MINUTES_END_MS,
    ],
    [
      'the ten seconds of 2025',
      { 'x-ratelimit-limit-req-10-second': '60', 'x-ratelimit-remaining-req-10-second': '0' },
      'requests',
      MINUTES_END_MS,
    ],
    [
      'minute and month of 2025, the minute spent',
      { 'x-ratelimit-remaining-tokens-minute': '0', 'x-ratelimit-remaining-tokens-month': '88' },
      'tokens',
      SHORTLY_MS,
    ],
    [
      'minute and month of 2025, the month spent',
      { 'x-ratelimit-remaining-tokens-minute': '500', 'x-ratelimit-remaining-tokens-month': '0' },
      'unknown',
      Number.POSITIVE_INFINITY,
    ],
    [
      'sizes of early 2025',
      { 'ratelimitbysize-limit': '500000', 'ratelimitbysize-remaining': '0', 'x-ratelimitbysize-remaining-month': '9' },
      'tokens',
      SHORTLY_MS,
    ],
    [
      'a month of sizes, spent',
      { 'x-ratelimitbysize-remaining-minute': '5', 'x-ratelimitbysize-remaining-month': '0' },
      'unknown',
      Number.POSITIVE_INFINITY,
    ],
    ['the cost of the query alone', { 'x-ratelimit-tokens-query-cost': '0' }, 'unknown', MINUTES_END_MS],
    ['no value', { 'x-ratelimit-remaining-tokens-minute': '' }, 'unknown', MINUTES_END_MS],
    ['a window’s end long past', { 'x-ratelimit-reset': '1000000000001' }, 'unknown', MINUTES_END_MS],
    ['a window’s end in seconds', { 'x-ratelimit-reset': '30' }, 'unknown', MINUTES_END_MS],
    ['OpenRouter’s window’s end', { 'x-ratelimit-reset': String(WALL_MS + 7000) }, 'unknown', 7000],
  ];
  it.each(cases)('is read from %s', (_name, headers, rung, retryAfterMs) => {
    expect(classify(429, { code: '1300', message: 'x' }, headers)).toEqual({
      kind: 'quota',
      never: false,
      rung,
      retryAfterMs,
    });
  });

  it.each(['requests', 'tokens'])('is the one that OpenAI names: %s', (rung) => {
    const error = { message: 'Rate limit reached', type: rung, param: null, code: 'rate_limit_exceeded' };
    const headers = {
      'x-ratelimit-limit-requests': '500',
      'x-ratelimit-remaining-requests': '499',
      'x-ratelimit-limit-tokens': '30000',
      'x-ratelimit-remaining-tokens': '12',
      'retry-after-ms': '612',
    };
    expect(classify(429, { error }, headers)).toEqual({ kind: 'quota', never: false, rung, retryAfterMs: 612 });
  });

  it('never shortens what the vendor says', () => {
    const headers = { 'x-ratelimit-remaining-tokens-minute': '0', 'retry-after': '31' };
    expect(classify(429, { code: '1300', message: 'x' }, headers)).toMatchObject({
      rung: 'tokens',
      retryAfterMs: 31_000,
    });
  });

  it('is told, with a wait ahead, whatever the headers', () => {
    const names = cases.flatMap(([, headers]) => Object.keys(headers));
    const headers = fc.dictionary(
      fc.constantFrom(...names, 'retry-after'),
      fc.oneof(fc.string(), fc.nat().map(String)),
    );
    fc.assert(
      fc.property(headers, (told) => {
        const outcome = classify(429, { code: '1300', message: 'x' }, told);
        if (outcome.kind !== 'quota') throw new Error(outcome.kind);
        expect(outcome.rung).toMatch(/^(requests|tokens|unknown)$/);
        expect(outcome.retryAfterMs).toBeGreaterThan(0);
      }),
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
