import { REDACTED } from '@leeward/kernel';

/**
 * What a log line may hold. Every field of every line passes through here, at any depth: pino's own redaction knows
 * only the paths it was told, and the secret that gets out is the one at a path nobody thought of.
 *
 * Three rules. The value of a field whose name speaks of a secret is not shown. An error shows its type, code, message
 * and stack, and none of the fields that a library hung on it (a request with its headers, a body). And everything is
 * cut to a size, so that a body passed by mistake does not become the log.
 */

/**
 * Names of secrets, with or without dashes and underscores, in any case, alone or at the end of a longer name
 * (`accessToken`). `key` counts only alone: a target's key is logged as `keyName`. `tokens` is a number of tokens.
 */
const SECRET_NAME =
  /^key$|(?:authorization|cookies?|secret|password|passphrase|credentials?|token|(?:api|private|secret|access)[-_]?key)$/i;

/** A name may say what it is not: `timeToFirstToken`. A number is never one of our secrets. */
const isSecret = (name: string, value: unknown): boolean =>
  typeof value !== 'number' && typeof value !== 'boolean' && value !== undefined && SECRET_NAME.test(name);

/** In a message or a URL a secret has no name of its own, but these stand before it. */
const SECRET_IN_TEXT = /\b(Bearer|Basic)\s+[^\s"',;]+|([?&](?:api[-_]?key|key|token|secret)=)[^\s&"']+/gi;

/** Long enough for a stack, far too short for a conversation. */
const TEXT_LENGTH = 2_048;

/** Deep enough for a decision with its candidates and their loads. */
const DEPTH = 5;

/** A pool of a hundred targets is shown whole. */
const ITEMS = 100;

/** An error wrapped more often than this repeats itself. */
const CAUSES = 3;

export function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactRecord(fields, DEPTH);
}

function redactRecord(fields: object, depth: number): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  let items = 0;
  for (const [name, value] of Object.entries(fields)) {
    items += 1;
    if (items > ITEMS) {
      shown['more'] = true;
      break;
    }
    shown[name] = isSecret(name, value) ? REDACTED : redactValue(value, depth);
  }
  return shown;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return redactError(value, CAUSES);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth === 0) return '[deeper]';
  if (Array.isArray(value)) return value.slice(0, ITEMS).map((item) => redactValue(item, depth - 1));
  // A Secret, a URL or a Date says itself how it is shown; what it says is looked at like any other value.
  if (speaksForItself(value)) return redactValue(value.toJSON(), depth - 1);
  return redactRecord(value, depth - 1);
}

const speaksForItself = (value: object): value is { toJSON(): unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function';

function redactError(error: Error, causes: number): Record<string, unknown> {
  const shown: Record<string, unknown> = { type: error.name, message: redactText(error.message) };
  if ('code' in error && typeof error.code === 'string') shown['code'] = redactText(error.code);
  if (error.stack !== undefined) shown['stack'] = redactText(error.stack);
  if (error.cause !== undefined && causes > 0) {
    shown['cause'] = error.cause instanceof Error ? redactError(error.cause, causes - 1) : redactValue(error.cause, 1);
  }
  return shown;
}

function redactText(text: string): string {
  const short = text.length > TEXT_LENGTH ? `${text.slice(0, TEXT_LENGTH)}…` : text;
  return short.replaceAll(SECRET_IN_TEXT, (_match, scheme?: string, parameter?: string) =>
    scheme === undefined ? `${parameter ?? ''}${REDACTED}` : `${scheme} ${REDACTED}`,
  );
}
