/**
 * One request from its arrival to its end: route, key, counters, fault plan, handler, delivery. The order is such that
 * a scripted fault strikes before the request is judged, as an outage does.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Counts } from './counters.ts';
import type { Plan } from './faults/fault-script.ts';
import type { Fault, InsideFault } from './faults/rule.ts';
import { AT_ONCE, deliver, later, type Pace } from './http/delivery.ts';
import { headerText, JSON_TYPE, Refusal, type Reply, type WholeReply } from './http/reply.ts';
import { asText, isObject, type JsonObject } from './json.ts';
import type { Account, Call, Personality, Route, SimulatorParts } from './personality.ts';

const NO_FAULT: Plan = { firstTokenMs: 0, perTokenMs: undefined, fault: undefined };

/** Faults after which it was the simulator that broke the connection, not the client. */
const BREAKING = new Set<Fault['kind']>(['refuse', 'reset-before-first-byte', 'reset-mid-stream']);

export function serve(
  parts: SimulatorParts,
  personality: Personality,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): void {
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  const send = (reply: Reply, pace: Pace = AT_ONCE) => {
    const headers = { ...personality.commonHeaders(), ...reply.headers };
    deliver({ clock: parts.clock, response }, { ...reply, headers }, pace);
  };
  const match = personality.router.find(request.method ?? 'GET', path);
  if (match === undefined) {
    send(personality.unknownPath(request.method ?? 'GET', path));
    return;
  }
  const authorization = headerText(request.headers.authorization);
  const account = personality.accountOf(authorization);
  const route = match.handler;
  const json = route.json ? parse(body) : {};
  const named = isObject(json) ? asText(json['model']) : '';
  const model = personality.models.find(named);
  const rows = parts.counters.rows(account?.key ?? 'unknown', model?.id ?? (route.json ? 'unknown' : 'none'));
  const plan = account === undefined ? NO_FAULT : planFor(parts, personality, route, { account, json, model: named });
  watch(response, rows, plan.fault);

  if (account === undefined) {
    reject(rows, 401);
    send(personality.unauthorized(authorization));
    return;
  }
  const call: Call = {
    request,
    params: match.params,
    body,
    json: isObject(json) ? json : {},
    account,
  };
  if (plan.fault !== undefined && strike(plan.fault, { parts, personality, response, call, send, plan })) return;
  if (!isObject(json)) {
    reject(rows, 400);
    send(personality.badJson(json instanceof Error ? json.message : 'The body is not a JSON object.'));
    return;
  }
  const reply = answer(route, call, personality);
  if (reply.kind === 'whole' && reply.status >= 400) {
    reject(rows, reply.status);
    send(reply);
  } else send(reply, { ...plan, fault: insideOf(plan.fault) });
}

function answer(route: Route, call: Call, personality: Personality): Reply {
  try {
    return route.handle(call);
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    if (error instanceof RangeError) return personality.badJson('The body is nested too deeply.');
    // A fault of the simulator's own must not look like a scripted one.
    const failed = personality.failed();
    return { ...failed, headers: { ...failed.headers, 'x-simulator-fault': describe(error) } };
  }
}

function insideOf(fault: Fault | undefined): InsideFault | undefined {
  switch (fault?.kind) {
    case 'reset-mid-stream':
    case 'close-early':
    case 'stall':
    case 'error-frame':
    case 'contentless-then-error':
      return fault;
    case 'error':
    case 'silence':
    case 'refuse':
    case 'reset-before-first-byte':
    case 'empty':
    case 'quota-exhausted':
    case 'revoked':
    case undefined:
      return undefined;
  }
}

function planFor(
  parts: SimulatorParts,
  personality: Personality,
  route: Route,
  asked: { account: Account; json: unknown; model: string },
): Plan {
  const model = personality.models.find(asked.model);
  return parts.faults.plan({
    personality: personality.name,
    key: asked.account.key,
    workspace: asked.account.workspace,
    models: model === undefined ? [asked.model] : [asked.model, model.id],
    surface: route.surface,
    stream: isObject(asked.json) && asked.json['stream'] === true,
  });
}

interface Striking {
  readonly parts: SimulatorParts;
  readonly personality: Personality;
  readonly response: ServerResponse;
  readonly call: Call;
  readonly send: (reply: Reply, pace?: Pace) => void;
  readonly plan: Plan;
}

/** Whether the fault has taken the place of an answer; those inside an answer are delivery's. */
function strike(fault: Fault, { parts, personality, response, call, send, plan }: Striking): boolean {
  const streamed = call.json['stream'] === true;
  switch (fault.kind) {
    case 'silence':
      return true;
    case 'refuse':
      response.socket?.resetAndDestroy();
      return true;
    case 'reset-before-first-byte':
      later({ clock: parts.clock, response }, plan.firstTokenMs, () => response.socket?.resetAndDestroy());
      return true;
    case 'error': {
      const reply = personality.scriptedError(fault.error, call);
      const wait = fault.retryAfterSeconds;
      send(wait === undefined ? reply : { ...reply, headers: { ...reply.headers, 'retry-after': String(wait) } });
      return true;
    }
    case 'revoked':
      send(personality.scriptedError('401/current', call));
      return true;
    case 'quota-exhausted':
      send(personality.scriptedError(fault.form === '401' ? '401/app' : '429/1300', call));
      return true;
    case 'empty':
      send(ok(streamed ? EVENT_STREAM : JSON_TYPE, ''), { ...plan, fault: undefined });
      return true;
    case 'error-frame':
    case 'contentless-then-error': {
      if (streamed) return false;
      const form = fault.kind === 'error-frame' ? fault.form : 'nested';
      send(ok(JSON_TYPE, personality.errorInside(form)), { ...plan, fault: undefined });
      return true;
    }
    case 'reset-mid-stream':
    case 'close-early':
    case 'stall':
      return false;
  }
}

const EVENT_STREAM = 'text/event-stream; charset=utf-8';

function ok(contentType: string, body: string): WholeReply {
  return { kind: 'whole', status: 200, headers: { 'content-type': contentType }, body, tokens: 0 };
}

/** Keeps the counts of one request: in flight until its response closes, then completed or aborted. */
function watch(response: ServerResponse, rows: readonly Counts[], fault: Fault | undefined): void {
  for (const row of rows) {
    row.seen++;
    row.inFlight++;
    if (fault !== undefined) row.faults[fault.kind] = (row.faults[fault.kind] ?? 0) + 1;
  }
  response.once('close', () => {
    for (const row of rows) {
      row.inFlight--;
      if (response.writableFinished) row.completed++;
      else if (fault === undefined || !BREAKING.has(fault.kind)) row.abortedByClient++;
    }
  });
}

function reject(rows: readonly Counts[], status: number): void {
  for (const row of rows) {
    row.rejected++;
    if (status === 429) row.rateLimited++;
  }
}

function parse(body: Buffer): JsonObject | Error | undefined {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    return isObject(json) ? json : undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error('unreadable', { cause: error });
  }
}

/** Fit for a header: one line, ASCII, short. */
function describe(error: unknown): string {
  return String(error)
    .replaceAll(/[^ -~]/g, ' ')
    .slice(0, 200);
}
