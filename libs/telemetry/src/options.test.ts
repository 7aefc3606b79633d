import { expect, test } from 'vitest';
import { telemetryOptions } from './options.ts';

test('needs nothing to be said', () => {
  expect(telemetryOptions.parse({})).toEqual({
    traceSampling: 0.01,
    traceSlowMs: 10_000,
    logLevel: 'info',
    accessLog: true,
    serviceName: 'leeward',
  });
});

test('takes a collector with headers', () => {
  const otlp = { endpoint: 'http://collector:4318', headers: { authorization: 'Bearer x' } };
  expect(telemetryOptions.parse({ otlp }).otlp).toEqual(otlp);
});

test.each([
  ['an unknown key', { sampling: 1 }],
  ['a share above one', { traceSampling: 1.5 }],
  ['a collector that is no URL', { otlp: { endpoint: 'collector:4318' } }],
  ['a collector over another protocol', { otlp: { endpoint: 'grpc://collector:4317' } }],
  ['a level that does not exist', { logLevel: 'verbose' }],
  ['an empty service name', { serviceName: '' }],
])('refuses %s', (_what, section) => {
  expect(telemetryOptions.safeParse(section).success).toBe(false);
});
