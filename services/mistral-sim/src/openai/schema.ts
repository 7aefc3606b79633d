/** OpenAI's request fields, as far as a gateway sends them. Closed: what is not named here is refused by name. */
import { z } from 'zod';
import { at } from '../json.ts';
import { badRequest } from './errors.ts';

const part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({
    type: z.literal('image_url'),
    image_url: z.strictObject({ url: z.string(), detail: z.enum(['auto', 'low', 'high', 'original']).optional() }),
  }),
  z.strictObject({
    type: z.literal('input_audio'),
    input_audio: z.strictObject({ data: z.string(), format: z.enum(['wav', 'mp3']) }),
  }),
  z.strictObject({ type: z.literal('file'), file: z.looseObject({}) }),
  z.strictObject({ type: z.literal('refusal'), refusal: z.string() }),
]);

const content = z.union([z.string(), z.array(part)]);
const name = z.string().optional();

const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content, name }),
  z.strictObject({ role: z.literal('developer'), content, name }),
  z.strictObject({ role: z.literal('user'), content, name }),
  z.strictObject({
    role: z.literal('assistant'),
    content: content.nullish(),
    name,
    refusal: z.string().nullish(),
    annotations: z.array(z.unknown()).optional(),
    audio: z.looseObject({}).nullish(),
    tool_calls: z.array(toolCall).optional(),
  }),
  // `name`: OpenAI's reference leaves it out, its examples and LangChain send it, and it is taken.
  z.strictObject({ role: z.literal('tool'), content, tool_call_id: z.string(), name }),
]);

const tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});

const toolChoice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: z.string() }) }),
]);

const responseFormat = z.strictObject({
  type: z.enum(['text', 'json_object', 'json_schema']),
  json_schema: z
    .strictObject({
      name: z.string(),
      description: z.string().optional(),
      schema: z.record(z.string(), z.unknown()).optional(),
      strict: z.boolean().nullish(),
    })
    .optional(),
});

export const chatSchema = z.strictObject({
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  n: z.int().min(1).max(128).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  seed: z.int().nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  tools: z.array(tool).max(128).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  response_format: responseFormat.optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
  verbosity: z.enum(['low', 'medium', 'high']).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  store: z.boolean().nullish(),
  user: z.string().optional(),
  safety_identifier: z.string().optional(),
  prompt_cache_key: z.string().optional(),
  service_tier: z.enum(['auto', 'default', 'flex', 'scale', 'priority']).nullish(),
  prediction: z.strictObject({ type: z.literal('content'), content }).nullish(),
  modalities: z.array(z.enum(['text', 'audio'])).nullish(),
});

export const embeddingsSchema = z.strictObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string()).min(1).max(2048)]),
  dimensions: z.int().min(1).max(3072).optional(),
  encoding_format: z.enum(['float', 'base64']).optional(),
  user: z.string().optional(),
});

/** The request as the schema reads it; throws OpenAI's 400, which names the first thing wrong. */
export function validate<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues.flatMap((one) => innermost(one, []));
  if (issue === undefined) throw badRequest('Invalid request.');
  const { path, keys, message } = issue;
  const [key = ''] = keys;
  if (keys.length > 0 && path.length === 0) {
    throw badRequest(`Unrecognized request argument${keys.length > 1 ? 's' : ''} supplied: ${keys.join(', ')}`);
  }
  if (keys.length > 0) {
    const param = paramOf([...path, key]);
    throw badRequest(`Unknown parameter: '${param}'.`, param, 'unknown_parameter');
  }
  const param = paramOf(path);
  if (at(body, path) === undefined) {
    throw badRequest(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');
  }
  throw badRequest(`Invalid value for '${param}': ${message}.`, param, 'invalid_value');
}

interface Found {
  readonly path: readonly PropertyKey[];
  readonly keys: readonly string[];
  readonly message: string;
}

function innermost(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): Found[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') return [{ path, keys: issue.keys, message: issue.message }];
  if (issue.code === 'invalid_union') {
    const deeper = issue.errors.find(([first]) => first !== undefined && first.path.length > 0);
    if (deeper !== undefined) return deeper.flatMap((inner) => innermost(inner, path));
  }
  return [{ path, keys: [], message: issue.message }];
}

/** `messages[0].content`, as OpenAI writes a path. */
function paramOf(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`))
    .join('');
}
