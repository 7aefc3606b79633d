/** The bytes of chat and FIM answers as Mistral writes them: keys in the order that was captured. */
import { type Frame, frame } from '../http/reply.ts';
import { drawBelow, hashText, seededRng } from '../seeded-rng.ts';
import type { Answer, AnsweredToolCall } from '../text/answer.ts';
import { countTokens, cutIntoGroups, drawnSizes } from '../text/tokens.ts';
import type { ChatUsage } from '../text/usage.ts';

export interface ChatAnswer {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  /** The name that was asked for; an alias is not resolved. */
  readonly model: string;
  readonly answers: readonly Answer[];
  readonly reasons: boolean;
  readonly usage: ChatUsage;
}

export interface StreamOptions {
  readonly padding: boolean;
  readonly chunkTokens: { readonly least: number; readonly most: number };
}

export function chatBody({ id, created, model, answers, reasons, usage }: ChatAnswer): string {
  const choices = answers.map((answer, index) => ({
    index,
    finish_reason: answer.finishReason,
    message: messageOf(answer, reasons),
  }));
  return JSON.stringify({ id, created, model, usage: usageOf(usage), object: 'chat.completion', choices });
}

function messageOf(answer: Answer, reasons: boolean): object {
  if (answer.toolCalls.length > 0) {
    return {
      content: '',
      tool_calls: answer.toolCalls.map((call, index) => ({
        id: call.id,
        function: { name: call.name, arguments: call.arguments },
        index,
      })),
      role: 'assistant',
    };
  }
  const content = reasons
    ? [
        { type: 'thinking', thinking: [{ type: 'text', text: answer.thinking }], closed: true },
        { type: 'text', text: answer.text },
      ]
    : answer.text;
  return { role: 'assistant', tool_calls: null, content };
}

function usageOf({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: ChatUsage): object {
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    ...(reasoningTokens > 0 ? { completion_tokens_details: { reasoning_tokens: reasoningTokens } } : {}),
  };
}

/**
 * The frames of a stream: the role chunk, the content in chunks of a few tokens, the finish with the usage, [DONE].
 * With several choices each is streamed in turn, and the usage rides on the very last chunk.
 */
export function chatFrames(chat: ChatAnswer, options: StreamOptions): Frame[] {
  const frames: Frame[] = [];
  const writer = chunkWriter(chat, options);
  for (const [index, answer] of chat.answers.entries()) {
    const usage = index === chat.answers.length - 1 ? chat.usage : undefined;
    frames.push(writer({ index, delta: '{"role":"assistant","content":""}', tokens: 0 }));
    if (answer.toolCalls.length > 0) {
      const delta = JSON.stringify({ tool_calls: answer.toolCalls.map(streamedCall) });
      frames.push(writer({ index, delta, tokens: answer.tokens, finish: 'tool_calls', usage }));
      continue;
    }
    if (chat.reasons) frames.push(...thinkingFrames(writer, index, answer.thinking, options));
    let pieces = piecesOf(answer, options);
    if (chat.reasons) {
      const [first, ...rest] = pieces;
      const text = first?.text ?? '';
      const parts = [
        { type: 'thinking', thinking: [{ type: 'text', text: '' }] },
        { type: 'text', text },
      ];
      frames.push(
        writer({ index, delta: JSON.stringify({ content: parts }), tokens: Math.max(1, first?.tokens ?? 1) }),
      );
      pieces = rest;
    }
    for (const piece of pieces) {
      frames.push(writer({ index, delta: `{"content":${JSON.stringify(piece.text)}}`, tokens: piece.tokens }));
    }
    frames.push(writer({ index, delta: '{"content":""}', tokens: 0, finish: answer.finishReason, usage }));
  }
  frames.push(frame('data: [DONE]\n\n'));
  return frames;
}

interface Chunk {
  readonly index: number;
  /** The delta as JSON. */
  readonly delta: string;
  readonly tokens: number;
  readonly finish?: Answer['finishReason'];
  readonly usage?: ChatUsage | undefined;
}

type ChunkWriter = (chunk: Chunk) => Frame;

const PADDING = 'abcdefghijklmnopqrstuvwxyz0123456789';

function chunkWriter({ id, created, model }: ChatAnswer, { padding }: StreamOptions): ChunkWriter {
  const head = `data: {"id":${JSON.stringify(id)},"object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},"choices":[{"index":`;
  const rng = seededRng(hashText(id));
  let first = true;
  return ({ index, delta, tokens, finish, usage }) => {
    const reason = finish === undefined ? 'null' : `"${finish}"`;
    const count = usage === undefined ? '' : `,"usage":${JSON.stringify(usageOf(usage))}`;
    const p = first || !padding ? '' : `,"p":"${PADDING.slice(0, 1 + drawBelow(rng, PADDING.length))}"`;
    first = false;
    return frame(`${head}${index},"delta":${delta},"finish_reason":${reason}}]${count}${p}}\n\n`, tokens);
  };
}

function streamedCall(call: AnsweredToolCall, index: number): object {
  return { id: call.id, type: 'function', index, function: { name: call.name, arguments: call.arguments } };
}

function thinkingFrames(writer: ChunkWriter, index: number, thinking: string, options: StreamOptions): Frame[] {
  const pieces = cutIntoGroups(thinking, drawnSizes(countTokens(thinking), options.chunkTokens));
  return [
    writer({ index, delta: '{"content":""}', tokens: 0 }),
    ...pieces.map(({ text, tokens }) => {
      const content = [{ type: 'thinking', thinking: [{ type: 'text', text }], closed: true }];
      return writer({ index, delta: JSON.stringify({ content }), tokens });
    }),
  ];
}

/** A repeated prefix comes at once, in one chunk, before what is generated. */
function piecesOf(answer: Answer, options: StreamOptions): { text: string; tokens: number }[] {
  const pieces = cutIntoGroups(answer.generated, drawnSizes(answer.tokens, options.chunkTokens));
  return answer.prefix === '' ? pieces : [{ text: answer.prefix, tokens: 1 }, ...pieces];
}

/** An error inside a stream, in the three forms that were seen or proposed. */
export function errorFrame(
  chat: Pick<ChatAnswer, 'id' | 'created' | 'model'>,
  form: 'nested' | 'flat' | 'finish',
): string {
  const { id, created, model } = chat;
  const flat = {
    object: 'error',
    message: 'Service unavailable.',
    type: 'internal_server_error',
    param: null,
    code: '3800',
    raw_status_code: 503,
  };
  const error = { message: flat.message, type: flat.type, param: null, code: flat.code };
  switch (form) {
    case 'nested':
      return `data: ${JSON.stringify({ error })}\n\n`;
    case 'flat':
      return `data: ${JSON.stringify(flat)}\n\n`;
    case 'finish': {
      const choices = [{ index: 0, delta: { content: '' }, finish_reason: 'error' }];
      return `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model, choices, error })}\n\n`;
    }
  }
}
