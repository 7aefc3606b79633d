/** The language of fault scripts: a list of rules, each with whom it strikes, when, how often, and what it does. */
import { z } from 'zod';
import { distributionSchema } from './distribution.ts';
import { shapeSchema } from './shape.ts';

/** Errors a request can be answered with, named by status and code as the vendor's own. */
export const ERROR_KINDS = [
  '400/1500',
  '401/kong',
  '401/app',
  '401/current',
  '403/1913',
  '403/guardrail',
  '429/1300',
  '429/3505',
  '429/3810',
  '500/1000',
  '502/html',
  '503/3800',
  '520/html',
] as const;

export type ErrorKind = (typeof ERROR_KINDS)[number];

/** Chunks that carry content; the role chunk in front is not counted. */
const afterChunks = z.int().min(0).max(100_000).default(3);

const effects = [
  z.strictObject({
    kind: z.literal('latency'),
    firstTokenMs: distributionSchema.default(0),
    perTokenMs: distributionSchema.default(0),
  }),
  z.strictObject({
    kind: z.literal('error'),
    error: z.enum(ERROR_KINDS),
    retryAfterSeconds: z.int().min(0).optional(),
  }),
  z.strictObject({ kind: z.literal('silence') }),
  z.strictObject({ kind: z.literal('refuse') }),
  z.strictObject({ kind: z.literal('reset-before-first-byte') }),
  z.strictObject({ kind: z.literal('reset-mid-stream'), afterChunks }),
  z.strictObject({ kind: z.literal('close-early'), afterChunks }),
  z.strictObject({ kind: z.literal('stall'), afterChunks, forMs: z.number().min(0).max(600_000).optional() }),
  z.strictObject({
    kind: z.literal('error-frame'),
    afterChunks,
    form: z.enum(['nested', 'flat', 'finish']).default('nested'),
  }),
  z.strictObject({ kind: z.literal('empty') }),
  z.strictObject({ kind: z.literal('contentless-then-error') }),
  z.strictObject({ kind: z.literal('quota-exhausted'), form: z.enum(['429', '401']).default('429') }),
  z.strictObject({ kind: z.literal('revoked') }),
] as const;

export const effectSchema = z.discriminatedUnion('kind', effects);

export const SURFACES = ['chat', 'fim', 'embeddings', 'models', 'other'] as const;

export type Surface = (typeof SURFACES)[number];

export const ruleSchema = z.strictObject({
  name: z.string().max(100).optional(),
  /** Whom it strikes: every member that is given must match. */
  when: z
    .strictObject({
      personality: z.enum(['mistral', 'openai']).optional(),
      key: z.string().optional(),
      workspace: z.string().optional(),
      model: z.string().optional(),
      surface: z.enum(SURFACES).optional(),
      stream: z.boolean().optional(),
    })
    .default({}),
  fromMs: z.number().min(0).default(0),
  untilMs: z.number().min(0).optional(),
  shape: shapeSchema.default({ kind: 'constant' }),
  /** The share of matching requests it strikes; the shape multiplies it (a latency's length instead). */
  probability: z.number().min(0).max(1).default(1),
  /** At most this many requests in all. */
  times: z.int().min(0).optional(),
  effect: effectSchema,
});

/** A script longer than this is a mistake, and every request walks through it. */
export const scriptSchema = z.array(ruleSchema).max(1000);

export type FaultRule = z.output<typeof ruleSchema>;
export type FaultRuleInput = z.input<typeof ruleSchema>;
export type Effect = z.output<typeof effectSchema>;
export type Fault = Exclude<Effect, { kind: 'latency' }>;
export type FaultKind = Fault['kind'];

/** Faults of an answer that has begun, or of its body; the others take the answer's place. */
export type InsideFault = Extract<
  Fault,
  { kind: 'reset-mid-stream' | 'close-early' | 'stall' | 'error-frame' | 'contentless-then-error' }
>;
