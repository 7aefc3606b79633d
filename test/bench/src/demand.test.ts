import { describe, expect, test } from 'vitest';
import { isBeyond } from './demand.ts';

describe('isBeyond', () => {
  test('spares a subject the rates that would take more than two cores', () => {
    for (const measure of ['open-loop', 'streams'] as const) {
      expect(isBeyond(measure, 1999)).toBe(false);
      expect(isBeyond(measure, 2001)).toBe(true);
    }
  });

  test('spares nobody where the subject sets the pace', () => {
    for (const measure of ['small', 'body-1KiB', 'body-64KiB', 'body-1MiB', 'memory'] as const) {
      expect(isBeyond(measure, 1_000_000)).toBe(false);
    }
  });
});
