/**
 * The words of this library. A *surface* is what is asked for, a *dialect* is how it is spelt. A request keeps the
 * client's own bytes beside the parsed object, so that a pair of equal dialects forwards exactly what was sent.
 */
export type Dialect = 'mistral' | 'openai';

export type Surface = 'chat' | 'fim' | 'embeddings';

export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json | undefined;
}

/** A client's request, read once. Nothing in here is changed afterwards: every attempt writes its own body. */
export interface ClientRequest {
  readonly surface: Surface;
  readonly dialect: Dialect;
  readonly bytes: Buffer;
  /** The body with its long strings left out: for reading fields, never for writing them. */
  readonly outline: JsonObject;
  /** The whole body, parsed when first asked for. */
  readonly json: JsonObject;
  readonly model: string;
  readonly stream: boolean;
  /** Whether the client is to see usage in a stream: always on the Mistral dialect, asked for on OpenAI's. */
  readonly includeUsage: boolean;
}

/** Whom a body is written for: the dialect of the provider and the model name it knows. */
export interface WireTarget {
  readonly dialect: Dialect;
  readonly model: string;
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  /** Part of promptTokens. */
  readonly cachedTokens: number;
  /** Part of completionTokens. */
  readonly reasoningTokens: number;
  /** The tier the vendor says it served; the priority tier costs more. */
  readonly serviceTier?: string | undefined;
}

/** What an upstream says about its failure, whichever shape it chose. */
export interface UpstreamError {
  readonly message: string;
  readonly type: string | undefined;
  readonly code: string | undefined;
}

/** What is known of a whole answer without keeping it. */
export interface AnswerFacts {
  /** A well-formed JSON object that is an answer: not empty, not an error inside a 200. */
  readonly complete: boolean;
  readonly usage: Usage | undefined;
  readonly error: UpstreamError | undefined;
}

/** What the relay needs to know of one chunk of a stream. */
export interface ChunkFacts {
  /** The plain text delta of choice 0. */
  readonly text: string;
  /** Anything that a client would show or act on: text, thinking, a tool call, a refusal. */
  readonly content: boolean;
  /** Nothing in it but plain text, role, finish reason and usage. */
  readonly plain: boolean;
  readonly finishReason: string | undefined;
  readonly usage: Usage | undefined;
  readonly error: UpstreamError | undefined;
}

/** One per stream. */
export interface StreamTranslator {
  /**
   * The client's bytes for one upstream chunk; undefined when there is nothing to say yet. `raw` itself when nothing
   * needs changing; without `raw` the chunk is encoded anew.
   */
  push(json: JsonObject, raw: Buffer | undefined): Buffer | undefined;
  /** What is left to say, including the terminator. */
  end(): Buffer;
}
