import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakerOptions } from './options.ts';
import { TripRule } from './trip-rule.ts';

const options = breakerOptions.parse({});

describe('TripRule', () => {
  it('trips at the fifth fault in a row, not at the fourth', () => {
    const rule = new TripRule(options);
    expect([1, 2, 3, 4, 5].map((atMs) => rule.recordFault(atMs))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'consecutive-faults',
    ]);
  });

  it('starts the row anew at a success', () => {
    const rule = new TripRule(options);
    for (let at = 0; at < 4; at++) rule.recordFault(at);
    rule.recordSuccess(5);
    for (let at = 6; at < 10; at++) expect(rule.recordFault(at)).toBeUndefined();
  });

  it('trips on a success rate below the floor once there are samples enough', () => {
    const rule = new TripRule(options);
    const reasons: unknown[] = [];
    for (let sample = 0; sample < 30; sample++) {
      if (sample % 3 === 0) rule.recordSuccess(sample);
      else reasons.push(rule.recordFault(sample));
    }
    // Two faults to each success: the twentieth sample is the first that may say so, and it is a fault.
    expect(reasons.indexOf('success-rate')).toBe(12);
  });

  it('does not trip on a low rate with too few samples, nor on a rate at the floor', () => {
    const rule = new TripRule(options);
    for (let sample = 0; sample < 200; sample++) {
      if (sample % 2 === 0) rule.recordSuccess(sample);
      else expect(rule.recordFault(sample)).toBeUndefined();
    }
  });

  it('forgets a row of faults after an idle window', () => {
    const rule = new TripRule(options);
    for (let at = 0; at < 4; at++) rule.recordFault(at);
    expect(rule.recordFault(options.windowMs * 2)).toBeUndefined();
  });

  it('forgets it just the same when somebody looked at the rate in between', () => {
    const rule = new TripRule(options);
    for (let at = 0; at < 4; at++) rule.recordFault(at);
    for (let at = 1000; at < 3_600_000; at += 5000) rule.rate(at);
    expect(rule.recordFault(3_600_000)).toBeUndefined();
  });

  it('counts what is within the window and nothing older', () => {
    const samples = fc.array(fc.record({ afterMs: fc.nat({ max: 4000 }), fault: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(samples, fc.nat({ max: 15_000 }), (recorded, waitMs) => {
        const rule = new TripRule({ ...options, consecutiveFaults: 1000, minSamples: 100_000 });
        let nowMs = 0;
        const times: number[] = [];
        for (const { afterMs, fault } of recorded) {
          nowMs += afterMs;
          times.push(nowMs);
          if (fault) rule.recordFault(nowMs);
          else rule.recordSuccess(nowMs);
        }
        nowMs += waitMs;
        const counted = rule.rate(nowMs).samples;
        const ages = times.map((atMs) => nowMs - atMs);
        // A bucket is a tenth of the window, so the oldest of them is in part already out.
        expect(counted).toBeGreaterThanOrEqual(ages.filter((ageMs) => ageMs <= options.windowMs * 0.9).length);
        expect(counted).toBeLessThanOrEqual(ages.filter((ageMs) => ageMs < options.windowMs).length);
      }),
    );
  });

  it('says a share of one when it knows nothing', () => {
    expect(new TripRule(options).rate(5)).toEqual({ share: 1, samples: 0 });
  });
});
