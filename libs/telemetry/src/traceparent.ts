/** A caller's place in its own trace, as the W3C Trace Context header says it. */
export interface Traceparent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** version - trace id - parent id - flags; a later version may add fields after a dash, which version 00 may not. */
const HEADER = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The specification forbids version ff and identifiers of zeros only. */
const FORBIDDEN_VERSION = 'ff';
const ZEROS = /^0+$/;

/** The lowest flag bit; the others are reserved and ignored. */
const SAMPLED = 1;

/** Undefined when the header is not a valid one: the trace then starts here, as the specification asks. */
export function parseTraceparent(header: string): Traceparent | undefined {
  const [, version, traceId, spanId, flags, more] = HEADER.exec(header) ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === FORBIDDEN_VERSION || (version === '00' && more !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}
