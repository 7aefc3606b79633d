/** What the two personalities have in common: the parts they are built from, and the questions the server asks them. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Clock, Rng } from '@leeward/kernel';
import type { Counters } from './counters.ts';
import type { FaultScript } from './faults/fault-script.ts';
import type { ErrorKind, Surface } from './faults/rule.ts';
import type { ErrorFrameForm, Reply, WholeReply } from './http/reply.ts';
import type { Router } from './http/router.ts';
import type { JsonObject } from './json.ts';
import type { Model, ModelTable } from './models.ts';
import type { SimulatorOptions } from './options.ts';
import type { Limit, Limiter } from './quota/limiter.ts';
import type { PromptCache } from './quota/prompt-cache.ts';

export interface SimulatorParts {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly options: SimulatorOptions;
  readonly faults: FaultScript;
  readonly counters: Counters;
  readonly limiter: Limiter;
  readonly cache: PromptCache;
}

/** Whose request it is: a key, and the workspace it draws on. */
export interface Account {
  readonly key: string;
  readonly workspace: string;
  /** The limit for a model, by its canonical entry. */
  readonly limitOf: (model: Model) => Limit;
}

/** One request, read as far as every handler needs it. */
export interface Call {
  readonly request: IncomingMessage;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The parsed body of a JSON route; an empty object elsewhere. */
  readonly json: JsonObject;
  readonly account: Account;
}

export interface Route {
  readonly surface: Surface;
  /** Whether the body is JSON: read, and its model and stream fields known to the fault script. */
  readonly json: boolean;
  readonly handle: (call: Call) => Reply;
}

export interface Personality {
  readonly name: 'mistral' | 'openai';
  readonly models: ModelTable;
  readonly router: Router<Route>;
  /** Headers of every answer, errors included. */
  readonly commonHeaders: () => OutgoingHttpHeaders;
  readonly accountOf: (authorization: string) => Account | undefined;
  readonly unknownPath: (method: string, path: string) => WholeReply;
  readonly unauthorized: (authorization: string) => WholeReply;
  readonly badJson: (message: string) => WholeReply;
  readonly tooLarge: () => WholeReply;
  readonly failed: () => WholeReply;
  readonly scriptedError: (kind: ErrorKind, call: Call) => WholeReply;
  /** The error that stands inside a 200, framed or whole. */
  readonly errorInside: (form: ErrorFrameForm) => string;
}

/** Accounts by key, for the workspaces of one personality. */
export function accountsOf(
  workspaces: Readonly<Record<string, { keys: readonly string[]; limits: Readonly<Record<string, Limit>> }>>,
  models: ModelTable,
  fallback: Limit,
): ReadonlyMap<string, Account> {
  const accounts = new Map<string, Account>();
  for (const [workspace, { keys, limits }] of Object.entries(workspaces)) {
    const byModel = new Map<string, Limit>();
    for (const [name, limit] of Object.entries(limits)) byModel.set(models.find(name)?.id ?? name, limit);
    const limitOf = (model: Model) => byModel.get(model.id) ?? model.limit ?? fallback;
    for (const key of keys) accounts.set(key, { key, workspace, limitOf });
  }
  return accounts;
}
