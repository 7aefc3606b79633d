import { pickerNames } from '@leeward/balancer';
import { z } from 'zod';

/** One entry of a pool: every key of the provider becomes a target for this model. */
const poolEntry = z.strictObject({
  provider: z.string().min(1).max(63),
  /** The upstream's name for the model. Absent: the name the client asked for. */
  model: z.string().min(1).max(200).optional(),
  weight: z.number().min(0).max(1000).default(1),
});

export const timeouts = z.strictObject({
  /** Until the request is on a connected socket. A healthy TLS handshake across an ocean takes under half a second. */
  connectMs: z.int().min(1).max(60_000).default(2000),
  /** Until the first content of a streamed answer. Long prompts on large models stay under 20 s when healthy. */
  firstTokenMs: z.int().min(1).max(600_000).default(20_000),
  /** Until the head of a whole (unstreamed) answer, which Mistral sends only once all tokens are made. */
  answerMs: z.int().min(1).max(3_600_000).default(120_000),
  /** Between two pieces of an answer once it has begun. Ten times the slowest healthy gap seen. */
  idleMs: z.int().min(1).max(600_000).default(30_000),
  /** The whole exchange: every attempt, wait and stream. A caller may ask for less (x-leeward-deadline-ms). */
  totalMs: z.int().min(1).max(3_600_000).default(300_000),
});

export const retries = z.strictObject({
  /** In one pass over a pool. Three siblings failing in a row say the pool is ill, and the next pool should be asked. */
  attemptsPerPool: z.int().min(1).max(100).default(3),
  /** In the whole exchange, over all pools and passes. */
  maxAttempts: z.int().min(1).max(100).default(10),
  /** First ceiling of the jittered wait before all pools are tried once more; doubles with each pass. */
  backoffMs: z.int().min(1).max(60_000).default(200),
  /** The ceiling's own ceiling. Longer waits are the client's to make: it gets retry-after instead. */
  maxBackoffMs: z.int().min(1).max(60_000).default(5000),
});

export const hedge = z.strictObject({
  /**
   * Hedges per streamed exchange at the most: the extra load. A twentieth covers every exchange that passes the 95th
   * percentile (Dean and Barroso, "The Tail at Scale", 2013) and is hardly felt by an upstream.
   */
  maxShare: z.number().min(0).max(0.5).default(0.05),
  /** Of the route's first-token times: the share of exchanges that are never hedged. Lower hedges more than maxShare pays. */
  quantile: z.number().min(0.5).max(0.999).default(0.95),
});

export const routeOptions = z.strictObject({
  /** Tried in order; the targets within one pool are balanced. */
  pools: z.array(z.array(poolEntry).min(1).max(100)).min(1).max(10),
  /** Which target of a pool is asked. The default learns which ones are fast and have room; the others are for comparison. */
  picker: z.enum(pickerNames).default('adaptive'),
  timeouts: timeouts.prefault({}),
  retries: retries.prefault({}),
  /** What happens to a stream that breaks after its first byte. */
  recovery: z.enum(['resume', 'error']).default('resume'),
  /** A second attempt for streams whose first token is late. Absent: none, because it costs tokens twice. */
  hedge: hedge.optional(),
});

export type Timeouts = Readonly<z.output<typeof timeouts>>;
export type Retries = Readonly<z.output<typeof retries>>;
export type HedgeOptions = Readonly<z.output<typeof hedge>>;
export type RouteOptions = Readonly<z.output<typeof routeOptions>>;
