/** The bytes of OpenAI's chat answers: tool calls in fragments, and usage in a tail of its own when it is asked for. */
import { type Frame, frame } from '../http/reply.ts';
import type { Answer, AnsweredToolCall } from '../text/answer.ts';
import { cutIntoGroups, drawnSizes } from '../text/tokens.ts';
import type { ChatUsage } from '../text/usage.ts';

export interface ChatAnswer {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly answers: readonly Answer[];
  readonly usage: ChatUsage;
}

export interface StreamOptions {
  readonly includeUsage: boolean;
  readonly chunkTokens: { readonly least: number; readonly most: number };
}

const FINGERPRINT = 'fp_5100cda1ad';

export function chatBody({ id, created, model, answers, usage }: ChatAnswer): string {
  return JSON.stringify({
    id,
    object: 'chat.completion',
    created,
    model,
    choices: answers.map((answer, index) => ({
      index,
      message: {
        role: 'assistant',
        content: answer.toolCalls.length > 0 ? null : answer.text,
        ...(answer.toolCalls.length > 0 ? { tool_calls: answer.toolCalls.map(wholeCall) } : {}),
        refusal: null,
        annotations: [],
      },
      logprobs: null,
      finish_reason: answer.finishReason,
    })),
    usage: usageOf(usage),
    service_tier: 'default',
    system_fingerprint: FINGERPRINT,
  });
}

function usageOf({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: ChatUsage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

export function chatFrames(chat: ChatAnswer, options: StreamOptions): Frame[] {
  const frames: Frame[] = [];
  const chunk = chunkWriter(chat, options.includeUsage);
  for (const [index, answer] of chat.answers.entries()) {
    const [call] = answer.toolCalls;
    if (call === undefined) {
      frames.push(chunk(index, { role: 'assistant', content: '', refusal: null }));
      for (const piece of cutIntoGroups(answer.text, drawnSizes(answer.tokens, options.chunkTokens))) {
        frames.push(chunk(index, { content: piece.text }, piece.tokens));
      }
    } else {
      frames.push(chunk(index, { role: 'assistant', content: null, refusal: null }));
      for (const [at, called] of answer.toolCalls.entries()) frames.push(...callFrames(chunk, index, at, called));
    }
    frames.push(chunk(index, {}, 0, answer.finishReason));
  }
  if (options.includeUsage) frames.push(usageTail(chat));
  frames.push(frame('data: [DONE]\n\n'));
  return frames;
}

type ChunkWriter = (index: number, delta: object, tokens?: number, finish?: Answer['finishReason']) => Frame;

function chunkWriter(chat: ChatAnswer, includeUsage: boolean): ChunkWriter {
  const head = headOf(chat);
  // With usage asked for, every chunk before the tail says null.
  const tail = includeUsage ? ',"usage":null}\n\n' : '}\n\n';
  return (index, delta, tokens = 0, finish) => {
    const reason = finish === undefined ? 'null' : `"${finish}"`;
    const choice = `{"index":${index},"delta":${JSON.stringify(delta)},"logprobs":null,"finish_reason":${reason}}`;
    return frame(`${head}[${choice}]${tail}`, tokens);
  };
}

function headOf({ id, created, model }: ChatAnswer): string {
  return `data: {"id":${JSON.stringify(id)},"object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},"service_tier":"default","system_fingerprint":"${FINGERPRINT}","choices":`;
}

function usageTail(chat: ChatAnswer): Frame {
  return frame(`${headOf(chat)}[],"usage":${JSON.stringify(usageOf(chat.usage))}}\n\n`);
}

/** The name first, with empty arguments; then the arguments, a few characters at a time. */
function callFrames(chunk: ChunkWriter, index: number, at: number, call: AnsweredToolCall): Frame[] {
  const opening = { index: at, ...wholeCall(call), function: { name: call.name, arguments: '' } };
  return [
    chunk(index, { tool_calls: [opening] }, 1),
    ...cutIntoGroups(call.arguments, () => 2).map((piece) =>
      chunk(index, { tool_calls: [{ index: at, function: { arguments: piece.text } }] }, piece.tokens),
    ),
  ];
}

/** OpenAI's ids are longer than Mistral's; the first nine characters after the underscore are the same call's. */
function wholeCall(call: AnsweredToolCall) {
  return {
    id: `call_${call.id}${call.id}${call.id.slice(0, 6)}`,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  };
}

export function errorFrame(
  chat: Pick<ChatAnswer, 'id' | 'created' | 'model'>,
  form: 'nested' | 'flat' | 'finish',
): string {
  const error = {
    message: 'The server had an error processing your request. Sorry about that!',
    type: 'server_error',
    param: null,
    code: null,
  };
  if (form !== 'finish')
    return `data: ${JSON.stringify(form === 'nested' ? { error } : { object: 'error', ...error })}\n\n`;
  const choices = [{ index: 0, delta: { content: '' }, logprobs: null, finish_reason: 'error' }];
  return `data: ${JSON.stringify({ ...chat, object: 'chat.completion.chunk', choices, error })}\n\n`;
}
