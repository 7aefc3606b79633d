/**
 * `leeward keys`: asks each configured key what it may do. One GET /v1/models tells whether it is valid and for which
 * models; a few chats of one token, one after the other, tell the quota that the vendor states in its headers (only
 * unstreamed answers carry them) and the latency. Everything is bounded: time, bytes, names shown, keys at once.
 *
 * This is an operator's tool off the hot path, so Node's own fetch is enough.
 */
import type { Clock } from '@leeward/kernel';
import type { KeyOptions, ProviderOptions } from '@leeward/upstream';
import type { Settings } from '../config/settings.ts';
import { rounded } from '../record/rounded.ts';

export interface KeyReport {
  readonly provider: string;
  readonly key: string;
  readonly state: KeyState;
  /** Why, when it is not valid: a status or an error code. Never an upstream's words, which may repeat the key. */
  readonly reason: string | undefined;
  readonly models: { readonly count: number; readonly names: readonly string[] };
  /** The vendor's rate headers, by name. */
  readonly quota: Readonly<Record<string, string>>;
  readonly latency: Latency | undefined;
}

/** `unclear`: the provider answered, with neither a yes nor a no (a 404, a 429, a 5xx). */
export type KeyState = 'valid' | 'rejected' | 'unreachable' | 'unclear';

export interface Latency {
  readonly model: string;
  readonly requests: number;
  readonly succeeded: number;
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
}

export interface KeysOptions {
  /** Chats per key, one after the other. */
  readonly requests: number;
  /** For one answer, from the call to its last byte. */
  readonly timeoutMs: number;
}

/** Few enough to disturb nobody's latency, enough for a config of hundreds of keys to end within minutes. */
const KEYS_AT_ONCE = 4;

/** Mistral lists some 70 models in 60 KiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** More names than this fill a screen. */
const MAX_NAMES = 100;

/** Vendors send fewer; what answers in their place may send anything. */
const MAX_QUOTA_HEADERS = 20;

export async function inspectKeys(
  settings: Settings,
  options: KeysOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<KeyReport[]> {
  const waiting = Object.entries(settings.providers).flatMap(([name, provider]) => {
    return provider.keys.map((key) => ({ name, provider, key, wanted: chatModels(settings, name) }));
  });
  const reports: KeyReport[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < waiting.length; index = next++) {
      const one = waiting[index];
      if (one !== undefined) reports[index] = await new Inspection(one, options, clock, signal).run();
    }
  };
  await Promise.all(Array.from({ length: KEYS_AT_ONCE }, work));
  return reports;
}

/** Enough to tell a slow key from a slow answer, and no more than a few tokens. */
const ONE_KEY: KeysOptions = { requests: 3, timeoutMs: 10_000 };

/** One of them, for the console; undefined when there is no such key. */
export async function inspectKey(
  settings: Settings,
  { provider: name, key: keyName }: { readonly provider: string; readonly key: string },
  clock: Clock,
  signal: AbortSignal,
): Promise<KeyReport | undefined> {
  const provider = Object.hasOwn(settings.providers, name) ? settings.providers[name] : undefined;
  const key = provider?.keys.find((one) => one.name === keyName);
  if (provider === undefined || key === undefined) return undefined;
  const wanted = chatModels(settings, name);
  return new Inspection({ name, provider, key, wanted }, ONE_KEY, clock, signal).run();
}

interface Inspected {
  readonly name: string;
  readonly provider: ProviderOptions;
  readonly key: KeyOptions;
  /** The chat models that routes send to this provider, in their order. */
  readonly wanted: readonly string[];
}

type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Headers; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: string };

class Inspection {
  readonly #one: Inspected;
  readonly #options: KeysOptions;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;

  constructor(one: Inspected, options: KeysOptions, clock: Clock, signal: AbortSignal) {
    this.#one = one;
    this.#options = options;
    this.#clock = clock;
    this.#signal = signal;
  }

