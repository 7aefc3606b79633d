/**
 * The client's stream, across all attempts of an exchange. Nothing is sent before the first content (the commit), so
 * that a failure up to then is invisible; afterwards it keeps what a continuation needs, and ends the stream honestly.
 *
 * A continuation (recovery: resume) is asked to go on from what was said, and its answer repeats that first. The relay
 * swallows exactly the repetition, gives the rest the ids the client already knows, and adds the usage up so that it
 * reads as one answer to one prompt: what was said moves from the continuation's prompt to the completion. A broken
 * stream tells no usage of its own, so that text is counted at four characters a token.
 */
import type { Clock, GatewayError } from '@leeward/kernel';
import {
  type ChunkFacts,
  type ClientRequest,
  type Dialect,
  estimatePromptTokens,
  isContinuable,
  type JsonObject,
  type StreamTranslator,
  streamTranslator,
  type Usage,
  writeErrorFrame,
} from '@leeward/wire';
import type { Downstream, Served } from './exchange.ts';

/** More text than this is not kept for a continuation: about 60,000 tokens, beyond any model's single answer. */
const MAX_SAID = 256 * 1024;

/** About, in English: a stream that broke off did not say how many tokens it gave. */
const CHARACTERS_PER_TOKEN = 4;

const KEEP_ALIVE = Buffer.from(': keepalive\n\n');

/** Load balancers cut connections that are silent for a minute; a comment every quarter of that keeps them open. */
const KEEP_ALIVE_MS = 15_000;

export interface Chunk {
  readonly json: JsonObject;
  readonly raw: Buffer;
  readonly facts: ChunkFacts;
}

export class StreamRelay {
  readonly #clock: Clock;
  readonly #request: ClientRequest;
  readonly #downstream: Downstream;
  #resumes: boolean;
  #translator: StreamTranslator | undefined;
  #identity: { id: string; created: number; model: string } | undefined;
  #said = '';
  #saidBefore = '';
  /** Of all text, also of an answer that cannot be continued. */
  #saidCharacters = 0;
  /** What a continuation repeats: undefined outside of one. `heard` grows until it covers `expected`. */
  #repetition: { readonly expected: string; heard: string } | undefined;
  #continued = false;
  #usage: Usage | undefined;
  #out: Buffer[] = [];
  #lastWriteAtMs: number | undefined;
  /** When the client last got anything at all, a comment included. */
  #lastSignAtMs = 0;
  #from: Dialect | undefined;

  firstTokenAtMs: number | undefined;
  maxGapMs = 0;

  constructor(clock: Clock, request: ClientRequest, downstream: Downstream, recovery: 'resume' | 'error') {
    this.#clock = clock;
    this.#request = request;
    this.#downstream = downstream;
    this.#resumes = recovery === 'resume' && isContinuable(request);
  }

  get committed(): boolean {
    return this.firstTokenAtMs !== undefined;
  }

  /** What the client has of the answer, when a continuation can go on from it; else undefined. */
  get resumableText(): string | undefined {
    return this.#resumes && this.#said !== '' ? this.#said : undefined;
  }

  get usage(): Usage | undefined {
    return this.#usage;
  }

  commit(served: Served, from: Dialect): void {
    this.firstTokenAtMs = this.#clock.nowMs();
    this.#lastSignAtMs = this.firstTokenAtMs;
    this.#from = from;
    this.#translator = streamTranslator(this.#request, from);
    this.#downstream.beginStream(served);
  }

