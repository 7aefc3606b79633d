/** The control API: change the fault script of a running simulator, and see what its clients did. JSON in, JSON out. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse } from 'yaml';
import { ZodError, prettifyError } from 'zod';
import type { SimulatorState } from './counters.ts';
import type { FaultRule } from './faults/rule.ts';
import { isObject } from './json.ts';

export interface Controlled {
  readonly setFaults: (rules: unknown) => void;
  readonly faults: () => readonly FaultRule[];
  readonly state: () => SimulatorState;
  readonly reset: () => void;
}

export function control(
  controlled: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): void {
  const [path = ''] = (request.url ?? '').split('?', 1);
  switch (`${request.method} ${path}`) {
    case 'GET /control/state':
      send(response, 200, controlled.state());
      return;
    case 'GET /control/faults':
      send(response, 200, { faults: controlled.faults() });
      return;
    case 'PUT /control/faults':
      putFaults(controlled, response, body);
      return;
    case 'POST /control/reset':
      controlled.reset();
      send(response, 200, controlled.state());
      return;
    default:
      send(response, 404, {
        error: 'Paths: GET /control/state, GET or PUT /control/faults, POST /control/reset.',
      });
  }
}

/** The body is a list of rules, or an object with one under `faults`; JSON or YAML, which is JSON's superset. */
function putFaults(controlled: Controlled, response: ServerResponse, body: Buffer): void {
  try {
    const read: unknown = parse(body.toString('utf8'));
    controlled.setFaults(isObject(read) ? read['faults'] : (read ?? []));
    send(response, 200, { faults: controlled.faults() });
  } catch (error) {
    send(response, 400, { error: error instanceof ZodError ? prettifyError(error) : String(error) });
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}
