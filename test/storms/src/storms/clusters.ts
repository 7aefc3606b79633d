/**
 * The storms of several gateways in front of the same upstreams. A single node with all the traffic runs beside them: it is
 * what many nodes ought to behave like.
 */
import { bad, FAST, keyId, keyNumber, keys, large, SECOND } from './parts.ts';
import { rateLimits } from './rate-limits.ts';
import type { Storm } from './storm.ts';

/** Eight, one and one parts of the traffic; and then another node has the eight. */
export const SHARED_QUOTAS: Storm = {
  ...rateLimits(
    'S6',
    'rate limits in three nodes: demand at 120 % of all quotas, skewed 8:1:1, and the skew moves',
    1.2,
  ),
  nodes: {
    count: 3,
    parts: [
      { fromMs: 0, of: [8, 1, 1] },
      // A minute in which a deployment moves the traffic from one node to another.
      { fromMs: 100 * SECOND, of: [6, 3, 1] },
      { fromMs: 120 * SECOND, of: [4, 5, 1] },
      { fromMs: 140 * SECOND, of: [2, 7, 1] },
      { fromMs: 160 * SECOND, of: [1, 8, 1] },
      // And one at once, as when a node is taken from the balancer.
      { fromMs: 200 * SECOND, of: [1, 1, 8] },
    ],
  },
};

/**
 * While one node of three is cut off, a key begins to fail, of which it must learn by itself; when it has been back for a
 * while, another key is revoked; then a node is restarted, and both keys are as bad as before.
 */
export const PARTITION: Storm = {
  id: 'S11',
  title:
    'one node of three is cut off for 30 s while a key begins to fail; later a key is revoked, and a node restarted',
  durationMs: 140 * SECOND,
  requestsPerSecond: 20,
  providers: { mistral: keys(6, 40) },
  pools: large('mistral'),
  limits: {},
  spells: [
    bad(keyId(1), 50 * SECOND, 140 * SECOND, { faultShare: 1 }),
    bad(keyId(3), 90 * SECOND, 140 * SECOND, { revoked: true }),
  ],
  nodes: {
    count: 3,
    troubles: [
      { node: 2, fromMs: 40 * SECOND, untilMs: 70 * SECOND, kind: 'cut' },
      { node: 1, fromMs: 105 * SECOND, untilMs: 110 * SECOND, kind: 'away' },
    ],
  },
};

/** The new key of S12, and with it a fourth node beside three, which knows nothing of the others' speeds. */
export const NEW_NODE: Storm = {
  id: 'S12b',
  title: 'a fourth node joins three under load, together with a new key that is cold for its first 15 s',
  durationMs: 140 * SECOND,
  requestsPerSecond: 18,
  providers: { mistral: keys(3, 20) },
  pools: large('mistral'),
  limits: {},
  joins: { atMs: 50 * SECOND, provider: 'mistral', key: { name: 'k4', ...FAST, slots: 20 } },
  spells: [
    {
      target: keyId(3),
      fromMs: 50 * SECOND,
      untilMs: 65 * SECOND,
      weather: { slowness: 3 },
      isBad: false,
    },
  ],
  nodes: { count: 4, troubles: [{ node: 3, fromMs: 0, untilMs: 50 * SECOND, kind: 'away' }] },
};

/**
 * No node asks a key more than once in a minute, so that none has much to learn from by itself. Keys are revoked one after
 * another, each of which the nodes have to be told of; and one fails every request from the beginning of that on.
 */
export const MANY_NODES: Storm = {
  id: 'S13',
  title: 'a hundred nodes and fifty keys: ten are revoked one after another, and one fails every request',
  durationMs: 11 * SECOND,
  requestsPerSecond: 100,
  providers: { mistral: { keys: Array.from({ length: 50 }, (_, index) => keyNumber(index, 40)) } },
  pools: large('mistral'),
  limits: {},
  spells: [
    bad(keyId(10), 3 * SECOND, 11 * SECOND, { faultShare: 1 }),
    ...Array.from({ length: 10 }, (_, index) =>
      bad(keyId(index), (3 + index / 2) * SECOND, 11 * SECOND, { revoked: true }),
    ),
  ],
  nodes: { count: 100 },
  seedPart: 0.1,
};
