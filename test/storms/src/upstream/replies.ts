/** What a modelled upstream says, in Mistral's shapes, with as few chunks as tell the tale. */
import { CAPACITY_BODY, QUOTA_BODY } from '@leeward/testkit';

/** At ten times the usual time per token, a chunk still comes well within the idle limit. */
const TOKENS_PER_PIECE = 120;

export const QUOTA_BYTES = Buffer.from(JSON.stringify(QUOTA_BODY));
export const CAPACITY_BYTES = Buffer.from(JSON.stringify(CAPACITY_BODY));
export const REVOKED_BYTES = Buffer.from('{"detail":"Invalid API Key"}');
export const UNAVAILABLE_BYTES = Buffer.from('{"message":"upstream connect error"}');
export const JSON_HEADERS = { 'content-type': 'application/json' };
export const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8' };

/** An answer's text comes in numbered pieces: the first with the first token, the others a block of tokens each. */
export function piecesOf(answerTokens: number): number {
  return 1 + Math.ceil(answerTokens / TOKENS_PER_PIECE);
}

export function tokensOfPiece(piece: number, answerTokens: number): number {
  return piece === 0 ? 0 : Math.min(TOKENS_PER_PIECE, answerTokens - (piece - 1) * TOKENS_PER_PIECE);
}

export function textOfPiece(piece: number): string {
  return `part ${piece}. `;
}

/** By the number of their pieces: there are a handful. */
const answers = new Map<number, string>();

/** The whole text of an answer, as a client ought to have it in the end. */
export function textOfAnswer(answerTokens: number): string {
  const length = piecesOf(answerTokens);
  const known = answers.get(length);
  if (known !== undefined) return known;
  const text = Array.from({ length }, (_, piece) => textOfPiece(piece)).join('');
  answers.set(length, text);
  return text;
}

/** How many pieces are in what a continuation is to go on from. */
export function piecesIn(said: string): number {
  return said.split('. ').length - 1;
}

export function chunkBytes(index: number, text: string): Buffer {
  return Buffer.from(`data: ${chunkJson(index, text, 'null', '')}\n\n`);
}

export function lastBytes(index: number, text: string, usage: { prompt: number; answer: number }): Buffer {
  const { prompt, answer } = usage;
  const tokens = `,"usage":{"prompt_tokens":${prompt},"total_tokens":${prompt + answer},"completion_tokens":${answer}}`;
  return Buffer.from(`data: ${chunkJson(index, text, '"stop"', tokens)}\n\ndata: [DONE]\n\n`);
}

function chunkJson(index: number, text: string, finish: string, usage: string): string {
  const choice = `{"index":0,"delta":{"role":"assistant","content":"${text}"},"finish_reason":${finish}}`;
  return `{"id":"r${index}","object":"chat.completion.chunk","created":1,"model":"m","choices":[${choice}]${usage}}`;
}
