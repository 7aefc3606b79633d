/** What every client is asked, and what the simulator's answer to it must then be, whichever SDK did the asking. */
import { answerFor } from '@leeward/mistral-sim';

/** Forty words: enough for a dozen chunks, with letters of two and three bytes among them. */
export const QUESTION = 'What does the harbour look like at night? [words=40]';

/** Asks for two calls at once. */
export const TOOL_QUESTION = 'Use a tool to look at Lisbon and at its tide. [calls=2]';

export const WEATHER_TOOL = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a place.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 7 } },
      required: ['city', 'days'],
    },
  },
} as const;

export const TIDE_TOOL = {
  type: 'function',
  function: {
    name: 'get_tide',
    description: 'The tide of a harbour.',
    parameters: {
      type: 'object',
      properties: { harbour: { type: 'string' }, metric: { type: 'boolean' } },
      required: ['harbour', 'metric'],
    },
  },
} as const;

export const TOOLS = [WEATHER_TOOL, TIDE_TOOL];

/** What OpenAI's and Mistral's schemas of answers look like on the wire. */
export const BERTH_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    length: { type: 'integer', minimum: 5, maximum: 60 },
    free: { type: 'boolean' },
  },
  required: ['name', 'length', 'free'],
  additionalProperties: false,
} as const;

/** One red pixel. */
export const IMAGE_URL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

/** A word that no model of the simulator's has. */
export const NO_SUCH_MODEL = 'mistral-of-the-seas';

export const EXPECTED_TEXT = expectedText();

/** The text that answers QUESTION when the request also has these fields of the wire. */
export function expectedText(fields: object = {}): string {
  return answerFor({ messages: [{ role: 'user', content: QUESTION }], ...fields }).text;
}

/** The calls that TOOL_QUESTION leads to. */
export function expectedCalls(fields: object = {}): readonly { id: string; name: string; arguments: string }[] {
  return answerFor({ messages: [{ role: 'user', content: TOOL_QUESTION }], tools: TOOLS, ...fields }).toolCalls;
}

/** Calls without their ids, which differ between the vendors. */
export function namesAndArguments(calls: readonly { name: string; arguments: string }[]) {
  return calls.map((call) => ({ name: call.name, arguments: call.arguments }));
}

/** An SDK that has never been caught throwing is a test that has proved nothing. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a failure, and there was none');
}
