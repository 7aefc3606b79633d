import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { expect, test } from 'vitest';
import { ATTRIBUTE } from './attributes.ts';

test('every name is our own, or one that OpenTelemetry’s conventions have', () => {
  const known = new Set<unknown>(Object.values(conventions));
  const others = Object.values(ATTRIBUTE).filter((name) => !name.startsWith('leeward.'));
  expect(others.length).toBeGreaterThan(10);
  expect(others.filter((name) => !known.has(name))).toEqual([]);
});

test('none is one of those that hold what was said', () => {
  const content = /prompt|completion$|messages|instructions|arguments|result$|documents|query/;
  expect(Object.values(ATTRIBUTE).filter((name) => content.test(name))).toEqual([]);
});
