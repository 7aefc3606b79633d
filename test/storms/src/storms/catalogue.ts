/**
 * The storms. Numbers are those of docs/routing.md; those of clusters are in their own file. Each begins with fair weather,
 * so that there is something to lose.
 */
import { MODEL } from '../traffic.ts';
import { MANY_NODES, NEW_NODE, PARTITION, SHARED_QUOTAS } from './clusters.ts';
import { bad, FAST, keyId, keyNumber, keys, large, MINUTE, ONSET, SECOND, SECONDARY, SLOW, USUAL } from './parts.ts';
import { rateLimits } from './rate-limits.ts';
import type { Storm } from './storm.ts';
import type { Weather } from './weather.ts';

/** Five keys with room for all the traffic, of which the second is struck from the onset to the end. */
function oneStruck(id: string, title: string, weather: Partial<Weather>): Storm {
  const durationMs = 160 * SECOND;
  return {
    id,
    title,
    durationMs,
    requestsPerSecond: 20,
    providers: { mistral: keys(5, 40) },
    pools: large('mistral'),
    limits: {},
    spells: [bad(keyId(1), ONSET, durationMs, weather)],
  };
}

function rollingOutages(): Storm {
  return {
    id: 'S7',
    title: 'a 60 s outage rolls across all keys; a slower second provider is healthy',
    durationMs: 5 * MINUTE,
    requestsPerSecond: 12,
    providers: { mistral: keys(4, 40), second: SECONDARY },
    pools: large('mistral', 'second'),
    limits: {},
    spells: [0, 1, 2, 3].map((index) =>
      bad(keyId(index), (0.5 + index) * MINUTE, (1.5 + index) * MINUTE, { faultShare: 1 }),
    ),
  };
}

/**
 * They come back with a third of their slots, and the rest half a minute later. Four times the traffic of a small storm, so
 * that what a target gets in five seconds is fifty requests and not a handful: the figure is of the router then, not of
 * chance. All primaries are equally fast, so that it shows a herd and not the right preference for a faster key.
 */
function allDown(): Storm {
  const backAtMs = ONSET + 5 * MINUTE;
  const primaries = [0, 1, 2, 3].map((index) => ({ ...keyNumber(index, 48), ...USUAL }));
  return {
    id: 'S8',
    title: 'every primary is down for 5 min, and comes back with a third of its slots for 30 s',
    durationMs: backAtMs + 80 * SECOND,
    recoveryAtMs: backAtMs,
    requestsPerSecond: 40,
    providers: { mistral: { keys: primaries }, second: SECONDARY },
    pools: large('mistral', 'second'),
    limits: {},
    spells: [0, 1, 2, 3].flatMap((index) => [
      bad(keyId(index), ONSET, backAtMs, { faultShare: 1 }),
      {
        target: keyId(index),
        fromMs: backAtMs,
        untilMs: backAtMs + 30 * SECOND,
        weather: { slotShare: 1 / 3 },
        isBad: false,
      },
    ]),
  };
}

function breakingStreams(): Storm {
  const durationMs = 2 * MINUTE;
  return {
    id: 'S9',
    title: 'a tenth of all streams break mid-way, on every key',
    durationMs,
    requestsPerSecond: 20,
    providers: { mistral: keys(5, 40) },
    pools: large('mistral'),
    limits: {},
    spells: [0, 1, 2, 3, 4].map((index) => ({
      target: keyId(index),
      fromMs: 20 * SECOND,
      untilMs: durationMs,
      weather: { breakShare: 0.1 },
      isBad: false,
    })),
  };
}

function flapping(): Storm {
  return {
    id: 'S10',
    title: 'one key flaps: 10 s down, 10 s up',
    durationMs: 180 * SECOND,
    requestsPerSecond: 20,
    providers: { mistral: keys(5, 40) },
    pools: large('mistral'),
    limits: {},
    spells: Array.from({ length: 7 }, (_, index) =>
      bad(keyId(1), ONSET + index * 20 * SECOND, ONSET + (index * 20 + 10) * SECOND, { faultShare: 1 }),
    ),
  };
}

/** Three keys have too few slots for the traffic; the fourth has enough, once warm. */
function newKey(): Storm {
  const atMs = 50 * SECOND;
  const joiner = { name: 'k4', ...FAST, slots: 20 };
  return {
    id: 'S12',
    title: 'a new key joins under load, and is cold for its first 15 s',
    durationMs: 140 * SECOND,
    requestsPerSecond: 18,
    providers: { mistral: keys(3, 20) },
    pools: large('mistral'),
    limits: {},
    joins: { atMs, provider: 'mistral', key: joiner },
    spells: [{ target: keyId(3), fromMs: atMs, untilMs: atMs + 15 * SECOND, weather: { slowness: 3 }, isBad: false }],
  };
}

function vendorFull(): Storm {
  const untilMs = ONSET + 80 * SECOND;
  const slower = { keys: [0, 1, 2, 3].map((index) => ({ ...SLOW, name: `k${index + 1}`, slots: 40 })) };
  return {
    id: 'S14',
    title: 'the vendor is full (3505) for one model on every key; another model has room',
    durationMs: untilMs + 40 * SECOND,
    requestsPerSecond: 20,
    providers: { mistral: slower },
    pools: [[{ provider: 'mistral', model: MODEL }], [{ provider: 'mistral', model: 'medium' }]],
    limits: {},
    spells: [0, 1, 2, 3].map((index) => bad(keyId(index), ONSET, untilMs, { full: true })),
  };
}

export const STORMS: readonly Storm[] = [
  oneStruck('S1', 'one key of five turns ten times slower', { slowness: 10 }),
  oneStruck('S2', 'one key of five fails every request at once', { faultShare: 1 }),
  oneStruck('S3', 'one key of five fails 30 % of its requests', { faultShare: 0.3 }),
  oneStruck('S4', 'one key of five goes silent: it accepts and never answers', { silent: true }),
  rateLimits('S5', 'rate limits: demand at 95 % of all quotas together, which are uneven', 0.95),
  rateLimits('S5b', 'rate limits: demand at 120 % of all quotas together', 1.2),
  SHARED_QUOTAS,
  rollingOutages(),
  allDown(),
  breakingStreams(),
  flapping(),
  PARTITION,
  newKey(),
  NEW_NODE,
  MANY_NODES,
  vendorFull(),
];
