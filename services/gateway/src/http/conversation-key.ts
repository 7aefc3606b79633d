/**
 * A conversation by its beginning: a hash of its messages up to and including the first of the user, which later turns
 * repeat as they were. A vendor's prompt cache works by the same prefix.
 *
 * Hashed are the client's own bytes, because the long strings are missing from the outline and parsing the whole would
 * cost more than everything else done here with a large body. The bytes are found by searching for quotation marks,
 * which the runtime does at memory speed. A client that spells the beginning otherwise each time has another key each
 * time, and loses no more than a warm cache.
 */
import { hash } from 'node:crypto';
import type { ClientRequest, Json } from '@leeward/wire';

/** Undefined for a first turn, and for a body whose beginning is not found. */
export function conversationKey(request: ClientRequest): string | undefined {
  const { messages } = request.outline;
  if (!Array.isArray(messages) || !messages.some(isAssistant)) return undefined;
  const firstUser = messages.findIndex(isUser);
  if (firstUser === -1) return undefined;
  const { bytes } = request;
  const open = openingOfMessages(bytes);
  const end = open === undefined ? undefined : endOfElement(bytes, open, firstUser);
  return open === undefined || end === undefined ? undefined : keyOf(bytes, open, end);
}

const isAssistant = (message: Json): boolean => roleOf(message) === 'assistant';
const isUser = (message: Json): boolean => roleOf(message) === 'user';

function roleOf(message: Json): Json | undefined {
  return typeof message === 'object' && message !== null && !Array.isArray(message) ? message['role'] : undefined;
}

const MESSAGES = Buffer.from('"messages"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Where the list of messages begins. Quoted inside a text the name is followed by a backslash, so what is found is a
 * name. A tool that has an example with messages of its own, told before the real ones, is taken for them: all
 * conversations with that tool then prefer the same target, as far as the picker's bound on its load goes.
 */
function openingOfMessages(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(MESSAGES); at !== -1; at = bytes.indexOf(MESSAGES, at + 1)) {
    const colon = skipBlank(bytes, at + MESSAGES.length);
    if (bytes[colon] !== COLON) continue;
    const open = skipBlank(bytes, colon + 1);
    if (bytes[open] === OPEN_LIST) return open;
  }
  return undefined;
}

function skipBlank(bytes: Buffer, from: number): number {
  let at = from;
  for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = bytes[at]) at++;
  return at;
}

/**
 * Quotation marks looked at in all: about 15 µs. A beginning with more of them is cut there, at the same place in each
 * turn: it is some 100 KiB of instructions, and conversations that share so much share most of what a cache can hold.
 */
const MAX_MARKS = 1024;

/** Behind the element of that number in the list that opens at `open`; undefined where there is no such element. */
function endOfElement(bytes: Buffer, open: number, number: number): number | undefined {
  let depth = 1;
  let closed = 0;
  let marks = 0;
  for (let at = open + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      do {
        at = bytes.indexOf(QUOTE, at + 1);
        if (at === -1) return undefined;
        if (++marks > MAX_MARKS) return at;
      } while (isEscaped(bytes, at));
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth++;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth--;
      if (depth === 0) return undefined;
      if (depth === 1 && closed++ === number) return at + 1;
    }
  }
  return undefined;
}

/** After an odd number of backslashes. */
function isEscaped(bytes: Buffer, at: number): boolean {
  let start = at;
  while (bytes[start - 1] === BACKSLASH) start--;
  return (at - start) % 2 === 1;
}

/**
 * Of a long beginning its two ends and its length are hashed, which costs the same for every size. Two that differ only
 * in the middle share a key and the cache of what comes before it; the user's own words are at the end.
 */
const END_BYTES = 1024;

/** 96 bits: no two conversations of a node's life share them by chance. */
const KEY_CHARS = 16;

function keyOf(bytes: Buffer, start: number, end: number): string {
  const sample =
    end - start <= 2 * END_BYTES
      ? bytes.subarray(start, end)
      : `${end - start} ${bytes.toString('latin1', start, start + END_BYTES)}${bytes.toString('latin1', end - END_BYTES, end)}`;
  return hash('sha256', sample, 'base64url').slice(0, KEY_CHARS);
}
