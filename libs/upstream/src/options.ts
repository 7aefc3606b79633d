import { Secret } from '@leeward/kernel';
import { z } from 'zod';

/** Both count per minute, as Mistral does; a limit that is absent is learned from the vendor's response headers. */
const limits = z.strictObject({
  requestsPerMinute: z.int().min(0).max(10_000_000).optional(),
  tokensPerMinute: z.int().min(0).max(100_000_000_000).optional(),
});

export const keyOptions = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'letters, digits, dot, dash, underscore; at most 63'),
  secret: z.instanceof(Secret),
  /** What the vendor counts limits on. Absent: the key is taken to have a quota group of its own. */
  quotaGroup: z.string().min(1).max(63).optional(),
  /** The operator's share for this key among its siblings; 0 takes it out of rotation. */
  weight: z.number().min(0).max(1000).default(1),
  /** Bound on concurrent requests per key and model. Vendors accept far more than this; it only stops a runaway. */
  maxInFlight: z.int().min(1).max(100_000).default(10_000),
});

export const breakerOptions = z.strictObject({
  /** Five in a row is beyond chance at any fault rate worth tolerating (at 10 %: one in 100,000). */
  consecutiveFaults: z.int().min(1).max(1000).default(5),
  /** Below this share of successes in the window the target does more harm than good. */
  minSuccessRate: z.number().min(0).max(1).default(0.5),
  /** Ten seconds: long enough to hold the samples of a slow route, short enough to forget a past incident. */
  windowMs: z.int().min(100).max(600_000).default(10_000),
  /** Fewer samples than this say too little for a rate. */
  minSamples: z.int().min(1).max(100_000).default(20),
  /** The first probe comes after about a second: most incidents of a vendor are a blip of that length. */
  probeAfterMs: z.int().min(10).max(600_000).default(1000),
  /** Each failed probe doubles the wait up to this bound: one probe a minute cannot hurt anyone. */
  maxProbeAfterMs: z.int().min(10).max(3_600_000).default(60_000),
});

export const providerOptions = z.strictObject({
  dialect: z.enum(['mistral', 'openai']),
  /** Scheme, host, optional port and path; without the trailing /v1, which the surfaces add. */
  baseUrl: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '').replace(/\/v1$/, '')),
  quotaGroups: z
    .record(z.string().min(1).max(63), z.strictObject({ limits: z.record(z.string(), limits).default({}) }))
    .default({}),
  keys: z.array(keyOptions).min(1).max(1000),
  breaker: breakerOptions.prefault({}),
  /** Sockets to this provider at the most. HTTP/1.1 carries one request each, so this bounds the streams in flight. */
  connections: z.int().min(1).max(65_000).default(8192),
});

export type BreakerOptions = Readonly<z.output<typeof breakerOptions>>;
export type KeyOptions = Readonly<z.output<typeof keyOptions>>;
export type ProviderOptions = Readonly<z.output<typeof providerOptions>>;
