/** Concurrent chats by the real OpenAI SDK, each checked against the text that the simulator must have given. */
import { answerFor } from '@leeward/mistral-sim';
import OpenAI from 'openai';
import { CLIENT_KEY, type GatewayProcess } from './gateway-process.ts';

export interface Tally {
  right: number;
  /** Answered without error, but not with the expected text. */
  readonly wrong: string[];
  readonly errors: unknown[];
}

export function clientOf(gateway: GatewayProcess, timeoutMs = 120_000): OpenAI {
  // The SDK's own retries would hide what the gateway lets through.
  return new OpenAI({ baseURL: `${gateway.dataUrl}/v1`, apiKey: CLIENT_KEY, maxRetries: 0, timeout: timeoutMs });
}

export interface Chat {
  readonly model?: string;
  readonly words?: number;
  /** Makes this chat's prompt, and with it the expected text, its own. */
  readonly name: string;
  readonly stream: boolean;
  readonly signal?: AbortSignal;
  readonly headers?: Record<string, string>;
}

/** The text that came, and the text that should have come. */
export async function chat(client: OpenAI, options: Chat): Promise<{ text: string; expected: string }> {
  const messages = [{ role: 'user' as const, content: `${options.name} [words=${options.words ?? 20}]` }];
  const request = { model: options.model ?? 'mistral-small-latest', messages };
  const expected = answerFor({ messages }).text;
  const callOptions = {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  };
  if (!options.stream) {
    const answer = await client.chat.completions.create(request, callOptions);
    return { text: answer.choices[0]?.message.content ?? '', expected };
  }
  let text = '';
  const stream = await client.chat.completions.create({ ...request, stream: true }, callOptions);
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return { text, expected };
}

/** Whether a chat is answered, and rightly; an error is a no. */
export function isAnswered(client: OpenAI, options: Chat): Promise<boolean> {
  return chat(client, options).then(
    ({ text, expected }) => text === expected,
    () => false,
  );
}

/** Has a chat and counts what comes of it. Never rejects: an error is a result. */
export async function countChat(tally: Tally, client: OpenAI, options: Chat): Promise<void> {
  try {
    const { text, expected } = await chat(client, options);
    if (text === expected) tally.right++;
    else tally.wrong.push(`${text} instead of ${expected}`);
  } catch (error) {
    tally.errors.push(error);
  }
}

/** `count` chats at once, every other one a stream. */
export async function chatAll(
  client: OpenAI,
  count: number,
  name: string,
  more: Partial<Chat> = {},
): Promise<Readonly<Tally>> {
  const tally: Tally = { right: 0, wrong: [], errors: [] };
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      countChat(tally, client, { ...more, name: `${name} ${index}`, stream: index % 2 === 1 }),
    ),
  );
  return tally;
}
