import { inspect } from 'node:util';

/**
 * A value that must never be printed: JSON, string conversion, `console` and the logger all show `[redacted]`.
 * The one way to the value is `reveal()`, so that a search for that word finds every use.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

export const REDACTED = '[redacted]';
