/** What the primary and its workers say to each other. Both are of the same version, always: one forks the other. */
import { z } from 'zod';
import { readingSchema } from './reading.ts';

const decisionFilter = z.object({
  route: z.string().optional(),
  target: z.string().optional(),
  request: z.string().optional(),
  failed: z.boolean().optional(),
  limit: z.number().optional(),
});

/** What a worker is asked; each kind has its answer. */
const question = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('metrics') }),
  z.object({ kind: z.literal('targets') }),
  z.object({ kind: z.literal('decisions'), filter: decisionFilter }),
  z.object({ kind: z.literal('peers') }),
  z.object({ kind: z.literal('live') }),
  z.object({ kind: z.literal('history') }),
  z.object({ kind: z.literal('drain-target'), target: z.string(), drain: z.boolean() }),
  z.object({ kind: z.literal('undrain') }),
  z.object({ kind: z.literal('in-flight') }),
  z.object({ kind: z.literal('take-over'), reading: readingSchema }),
]);

const busMessage = z.object({
  kind: z.literal('bus-message'),
  subject: z.enum(['digest', 'event', 'hello']),
  bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
});

const busOpen = z.object({ kind: z.literal('bus-open'), isOpen: z.boolean() });

const toWorker = z.discriminatedUnion('kind', [
  /** The first word to a worker: with this it can begin to serve. */
  z.object({
    kind: z.literal('begin'),
    index: z.number(),
    workers: z.number(),
    reading: readingSchema,
    isDraining: z.boolean(),
    /** By hand, and before this worker began. */
    drainedTargets: z.array(z.string()),
  }),
  /** Comes with a copy of a socket. */
  z.object({ kind: z.literal('connection'), id: z.number() }),
  /** Comes behind the connections up to this one. */
  z.object({ kind: z.literal('connections-dealt'), upTo: z.number() }),
  z.object({ kind: z.literal('ask'), id: z.number(), question }),
  /** Tell clients to go elsewhere, and go on. */
  z.object({ kind: z.literal('drain') }),
  /** Drain, and end when the last request has. */
  z.object({ kind: z.literal('stop') }),
  busMessage,
  busOpen,
]);

const fromWorker = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('up') }),
  /** It takes connections from now on, or no longer. */
  z.object({ kind: z.literal('serving'), isServing: z.boolean() }),
  z.object({ kind: z.literal('connection-taken'), id: z.number() }),
  /** Comes behind the words for those that it has taken. */
  z.object({ kind: z.literal('connections-heard'), upTo: z.number() }),
  /** One that it had taken has ended. */
  z.object({ kind: z.literal('connection-closed') }),
  z.object({ kind: z.literal('answer'), id: z.number(), answer: z.unknown() }),
  busMessage,
  busOpen,
]);

export type Question = z.output<typeof question>;
export type ToWorker = z.output<typeof toWorker>;
export type FromWorker = z.output<typeof fromWorker>;
export type Begin = Extract<ToWorker, { kind: 'begin' }>;

/** Undefined for what is not a word of ours. */
export function readToWorker(message: unknown): ToWorker | undefined {
  return toWorker.safeParse(message).data;
}

export function readFromWorker(message: unknown): FromWorker | undefined {
  return fromWorker.safeParse(message).data;
}
