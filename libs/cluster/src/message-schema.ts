/**
 * What a message may hold, field by field. A message that breaks any of this is refused as a whole: half of what a peer
 * says may be worse than nothing. What is not named here is ignored, and so are further items at the end of an entry:
 * that is how a newer version says more and an older one goes on reading. A place whose figure nobody needs any more stays
 * and is written as nothing, which older versions read, until none of them is a neighbour.
 */
import { z } from 'zod';
import { MAX_ENTRIES, MAX_ID_CHARS, MAX_PEER_ID_CHARS, MAX_REASON_CHARS, MOST_ILL } from './shapes.ts';

/** The newest figures that still make sense; beyond them something is broken, and nothing is to be computed with it. */
export const MOST = {
  /** A day: no wait, no answer and no evidence is older or longer. */
  ms: 86_400_000,
  samples: 1_000_000,
  inFlight: 1_000_000,
  /** Ten billion tokens a minute: a hundred times what the largest plan allows. */
  tokens: 10_000_000_000,
  requests: 1_000_000_000,
  perSecond: 10_000_000,
} as const;

/** Whose fulls one question may ask for; more at once is a net that was down, and then everyone is asked. */
export const MAX_ASKED = 64;

/** Ids are in printable ASCII, because they stand in logs and on pages. */
const peerId = z.string().regex(new RegExp(`^[!-~]{1,${MAX_PEER_ID_CHARS}}$`));
const reason = z.string().regex(new RegExp(`^[ -~]{1,${MAX_REASON_CHARS}}$`));

/** Three places in the list of words. */
const reference = z.string().regex(/^\d{1,5}(?:\.\d{1,5}){0,2}$/);

const upTo = (most: number) => z.number().min(0).max(most);
const whole = z.int().min(0);

const trip = z.tuple([reason, upTo(MOST.samples), upTo(MOST.ms)]).rest(z.unknown());

const target = z
  .tuple([
    reference,
    upTo(MOST.ms).nullable(),
    /** Was a time between tokens. */
    z.unknown(),
    upTo(MOST.samples),
    upTo(MOST.ms),
    upTo(MOST.inFlight),
    upTo(1),
    trip.nullable().optional(),
  ])
  .rest(z.unknown());

/** The kind is any word: a newer version may know more kinds. */
const wait = z.tuple([z.string().max(MAX_REASON_CHARS), reference, upTo(MOST.ms), reason]).rest(z.unknown());

const quota = z
  .tuple([
    reference,
    upTo(MOST.requests),
    upTo(MOST.tokens),
    /** Was reserved tokens. */
    z.unknown(),
    upTo(MOST.requests),
    upTo(MOST.tokens),
  ])
  .rest(z.unknown());

const flag = z.literal(1).optional();

export const messageSchema = z.object({
  v: z.int().min(1),
  /** The oldest version that may read this; absent where every one may. */
  since: z.int().min(1).optional(),
  p: peerId,
  e: whole,
  s: whole,
  f: flag,
  h: upTo(MOST_ILL),
  d: flag,
  w: z.array(z.string().max(MAX_ID_CHARS)).max(3 * MAX_ENTRIES),
  t: z.array(target).max(MAX_ENTRIES),
  c: z.array(wait).max(MAX_ENTRIES),
  q: z.array(quota).max(MAX_ENTRIES),
  r: z.tuple([upTo(MOST.perSecond), upTo(MOST.perSecond)]).rest(z.unknown()),
});

export type Message = z.infer<typeof messageSchema>;

export const helloSchema = z.object({
  v: z.int().min(1),
  since: z.int().min(1).optional(),
  p: peerId,
  of: z.array(peerId).max(MAX_ASKED).optional(),
});

export function isPeerId(id: string): boolean {
  return peerId.safeParse(id).success;
}
