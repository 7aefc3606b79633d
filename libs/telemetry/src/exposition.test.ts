import { describe, expect, test } from 'vitest';
import { negotiate, writeExposition } from './exposition.ts';

describe('negotiation', () => {
  test.each([
    [undefined, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3', 'openmetrics'],
    ['application/openmetrics-text; q=0.2, text/plain; q=0.9', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=nonsense', 'prometheus'],
  ] as const)('answers Accept %j with %s', (accept, format) => {
    expect(negotiate(accept)).toBe(format);
  });
});

describe('writing', () => {
  const gauge = (value: number) => [{ name: 'g', help: 'a\nb\\c', type: 'gauge', values: [{ value, labels: {} }] }];

  test.each([
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [1e21, '1e+21'],
    [0, '0'],
  ])('spells %d as a scraper reads it', (value, text) => {
    expect(writeExposition(gauge(value), 'prometheus').body).toBe(`# HELP g a\\nb\\\\c\n# TYPE g gauge\ng ${text}\n`);
  });
});