  async run(): Promise<KeyReport> {
    const listing = await this.#call('/v1/models', undefined);
    const listed = listing.kind === 'answered' && listing.status === 200 ? listedModels(listing.text) : [];
    const names = [...new Set(listed.flatMap(({ names }) => names))].toSorted();
    const report = {
      provider: this.#one.name,
      key: this.#one.key.name,
      models: { count: names.length, names: names.slice(0, MAX_NAMES) },
      quota: {},
      latency: undefined,
    };
    const judged = judge(listing);
    const model =
      judged.state === 'valid' || judged.state === 'unclear' ? pickModel(this.#one.wanted, listed) : undefined;
    if (model === undefined) return { ...report, ...judged };
    const bench = await this.#bench(model);
    // A provider without a list of models still says by its answers whether the key is good.
    const final = judged.state === 'unclear' && bench.first !== undefined ? judge(bench.first) : judged;
    return { ...report, ...final, quota: bench.quota, latency: bench.latency };
  }

  async #bench(model: string) {
    const timings: number[] = [];
    let quota: Record<string, string> = {};
    let first: Answer | undefined;
    for (let request = 0; request < this.#options.requests && !this.#signal.aborted; request++) {
      const startedMs = this.#clock.nowMs();
      const answer = await this.#call('/v1/chat/completions', tinyChat(this.#one.provider.dialect, model));
      const tookMs = rounded(this.#clock.nowMs() - startedMs);
      first ??= answer;
      if (answer.kind === 'failed') continue;
      const seen = quotaHeaders(answer.headers);
      if (Object.keys(seen).length > 0) quota = seen;
      if (answer.status === 200) timings.push(tookMs);
      else if (answer.status === 401 || answer.status === 403) break;
    }
    const latency: Latency = {
      model,
      requests: this.#options.requests,
      succeeded: timings.length,
      p50Ms: percentile(timings, 0.5),
      p95Ms: percentile(timings, 0.95),
    };
    return { quota, latency, first };
  }

  async #call(path: string, body: object | undefined): Promise<Answer> {
    const { provider, key } = this.#one;
    try {
      const response = await fetch(`${provider.baseUrl}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${key.secret.reveal()}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A redirect would carry the key to a host that nobody configured.
        redirect: 'manual',
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(this.#options.timeoutMs)]),
      });
      return {
        kind: 'answered',
        status: response.status,
        headers: response.headers,
        text: await boundedText(response),
      };
    } catch (error) {
      return { kind: 'failed', reason: failureName(error) };
    }
  }
}

function judge(answer: Answer): { state: KeyState; reason: string | undefined } {
  if (answer.kind === 'failed') return { state: 'unreachable', reason: answer.reason };
  const { status } = answer;
  if (status === 200) return { state: 'valid', reason: undefined };
  return { state: status === 401 || status === 403 ? 'rejected' : 'unclear', reason: `status ${status}` };
}

interface ListedModel {
  readonly names: readonly string[];
  /** What the vendor says; undefined when it does not. */
  readonly chat: boolean | undefined;
}

function listedModels(text: string): ListedModel[] {
  const data = field(parsed(text), 'data');
  if (!Array.isArray(data)) return [];
  return data.map((entry: unknown) => {
    const aliases = field(entry, 'aliases');
    const others: readonly unknown[] = Array.isArray(aliases) ? aliases : [];
    const names = [field(entry, 'id'), ...others].filter(isModelName);
    const chat = field(field(entry, 'capabilities'), 'completion_chat');
    return { names, chat: typeof chat === 'boolean' ? chat : undefined };
  });
}

/** Names come from a remote: only what cannot garble a terminal is shown or used. */
function isModelName(name: unknown): name is string {
  return typeof name === 'string' && /^[\x21-\x7e]{1,200}$/.test(name);
}

/** Used only where the provider does not say what a model can do. */
const NOT_CHAT = /embed|moderation|ocr|whisper|voxtral|tts|transcri|dall-e|image|audio|realtime/i;

function chatModels({ routes }: Settings, provider: string): string[] {
  const models = Object.entries(routes).flatMap(([route, { pools }]) => {
    const entries = pools.flat().filter((entry) => entry.provider === provider);
    return entries.flatMap(({ model }) => model ?? (route === '*' ? [] : route));
  });
  return models.filter((model) => !NOT_CHAT.test(model));
}

/** The first that routes want and the key may use; with nothing but a wildcard route, a small one of the list. */
function pickModel(wanted: readonly string[], listed: readonly ListedModel[]): string | undefined {
  const chat = listed
    .filter((one) => one.chat ?? !one.names.some((name) => NOT_CHAT.test(name)))
    .flatMap(({ names }) => names);
  if (chat.length === 0) return wanted[0];
  return wanted.find((model) => chat.includes(model)) ?? chat.find((name) => /small|mini/.test(name)) ?? chat[0];
}

/** OpenAI's newer models know only the longer name, and refuse an answer too short for their reasoning. */
function tinyChat(dialect: ProviderOptions['dialect'], model: string): object {
  const messages = [{ role: 'user', content: 'Hi' }];
  return dialect === 'mistral' ? { model, messages, max_tokens: 1 } : { model, messages, max_completion_tokens: 16 };
}

function quotaHeaders(headers: Headers): Record<string, string> {
  const found = [...headers].filter(
    ([name, value]) => name.startsWith('x-ratelimit') && /^[\x20-\x7e]{1,64}$/.test(value),
  );
  return Object.fromEntries(found.slice(0, MAX_QUOTA_HEADERS));
}

/** Nearest rank: of five timings the 95th percentile is the slowest. */
export function percentile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((left, right) => left - right)[Math.max(0, Math.ceil(share * values.length) - 1)];
}

async function boundedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > MAX_ANSWER_BYTES) throw new Error('the answer is too large', { cause: { code: 'TOO_LARGE' } });
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** The system's or fetch's code only: a message may hold the URL or what the upstream said. */
function failureName(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  const code = field(field(error, 'cause'), 'code');
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'failed';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is not a list of models, which is what the caller looks for.
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
