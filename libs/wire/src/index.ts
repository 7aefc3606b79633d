export { readAnswer } from './answer/read-answer.ts';
export { writeClientAnswer } from './answer/write-client-answer.ts';
export { readErrorBody } from './errors/read-error-body.ts';
export { writeErrorBody, writeErrorFrame } from './errors/write-error.ts';
export { type ModelList, mergeModelLists } from './models/merge-model-lists.ts';
export { isContinuable, writeContinuationRequest } from './request/continuation.ts';
export { readClientRequest } from './request/read-client-request.ts';
export { writeUpstreamRequest } from './request/write-upstream-request.ts';
export { SseDecoder, type SseEvent, SseOverflowError } from './sse/decoder.ts';
export { readChunk } from './stream/read-chunk.ts';
export { streamTranslator } from './stream/translator.ts';
export type {
  AnswerFacts,
  ChunkFacts,
  ClientRequest,
  Dialect,
  Json,
  JsonObject,
  StreamTranslator,
  Surface,
  UpstreamError,
  Usage,
  WireTarget,
} from './wire.ts';
export { costUsd } from './usage/cost.ts';
export { estimatePromptTokens } from './usage/estimate.ts';
