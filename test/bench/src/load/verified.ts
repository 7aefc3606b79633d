/**
 * What is checked of every answer. The subject's first answer is read and must say what the upstream said (text and
 * usage); from then on every answer must be that one, byte for byte. So a subject that rewrites answers is held to the
 * meaning, a transparent one to the bytes, and the check costs one comparison per read.
 */
import { ANSWER, ANSWER_TEXT, USAGE } from '../contract.ts';
import { Connection } from './connection.ts';
import { type Recipe, requestBytes } from './request.ts';

/** Longer than any subject needs for one answer. */
const ONE_ANSWER_WITHIN_MS = 10_000;

interface Completion {
  choices?: { message?: { content?: unknown } }[];
  usage?: { total_tokens?: unknown };
}

function saysTheSame(bytes: Buffer): boolean {
  const answer = JSON.parse(bytes.toString()) as Completion; // Every field is optional: what is not there is not the same.
  return answer.choices?.[0]?.message?.content === ANSWER_TEXT && answer.usage?.total_tokens === USAGE.total_tokens;
}

/** One request; the body every other answer is compared with. */
export async function firstAnswer(recipe: Recipe): Promise<Buffer> {
  const parts: Buffer[] = [];
  let status = 0;
  const answered = Promise.withResolvers<void>();
  const connection = await Connection.open(recipe.port, {
    head: (code) => {
      status = code;
    },
    body: (bytes) => parts.push(Buffer.from(bytes)),
    end: () => answered.resolve(),
    broken: (reason) => answered.reject(new Error(reason)),
  });
  const timer = setTimeout(() => answered.reject(new Error('no answer to the first request')), ONE_ANSWER_WITHIN_MS);
  try {
    connection.send(requestBytes(recipe));
    await answered.promise;
  } finally {
    clearTimeout(timer);
    connection.close();
  }
  const body = Buffer.concat(parts);
  if (status !== 200 || !saysTheSame(body)) {
    throw new Error(`the first answer is wrong: ${status} ${body.toString().slice(0, 300)}`);
  }
  return body;
}

/** Whether a subject passes the upstream's bytes on unchanged. */
export function isUntouched(answer: Buffer): boolean {
  return answer.equals(ANSWER);
}

/** Compares one answer with the expected one, piece by piece as it arrives. */
export class AnswerCheck {
  readonly #expected: Buffer;
  #at = 0;
  #right = true;

  constructor(expected: Buffer) {
    this.#expected = expected;
  }

  head(status: number): void {
    this.#at = 0;
    this.#right = status === 200;
  }

  body(bytes: Buffer): void {
    const end = this.#at + bytes.length;
    this.#right &&= end <= this.#expected.length && this.#expected.compare(bytes, 0, bytes.length, this.#at, end) === 0;
    this.#at = end;
  }

  /** At the answer's end. */
  get right(): boolean {
    return this.#right && this.#at === this.#expected.length;
  }
}