  /** The next chunks come from another target, which begins by repeating what was said. */
  expectRepetition(from: Dialect): void {
    // Plain text leaves nothing behind in a translator, so another may take over.
    if (from !== this.#from) this.#translator = streamTranslator(this.#request, from);
    this.#from = from;
    this.#saidBefore = this.#said;
    this.#repetition = { expected: this.#said, heard: '' };
    this.#continued = true;
  }

  /** False when a continuation says something else than it was told to go on from. */
  push(chunk: Chunk): boolean {
    const { facts } = chunk;
    if (!this.#continued) {
      this.#note(chunk.json, facts);
      this.#saidCharacters += facts.text.length;
      if (facts.usage !== undefined) this.#usage = facts.usage;
      this.#translate(chunk.json, chunk.raw);
      return true;
    }
    const text = this.#withoutRepetition(facts);
    if (text === undefined) return false;
    this.#said += text;
    this.#saidCharacters += text.length;
    if (!facts.plain || this.#said.length > MAX_SAID) this.#resumes = false;
    if (text === '' && facts.finishReason === undefined && facts.plain) return true;
    this.#translate(this.#adopt(chunk.json, facts, text), undefined);
    return true;
  }

  /** Everything has been said. */
  finish(): void {
    if (this.#translator !== undefined) this.#out.push(this.#translator.end());
    this.flush();
    this.#downstream.end();
  }

  /** The stream broke and cannot go on: says so in the one form that every SDK understands, never a clean end. */
  fail(error: GatewayError): void {
    const identity = this.#identity ?? { id: 'leeward', created: 0, model: this.#request.model };
    const { code, type, message } = error;
    this.#out.push(writeErrorFrame({ code, type, message }, { ...identity, usage: this.#brokenUsage }));
    this.flush();
    this.#downstream.end();
  }

  get keepAliveAtMs(): number {
    return this.committed ? this.#lastSignAtMs + KEEP_ALIVE_MS : Number.POSITIVE_INFINITY;
  }

  keepAlive(): void {
    this.#lastSignAtMs = this.#clock.nowMs();
    this.#downstream.write(KEEP_ALIVE);
  }

  onDrain(resume: () => void): void {
    this.#downstream.onDrain(resume);
  }

  /** Sends what has gathered, in one write; false when the client is slower than we are. */
  flush(): boolean {
    const [first] = this.#out;
    if (first === undefined) return true;
    const bytes = this.#out.length === 1 ? first : Buffer.concat(this.#out);
    this.#out = [];
    const nowMs = this.#clock.nowMs();
    if (this.#lastWriteAtMs !== undefined) this.maxGapMs = Math.max(this.maxGapMs, nowMs - this.#lastWriteAtMs);
    this.#lastWriteAtMs = nowMs;
    this.#lastSignAtMs = nowMs;
    return this.#downstream.write(bytes);
  }

  #translate(json: JsonObject, raw: Buffer | undefined): void {
    const bytes = this.#translator?.push(json, raw);
    if (bytes !== undefined) this.#out.push(bytes);
  }

  /**
   * Mistral sends the usage with the finish reason, and there are clients that see the one only beside the other. The
   * broken stream told none, so it is estimated. OpenAI's clients get none that they did not ask for.
   */
  get #brokenUsage(): Usage | undefined {
    if (this.#request.dialect !== 'mistral') return undefined;
    if (this.#usage !== undefined) return this.#usage;
    const promptTokens = estimatePromptTokens(this.#request);
    const completionTokens = Math.ceil(this.#saidCharacters / CHARACTERS_PER_TOKEN);
    const totalTokens = promptTokens + completionTokens;
    return { promptTokens, completionTokens, totalTokens, cachedTokens: 0, reasoningTokens: 0 };
  }

  #note(json: JsonObject, facts: ChunkFacts): void {
    this.#identity ??= {
      id: typeof json['id'] === 'string' ? json['id'] : 'leeward',
      created: typeof json['created'] === 'number' ? json['created'] : 0,
      model: typeof json['model'] === 'string' ? json['model'] : this.#request.model,
    };
    if (!this.#resumes) return;
    if (!facts.plain || facts.finishReason !== undefined) this.#resumes = false;
    else if (facts.text !== '') {
      this.#said += facts.text;
      if (this.#said.length > MAX_SAID) this.#resumes = false;
    }
    if (!this.#resumes) this.#said = '';
  }

  #withoutRepetition(facts: ChunkFacts): string | undefined {
    const repetition = this.#repetition;
    if (repetition === undefined) return facts.text;
    const heard = repetition.heard + facts.text;
    repetition.heard = heard;
    const { expected } = repetition;
    if (heard.length < expected.length) {
      const over = facts.finishReason !== undefined;
      return expected.startsWith(heard) && !over ? '' : undefined;
    }
    if (!heard.startsWith(expected)) return undefined;
    this.#repetition = undefined;
    return heard.slice(expected.length);
  }

  /** The continuation's chunk as part of the stream that the client knows. */
  #adopt(json: JsonObject, facts: ChunkFacts, text: string): JsonObject {
    const adopted: JsonObject = { ...json, ...this.#identity };
    delete adopted['p'];
    // A null usage ends Mistral's SDK with an exception.
    delete adopted['usage'];
    if (facts.plain) {
      adopted['choices'] = [{ index: 0, delta: { content: text }, finish_reason: facts.finishReason ?? null }];
    }
    if (facts.usage !== undefined) {
      this.#usage = this.#addUp(facts.usage);
      adopted['usage'] = {
        prompt_tokens: this.#usage.promptTokens,
        total_tokens: this.#usage.totalTokens,
        completion_tokens: this.#usage.completionTokens,
      };
    }
    return adopted;
  }

  #addUp(continuation: Usage): Usage {
    const said = Math.ceil(this.#saidBefore.length / CHARACTERS_PER_TOKEN);
    const promptTokens = Math.max(0, continuation.promptTokens - said);
    const completionTokens = said + continuation.completionTokens;
    return { ...continuation, promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
  }
}
