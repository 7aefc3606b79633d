/**
 * Contributions as bytes and back. JSON, so that a person can read what goes by on the bus; lists without field names and
 * ids by their words, because a hundred peers read all of it several times a second.
 *
 * Versions live together: a reader takes any version that does not say it is too old for it, ignores what it does not
 * know (fields, kinds of waits, further items of an entry), and refuses the rest as a whole. The writer keeps every
 * bound that a reader checks: it brings numbers to theirs and leaves out what has an impossible id, because one entry
 * that every reader refuses would silence the whole peer.
 */
import type { z } from 'zod';
import { helloSchema, MAX_ASKED, type Message, MOST, messageSchema } from './message-schema.ts';
import {
  type Contribution,
  MAX_ENTRIES,
  MAX_MESSAGE_BYTES,
  MAX_REASON_CHARS,
  MOST_ILL,
  type QuotaUse,
  type TargetEvidence,
  type Wait,
  type WaitKey,
  type WaitKind,
} from './shapes.ts';
import { isId, spell, Words } from './words.ts';

const VERSION = 1;

/** Why a message was not taken. */
export type Refusal = 'too-large' | 'not-json' | 'newer-version' | 'malformed' | 'too-many-entries' | 'unknown-word';

export type Decoded<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'refused'; readonly reason: Refusal };

/** A joiner's question, or that of one who missed something: everything, please, of these or of all. */
export interface Hello {
  readonly peer: string;
  readonly of?: readonly string[] | undefined;
}

const WAIT_KINDS: ReadonlySet<string> = new Set<WaitKind>(['quota', 'target', 'key', 'model']);

const utf8 = new TextEncoder();

export function encode(contribution: Contribution): Uint8Array {
  const words = new Words();
  const message: Message = {
    v: VERSION,
    p: contribution.peer,
    e: contribution.epoch,
    s: contribution.seq,
    ...(contribution.full ? { f: 1 } : {}),
    h: rounded(contribution.health, MOST_ILL),
    ...(contribution.draining ? { d: 1 } : {}),
    t: named(contribution.targets).map(([id, evidence]) => targetEntry(words.refer(id), evidence)),
    c: named(contribution.waits).flatMap(([key, wait]) => waitEntry(words, key, wait)),
    q: named(contribution.quotas).map(([id, use]) => quotaEntry(words.refer(id), use)),
    r: [
      rounded(contribution.retries.earnedPerSecond, MOST.perSecond),
      rounded(contribution.retries.spentPerSecond, MOST.perSecond),
    ],
    w: [],
  };
  return utf8.encode(JSON.stringify({ ...message, w: words.list }));
}

export function decode(bytes: Uint8Array): Decoded<Contribution> {
  const read = parse(bytes, messageSchema);
  if (read.kind === 'refused') return read;
  const message = read.value;
  if (message.t.length + message.c.length + message.q.length > MAX_ENTRIES) return refused('too-many-entries');
  const targets = record(message.w, message.t, ([reference]) => reference, targetOf);
  const quotas = record(message.w, message.q, ([reference]) => reference, quotaOf);
  const waits = waitsOf(message);
  if (targets === undefined || quotas === undefined || waits === undefined) return refused('unknown-word');
  const [earnedPerSecond, spentPerSecond] = message.r;
  return {
    kind: 'read',
    value: {
      peer: message.p,
      epoch: message.e,
      seq: message.s,
      full: message.f === 1,
      health: message.h,
      draining: message.d === 1,
      targets,
      waits,
      quotas,
      retries: { earnedPerSecond, spentPerSecond },
    },
  };
}

export function encodeHello({ peer, of }: Hello): Uint8Array {
  // Who lacks more than that lacks it of everyone.
  const some = of !== undefined && of.length <= MAX_ASKED ? { of } : {};
  return utf8.encode(JSON.stringify({ v: VERSION, p: peer, ...some }));
}

export function decodeHello(bytes: Uint8Array): Decoded<Hello> {
  const read = parse(bytes, helloSchema);
  return read.kind === 'refused' ? read : { kind: 'read', value: { peer: read.value.p, of: read.value.of } };
}

function parse<T extends { readonly since?: number | undefined }>(bytes: Uint8Array, schema: z.ZodType<T>): Decoded<T> {
  if (bytes.byteLength > MAX_MESSAGE_BYTES) return refused('too-large');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Bytes that are no UTF-8 and text that is no JSON end here alike.
    return refused('not-json');
  }
  if (isTooNew(json)) return refused('newer-version');
  const parsed = schema.safeParse(json);
  return parsed.success ? { kind: 'read', value: parsed.data } : refused('malformed');
}

