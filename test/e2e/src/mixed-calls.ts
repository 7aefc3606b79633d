/** One call of each kind that services make, by the two SDKs, each checked against what the simulator must have given. */
import { answerFor, embed } from '@leeward/mistral-sim';
import type { Mistral } from '@mistralai/mistralai';
import type OpenAI from 'openai';

export interface Clients {
  readonly openai: OpenAI;
  readonly mistral: Mistral;
}

export interface Compared {
  readonly got: unknown;
  readonly expected: unknown;
}

type MixedCall = (clients: Clients, name: string) => Promise<Compared>;

const MODEL = 'mistral-small-latest';
export const EMBEDDING_MODEL = 'mistral-embed';

const TIDE = {
  name: 'get_tide',
  description: 'The tide of a harbour.',
  parameters: {
    type: 'object',
    properties: { harbour: { type: 'string' }, metric: { type: 'boolean' } },
    required: ['harbour', 'metric'],
  },
};
const TOOLS = [{ type: 'function' as const, function: TIDE }];

const BERTH = {
  type: 'object',
  properties: { name: { type: 'string' }, length: { type: 'integer', minimum: 5, maximum: 60 } },
  required: ['name', 'length'],
  additionalProperties: false,
};
const BERTH_FORMAT = { type: 'json_schema' as const, json_schema: { name: 'berth', schema: BERTH, strict: true } };

const messagesOf = (content: string) => [{ role: 'user' as const, content }];
const textOf = (content: string, more: object = {}) => answerFor({ messages: messagesOf(content), ...more }).text;

/** Two at once; the ids are left out, because vendors differ in them. */
const toolPrompt = (name: string) => `${name}: use the tools. [calls=2]`;
const callsOf = (name: string) =>
  answerFor({ messages: messagesOf(toolPrompt(name)), tools: TOOLS }).toolCalls.map((call) => ({
    name: call.name,
    arguments: JSON.parse(call.arguments) as unknown,
  }));

/**
 * Tool calls and JSON are asked for as whole answers: begun as streams, they cannot be taken up elsewhere when they
 * break, and breaking them is what these tests do.
 */
export const MIXED_CALLS: Readonly<Record<string, MixedCall>> = {
  'a whole chat (openai)': async ({ openai }, name) => {
    const answer = await openai.chat.completions.create({ model: MODEL, messages: messagesOf(name) });
    return { got: answer.choices[0]?.message.content, expected: textOf(name) };
  },
  'a streamed chat (openai)': async ({ openai }, name) => {
    let got = '';
    const stream = await openai.chat.completions.create({ model: MODEL, messages: messagesOf(name), stream: true });
    for await (const chunk of stream) got += chunk.choices[0]?.delta.content ?? '';
    return { got, expected: textOf(name) };
  },
  'tools (openai)': async ({ openai }, name) => {
    const messages = messagesOf(toolPrompt(name));
    const answer = await openai.chat.completions.create({ model: MODEL, messages, tools: TOOLS });
    const calls = answer.choices[0]?.message.tool_calls ?? [];
    const got = calls.map((call) =>
      call.type === 'function'
        ? { name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown }
        : call.type,
    );
    return { got, expected: callsOf(name) };
  },
  'a JSON schema (openai)': async ({ openai }, name) => {
    const asked = { model: MODEL, messages: messagesOf(name), response_format: BERTH_FORMAT };
    const answer = await openai.chat.completions.create(asked);
    return { got: answer.choices[0]?.message.content, expected: textOf(name, { response_format: BERTH_FORMAT }) };
  },
  'embeddings (openai)': async ({ openai }, name) => {
    const { data } = await openai.embeddings.create({
      model: EMBEDDING_MODEL,
      input: [name],
      encoding_format: 'float',
    });
    return { got: data[0]?.embedding, expected: embed(name, 1024) };
  },
  'a whole chat (mistral)': async ({ mistral }, name) => {
    const answer = await mistral.chat.complete({ model: MODEL, messages: messagesOf(name) });
    return { got: answer.choices[0]?.message?.content, expected: textOf(name) };
  },
  'a streamed chat (mistral)': async ({ mistral }, name) => {
    let got = '';
    const stream = await mistral.chat.stream({ model: MODEL, messages: messagesOf(name) });
    for await (const { data } of stream) {
      const content = data.choices[0]?.delta.content;
      got += typeof content === 'string' ? content : '';
    }
    return { got, expected: textOf(name) };
  },
  'tools (mistral)': async ({ mistral }, name) => {
    const messages = messagesOf(toolPrompt(name));
    const answer = await mistral.chat.complete({ model: MODEL, messages, tools: TOOLS });
    const calls = answer.choices[0]?.message?.toolCalls ?? [];
    const got = calls.map(({ function: called }) => ({
      name: called.name,
      arguments: typeof called.arguments === 'string' ? (JSON.parse(called.arguments) as unknown) : called.arguments,
    }));
    return { got, expected: callsOf(name) };
  },
  'a JSON schema (mistral)': async ({ mistral }, name) => {
    const jsonSchema = { name: 'berth', schemaDefinition: BERTH, strict: true };
    const responseFormat = { type: 'json_schema' as const, jsonSchema };
    const answer = await mistral.chat.complete({ model: MODEL, messages: messagesOf(name), responseFormat });
    return {
      got: answer.choices[0]?.message?.content,
      expected: textOf(name, { response_format: BERTH_FORMAT }),
    };
  },
  'embeddings (mistral)': async ({ mistral }, name) => {
    const { data } = await mistral.embeddings.create({ model: EMBEDDING_MODEL, inputs: [name] });
    return { got: data[0]?.embedding, expected: embed(name, 1024) };
  },
};
