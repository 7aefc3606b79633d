import { hash } from 'node:crypto';

/**
 * An OpenAI embeddings answer for a Mistral client: the same but for the `id`, which Mistral's client requires and
 * OpenAI does not send. It is spliced in, since these answers are megabytes of numbers. The id is a hash of the
 * answer's beginning: it names nothing that could be asked for.
 */
export function embeddingsAnswerToMistral(bytes: Buffer): Buffer {
  const head = bytes.subarray(0, ENDS_BYTES);
  if (head.includes('"id"') || bytes.subarray(-ENDS_BYTES).includes('"id"')) return bytes;
  const brace = bytes.indexOf('{');
  const id = hash('md5', head, 'hex');
  return Buffer.concat([bytes.subarray(0, brace + 1), Buffer.from(`"id":"${id}",`), bytes.subarray(brace + 1)]);
}

/** Between the ends there are only numbers: a field of the answer itself stands before or after them. */
const ENDS_BYTES = 512;