/** Asked first: what is too new may look malformed. */
function isTooNew(json: unknown): boolean {
  if (typeof json !== 'object' || json === null || !('since' in json)) return false;
  return typeof json.since === 'number' && json.since > VERSION;
}

function refused(reason: Refusal): { readonly kind: 'refused'; readonly reason: Refusal } {
  return { kind: 'refused', reason };
}

function named<T>(entries: Readonly<Record<string, T>>): readonly [string, T][] {
  return Object.entries(entries).filter(([id]) => isId(id));
}

function targetEntry(reference: string, evidence: TargetEvidence): Message['t'][number] {
  const { firstTokenMs, trip } = evidence;
  return [
    reference,
    firstTokenMs === undefined ? null : rounded(firstTokenMs, MOST.ms),
    null,
    rounded(evidence.samples, MOST.samples),
    rounded(evidence.ageMs, MOST.ms),
    counted(evidence.inFlight, MOST.inFlight),
    rounded(evidence.faultShare, 1),
    ...(trip === undefined
      ? []
      : [[plain(trip.reason), rounded(trip.samples, MOST.samples), rounded(trip.ageMs, MOST.ms)]]),
  ] as Message['t'][number];
}

function targetOf(entry: Message['t'][number]): TargetEvidence {
  const [, firstTokenMs, , samples, ageMs, inFlight, faultShare, trip] = entry;
  const evidence = { samples, ageMs, inFlight, faultShare };
  return {
    ...evidence,
    ...(firstTokenMs === null ? {} : { firstTokenMs }),
    ...(trip === null || trip === undefined ? {} : { trip: { reason: trip[0], samples: trip[1], ageMs: trip[2] } }),
  };
}

function waitEntry(words: Words, key: string, wait: Wait): Message['c'] {
  const end = key.indexOf(':');
  const [kind, id] = [key.slice(0, end), key.slice(end + 1)];
  if (!WAIT_KINDS.has(kind) || !isId(id)) return [];
  return [[kind, words.refer(id), counted(wait.forMs, MOST.ms), plain(wait.reason)]];
}

function waitsOf(message: Message): Readonly<Record<WaitKey, Wait>> | undefined {
  const waits: [string, Wait][] = [];
  for (const [kind, reference, forMs, reason] of message.c) {
    const id = spell(message.w, reference);
    if (id === undefined) return undefined;
    if (WAIT_KINDS.has(kind)) waits.push([`${kind}:${id}`, { forMs, reason }]);
  }
  return Object.fromEntries(waits);
}

function quotaEntry(reference: string, use: QuotaUse): Message['q'][number] {
  return [
    reference,
    counted(use.requests, MOST.requests),
    counted(use.tokens, MOST.tokens),
    0,
    rounded(use.wantedRequestsPerMinute, MOST.requests),
    rounded(use.wantedTokensPerMinute, MOST.tokens),
  ];
}

function quotaOf(entry: Message['q'][number]): QuotaUse {
  const [, requests, tokens, , wantedRequestsPerMinute, wantedTokensPerMinute] = entry;
  return { requests, tokens, wantedRequestsPerMinute, wantedTokensPerMinute };
}

/** An id that comes twice has the last word; undefined when one of them cannot be spelt. */
function record<E, T>(
  words: readonly string[],
  entries: readonly E[],
  reference: (entry: E) => string,
  read: (entry: E) => T,
): Readonly<Record<string, T>> | undefined {
  const pairs: [string, T][] = [];
  for (const entry of entries) {
    const id = spell(words, reference(entry));
    if (id === undefined) return undefined;
    pairs.push([id, read(entry)]);
  }
  return Object.fromEntries(pairs);
}

/** Three digits say as much as an estimate knows. */
function rounded(value: number, most: number): number {
  return Number(bounded(value, most).toPrecision(3));
}

/** What is counted, or waited for to the end, keeps its digits. */
function counted(value: number, most: number): number {
  return Math.round(bounded(value, most));
}

function bounded(value: number, most: number): number {
  return value > 0 ? Math.min(value, most) : 0;
}

/** A reason is a word or two; what does not look like one still says that there was one. */
function plain(reason: string): string {
  const text = reason.replaceAll(/[^ -~]/g, '').slice(0, MAX_REASON_CHARS);
  return text === '' ? 'unnamed' : text;
}
