/** Messages and their content chunks as Mistral's closed schema has them: an extra field at any depth is an error. */
import { z } from 'zod';

const text = z.strictObject({ type: z.literal('text'), text: z.string() });

const image = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.union([
    z.string(),
    z.strictObject({ url: z.string(), detail: z.enum(['low', 'auto', 'high']).nullish() }),
  ]),
});

const documentUrl = z.strictObject({
  type: z.literal('document_url'),
  document_url: z.string(),
  document_name: z.string().nullish(),
});

const file = z.strictObject({ type: z.literal('file'), file_id: z.string() });

const reference = z.strictObject({
  type: z.literal('reference'),
  reference_ids: z.array(z.union([z.int(), z.string()])),
});

const audio = z.strictObject({ type: z.literal('input_audio'), input_audio: z.string() });

const toolReference = z.strictObject({
  type: z.literal('tool_reference'),
  tool: z.string(),
  title: z.string(),
  url: z.string().nullish(),
  favicon: z.string().nullish(),
  description: z.string().nullish(),
});

const thinking = z.strictObject({
  type: z.literal('thinking'),
  thinking: z.array(z.discriminatedUnion('type', [text, reference, toolReference])),
  signature: z.string().nullish(),
  closed: z.boolean().nullish(),
});

const chunk = z.discriminatedUnion('type', [text, image, documentUrl, file, reference, thinking, audio]);
const content = z.union([z.string(), z.array(chunk), z.null()]);

const toolCall = z.strictObject({
  id: z.string().nullish(),
  type: z.literal('function').nullish(),
  function: z.strictObject({ name: z.string(), arguments: z.union([z.string(), z.record(z.string(), z.unknown())]) }),
  index: z.int().nullish(),
});

export const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.literal('system'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [text, thinking]))]),
  }),
  z.strictObject({ role: z.literal('user'), content }),
  z.strictObject({
    role: z.literal('assistant'),
    content: content.optional(),
    tool_calls: z.array(toolCall).nullish(),
    prefix: z.boolean().optional(),
  }),
  z.strictObject({
    role: z.literal('tool'),
    content,
    tool_call_id: z.string().nullish(),
    name: z.string().nullish(),
  }),
]);

export type Message = z.output<typeof messageSchema>;
