/** The closed request schemas of Mistral's inference surfaces. */
import { z } from 'zod';
import { messageSchema } from './schema-content.ts';

const metadata = z.record(z.string(), z.unknown()).nullish();
const stop = z.union([z.string(), z.array(z.string())]).nullish();

const sampling = {
  temperature: z.number().min(0).max(1.5).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  max_tokens: z.int().min(0).nullish(),
  stream: z.boolean().optional(),
  stop,
  random_seed: z.int().min(0).nullish(),
  metadata,
  prompt_cache_key: z.string().nullish(),
};

const responseFormat = z.strictObject({
  type: z.enum(['text', 'json_object', 'json_schema']).optional(),
  json_schema: z
    .strictObject({
      name: z.string(),
      description: z.string().nullish(),
      schema: z.record(z.string(), z.unknown()),
      strict: z.boolean().optional(),
    })
    .nullish(),
});

const functionTool = z.strictObject({
  type: z.literal('function').optional(),
  function: z.strictObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    description: z.string().optional(),
    strict: z.boolean().optional(),
    parameters: z.record(z.string(), z.unknown()),
  }),
});

/** Built-in tools have options of their own that nobody here reads. */
const builtInTool = z.looseObject({
  type: z.enum([
    'web_search',
    'web_search_premium',
    'code_interpreter',
    'image_generation',
    'document_library',
    'connector',
  ]),
});

const toolChoice = z.union([
  z.enum(['auto', 'none', 'any', 'required']),
  z.strictObject({ type: z.literal('function').optional(), function: z.strictObject({ name: z.string() }) }),
]);

const guardrail = z.strictObject({
  block_on_error: z.boolean().optional(),
  moderation_llm_v1: z.looseObject({}).nullish(),
  moderation_llm_v2: z.looseObject({}).nullish(),
});

export const chatSchema = z.strictObject({
  model: z.string(),
  messages: z.array(messageSchema),
  ...sampling,
  response_format: responseFormat.nullish(),
  tools: z
    .array(z.union([functionTool, builtInTool]))
    .max(128)
    .nullish(),
  tool_choice: toolChoice.nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  n: z.int().min(1).max(16).nullish(),
  prediction: z.strictObject({ type: z.literal('content').optional(), content: z.string() }).nullish(),
  parallel_tool_calls: z.boolean().optional(),
  /** Wider than any model: each model says for itself which ones it takes. */
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  prompt_mode: z.literal('reasoning').nullish(),
  guardrails: z.array(guardrail).nullish(),
  service_tier: z.enum(['auto', 'standard_only']).nullish(),
  safe_prompt: z.boolean().optional(),
  /** Not in the specification, but accepted: Vercel's AI SDK sends them. */
  document_image_limit: z.int().nullish(),
  document_page_limit: z.int().nullish(),
});

export const fimSchema = z.strictObject({
  model: z.string(),
  prompt: z.string(),
  suffix: z.string().nullish(),
  min_tokens: z.int().min(0).nullish(),
  ...sampling,
});

export const embeddingsSchema = z.strictObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string()).max(16_384)]),
  output_dimension: z.int().gt(0).max(3072).nullish(),
  output_dtype: z.enum(['float', 'int8', 'uint8', 'binary', 'ubinary']).optional(),
  encoding_format: z.enum(['float', 'base64']).optional(),
  metadata,
});

export const textInputSchema = z.strictObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string())]),
  metadata,
});

export const chatInputSchema = z.strictObject({
  model: z.string(),
  input: z.union([z.array(messageSchema), z.array(z.array(messageSchema))]),
});

export type ChatRequest = z.output<typeof chatSchema>;
