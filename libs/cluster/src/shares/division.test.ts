import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Claim, divide } from './division.ts';

const claim: fc.Arbitrary<Claim> = fc.record({
  used: fc.integer({ min: 0, max: 1_000 }),
  wanted: fc.double({ min: 0, max: 5_000, noNaN: true }),
  standing: fc.constantFrom('active', 'active', 'active', 'silent', 'left'),
  held: fc.double({ min: 0, max: 500, noNaN: true }),
});

const claims = fc.array(claim, { minLength: 1, maxLength: 30 });
const division = fc.record({
  limit: fc.integer({ min: 1, max: 10_000 }),
  unit: fc.constantFrom('whole', 'any'),
  floor: fc.double({ min: 0, max: 10, noNaN: true }),
});

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const active = (given: Partial<Claim>): Claim => ({ used: 0, wanted: 0, standing: 'active', held: 0, ...given });
const WHOLE = { limit: 100, unit: 'whole', floor: 1 } as const;

it('allows each what it used and its part of what is left', () => {
  expect(divide([active({ used: 40, wanted: 100 }), active({ used: 20, wanted: 10 })], WHOLE)).toEqual([70, 30]);
});

it('keeps a floor for a peer that asks for nothing', () => {
  const [quiet, busy] = divide([active({}), active({ wanted: 1_000 })], { ...WHOLE, floor: 5 });
  expect([quiet, busy]).toEqual([5, 95]);
});

it('leaves a silent peer what it holds, or what it used when that is more', () => {
  const silent = (used: number) => active({ standing: 'silent', used, held: 30, wanted: 1_000 });
  expect(divide([active({ wanted: 1_000 }), silent(10)], WHOLE)).toEqual([70, 30]);
  expect(divide([active({ wanted: 1_000 }), silent(45)], WHOLE)).toEqual([55, 45]);
});

it('counts what one used who left, and gives it nothing more', () => {
  expect(divide([active({ wanted: 1_000 }), active({ standing: 'left', used: 25, wanted: 1_000 })], WHOLE)).toEqual([
    75, 25,
  ]);
});

it('lets nobody go on while more is used than there is, until each has made good its part of the debt', () => {
  expect(divide([active({ used: 100, wanted: 50 }), active({ used: 100, wanted: 0 })], WHOLE)).toEqual([50, 50]);
});

it('allows all together the limit and no more, unless those out of reach have more already', () => {
  fc.assert(
    fc.property(claims, division, (claims, division) => {
      const allowed = divide(claims, division);
      const out = sum(
        claims.map(({ standing, used, held }) =>
          standing === 'active' ? 0 : standing === 'left' ? used : Math.max(used, held),
        ),
      );
      expect(sum(allowed)).toBeLessThanOrEqual(Math.max(division.limit, out) + 1e-6);
      const hasActive = claims.some(({ standing }) => standing === 'active');
      // In whole units less than one is lost to what a silent peer holds of one.
      const lost = division.unit === 'whole' ? 1 : 1e-6;
      const hasDebt = sum(claims.map(({ used }) => used)) > division.limit;
      if (hasActive && !hasDebt) expect(sum(allowed)).toBeGreaterThan(Math.min(division.limit, out) - lost);
      if (hasActive && !hasDebt && out <= division.limit) expect(sum(allowed)).toBeGreaterThan(division.limit - lost);
    }),
  );
});

it('allows an active peer no less than it used as long as no more is used than there is', () => {
  fc.assert(
    fc.property(claims, division, (claims, division) => {
      const held = sum(claims.map(({ standing, used, held }) => (standing === 'silent' ? Math.max(used, held) : used)));
      if (held > division.limit) return;
      for (const [place, allowed] of divide(claims, division).entries()) {
        expect(allowed).toBeGreaterThanOrEqual(claims[place]?.used ?? 0);
      }
    }),
  );
});

it('gives the same to the same claims, whoever reckons', () => {
  fc.assert(
    fc.property(claims, division, (claims, division) => {
      expect(divide(structuredClone(claims), division)).toEqual(divide(claims, division));
    }),
  );
});
