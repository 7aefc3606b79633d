import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { vendors } from './vendors.ts';

const breaches = (path: string, vendor: string): string[] =>
  vendors(treeOf({ [path]: `import type { x } from '${vendor}';` }));

describe('vendors', () => {
  it.each([
    ['express', 'services/gateway/src/http/app.ts'],
    ['http-proxy-middleware', 'services/gateway/src/http/passthrough.ts'],
    ['opossum', 'libs/upstream/src/breaker.ts'],
    ['hashring', 'libs/balancer/src/ring.ts'],
    ['hashring', 'libs/cluster/src/ownership.ts'],
    ['prom-client', 'libs/telemetry/src/metrics.ts'],
    ['@opentelemetry/api', 'libs/telemetry/src/tracing.ts'],
    ['pino', 'libs/telemetry/src/logger.ts'],
    ['@nats-io/transport-node', 'libs/cluster/src/bus/nats-bus.ts'],
  ])('lets %s live in %s', (vendor, path) => {
    expect(breaches(path, vendor)).toEqual([]);
  });

  it.each([
    ['express', 'services/gateway/src/build.ts'],
    ['express', 'libs/telemetry/src/metrics.ts'],
    ['http-proxy-middleware', 'services/gateway/src/http/chat.ts'],
    ['opossum', 'libs/upstream/src/target.ts'],
    ['hashring', 'libs/balancer/src/picker.ts'],
    ['prom-client', 'libs/upstream/src/target.ts'],
    ['@opentelemetry/api', 'services/gateway/src/http/edge.ts'],
    ['pino', 'services/gateway/src/main.ts'],
    ['@nats-io/transport-node', 'libs/cluster/src/peers.ts'],
  ])('refuses %s in %s', (vendor, path) => {
    expect(breaches(path, vendor)).toEqual([`${path}:1: ${vendor} is used outside its home`]);
  });
});
