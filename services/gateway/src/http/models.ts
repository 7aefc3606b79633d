/** GET /v1/models: what the providers list, and the routes by their own names, one entry for each id; or one of them. */
import type { ServerResponse } from 'node:http';
import { type Clock, GatewayError } from '@leeward/kernel';
import { type Provider, wholeCall } from '@leeward/upstream';
import { type Dialect, type Json, type JsonObject, type ModelList, mergeModelLists } from '@leeward/wire';

/** Models come and go within days; a minute keeps the list off the vendors' request limits however often it is asked. */
const FRESH_MS = 60_000;

/** A list that takes longer is left out this time: the routes are known without it. */
const TIMEOUT_MS = 5000;

/** Mistral lists some 70 models in 60 KiB. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;

export interface ModelsDeps {
  readonly clock: Clock;
  readonly providers: readonly Provider[];
  readonly routeNames: readonly string[];
}

/** Lists of one generation of the config. Failing providers keep their last list, or are left out. */
export class Models {
  readonly #deps: ModelsDeps;
  readonly #lists = new Map<string, ModelList>();
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(deps: ModelsDeps) {
    this.#deps = deps;
  }

  async respond(response: ServerResponse, requestId: string, dialect: Dialect): Promise<void> {
    respondJson(response, requestId, await this.#merged(dialect));
  }

  /** The entry that the list has for this id. Throws GW_UNKNOWN_MODEL. */
  async respondOne(response: ServerResponse, requestId: string, dialect: Dialect, id: string): Promise<void> {
    const { data } = await this.#merged(dialect);
    const entry = Array.isArray(data) ? data.find((one) => idOf(one) === id) : undefined;
    if (entry === undefined) throw new GatewayError('GW_UNKNOWN_MODEL', 'GET /v1/models does not list this model.');
    respondJson(response, requestId, entry);
  }

  async #merged(dialect: Dialect): Promise<JsonObject> {
    if (this.#deps.clock.nowMs() - this.#fetchedAtMs > FRESH_MS) {
      // Whoever asks meanwhile waits for the same fetch; it outlives a client that leaves, for the next one's sake.
      this.#fetching ??= this.#fetch(new AbortController().signal).finally(() => {
        this.#fetching = undefined;
      });
      await this.#fetching;
    }
    return mergeModelLists([...this.#lists.values()], this.#deps.routeNames, dialect);
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#deps.providers.map((provider) => this.#fetchFrom(provider, signal)));
    this.#fetchedAtMs = this.#deps.clock.nowMs();
  }

  async #fetchFrom(provider: Provider, signal: AbortSignal): Promise<void> {
    const key = provider.keys.find(({ quarantine }) => quarantine.admits) ?? provider.keys[0];
    if (key === undefined) return;
    const basePath = new URL(provider.options.baseUrl).pathname.replace(/\/$/, '');
    const headers = { authorization: `Bearer ${key.secret.reveal()}`, accept: 'application/json' };
    try {
      const { status, bytes } = await wholeCall(
        provider.transport,
        { method: 'GET', path: `${basePath}/v1/models`, headers, body: undefined },
        { maxBytes: MAX_LIST_BYTES, timeoutMs: TIMEOUT_MS },
        this.#deps.clock,
        signal,
      );
      if (status !== 200) return;
      this.#lists.set(provider.name, {
        provider: provider.name,
        json: JSON.parse(bytes.toString()) as Json,
      });
    } catch {
      // A provider that does not answer, or not in JSON, must not take the list of the others away.
    }
  }
}

function idOf(entry: Json): Json | undefined {
  return typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? entry['id'] : undefined;
}

function respondJson(response: ServerResponse, requestId: string, json: Json): void {
  const body = Buffer.from(JSON.stringify(json));
  response.writeHead(200, {
    'x-request-id': requestId,
    'content-type': 'application/json',
    'content-length': String(body.length),
  });
  response.end(body);
}
