/**
 * What the upstream, the load generator and the subjects have agreed on: the keys, the answer, the form of a stream's
 * chunk. Framing and key order are Mistral's, so that a gateway that reads answers does its real work.
 */

/** The upstream accepts these alone: an answer proves that the subject sent one of them. */
export const UPSTREAM_KEYS = ['bench-upstream-key-a', 'bench-upstream-key-b', 'bench-upstream-key-c'] as const;

/** What Leeward's clients present; it must never reach the upstream. */
export const CLIENT_KEY = 'bench-client-key';

export const MODEL = 'mistral-small-latest';

const ID = '6dc3a7f0c1b24f0a9b6f4f6f2f6f1a2b';
const CREATED = 1_757_759_492;

export const ANSWER_TEXT =
  'The sheltered side of a ship is the side away from the wind, where the water is calmer and boats are lowered.';

export const USAGE = { prompt_tokens: 11, total_tokens: 42, completion_tokens: 31 };

/** About 400 bytes, like a short real answer. */
export const ANSWER = Buffer.from(
  JSON.stringify({
    id: ID,
    created: CREATED,
    model: MODEL,
    usage: USAGE,
    object: 'chat.completion',
    choices: [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', tool_calls: null, content: ANSWER_TEXT } },
    ],
  }),
);

function event(delta: object, rest: { finish: string | null; usage?: object; p?: string }): string {
  const { finish, usage, p } = rest;
  return `data: ${JSON.stringify({
    id: ID,
    object: 'chat.completion.chunk',
    created: CREATED,
    model: MODEL,
    choices: [{ index: 0, delta, finish_reason: finish }],
    usage,
    p,
  })}\n\n`;
}

export const ROLE_EVENT = event({ role: 'assistant', content: '' }, { finish: null });

/** Chunk `sequence` carries when it was sent, so that the client can tell a gap the subject made from the upstream's. */
export function contentEvent(sequence: number, sentMicros: number): string {
  const content = `${String(sequence).padStart(5, '0')}@${String(sentMicros).padStart(16, '0')} `;
  return event({ content }, { finish: null, p: 'abcdefghijklmnopqrstuvwxyz01234' });
}

/** The inverse, for one event's text; undefined when it carries no such content. */
export function readContentEvent(text: string): { sequence: number; sentMicros: number } | undefined {
  const at = text.indexOf('@');
  if (at < 5) return undefined;
  return { sequence: Number(text.slice(at - 5, at)), sentMicros: Number(text.slice(at + 1, at + 17)) };
}

export const LAST_EVENTS = `${event({ content: '' }, { finish: 'stop', usage: USAGE, p: 'abcdefghijklmnopqrst' })}data: [DONE]\n\n`;

export interface StreamShape {
  chunks: number;
  intervalMs: number;
}
