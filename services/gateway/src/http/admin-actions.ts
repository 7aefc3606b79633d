/**
 * What an operator may change by hand: drain this node or one of its targets, and back; and ask a vendor whether a key
 * is good, which changes nothing but costs a few tokens. Each call is permitted or refused by admin-guard.ts, and
 * leaves a line in the log either way.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json, type NextFunction, type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { KeyReport } from '../admin/inspect-keys.ts';
import type { AdminDeps } from './admin-deps.ts';
import { permission } from './admin-guard.ts';

const MAX_BODY = '4kb';

/** A test makes a few calls, one after the other; more testers than this would only wait for each other. */
const MAX_TESTS_AT_ONCE = 4;

/** Longer than any name that a config may have. */
const name = z.string().min(1).max(512);
const nodeDrain = z.strictObject({ drain: z.boolean().default(true) });
const targetDrain = z.strictObject({ target: name, drain: z.boolean() });
const keyTest = z.strictObject({ provider: name, key: name });

type ActionDeps = Pick<
  AdminDeps,
  'adminToken' | 'drain' | 'undrain' | 'drainTarget' | 'testKey' | 'isDraining' | 'inFlight' | 'logger'
>;

interface Done {
  readonly status: number;
  readonly body: object;
}

export function adminActions(deps: ActionDeps): Router {
  const router = Router();
  let tests = 0;

  const action = <Body extends object>(
    path: string,
    schema: z.ZodType<Body>,
    act: (body: Body, response: ServerResponse) => Promise<Done>,
  ) => {
    // JSON whatever its type says: a body that is passed over would stand for the default, which may be its opposite.
    router.post(
      path,
      guard(deps),
      json({ limit: MAX_BODY, type: () => true }),
      async (request: Request, response: Response) => {
        const read = schema.safeParse(request.body ?? {});
        if (!read.success) {
          response.status(400).json({ error: problemOf(read.error) });
          return;
        }
        const { status, body } = await act(read.data, response);
        deps.logger.warn({ ...whoAsks(request), path, ...told(read.data), status }, 'admin-action-taken');
        response.status(status).json(body);
      },
    );
  };

  action('/admin/drain', nodeDrain, async ({ drain }) => {
    if (drain) deps.drain();
    else if (!(await deps.undrain())) return failed(409, 'The node is ending: it cannot be brought back.');
    return { status: 202, body: { status: drain ? 'draining' : 'ready', inFlight: await deps.inFlight() } };
  });
  action('/admin/targets/drain', targetDrain, async ({ target, drain }) => {
    if (!(await deps.drainTarget(target, drain))) return failed(404, 'There is no such target.');
    return { status: 200, body: { target, drain } };
  });
  action('/admin/keys/test', keyTest, async ({ provider, key }, response) => {
    if (tests >= MAX_TESTS_AT_ONCE) return failed(429, 'So many keys are being tested already: try again soon.');
    tests++;
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      const report: KeyReport | undefined = await deps.testKey(provider, key, left.signal);
      return report === undefined ? failed(404, 'There is no such key.') : { status: 200, body: report };
    } finally {
      tests--;
    }
  });
  router.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (isBodyFault(error)) response.status(error.status).json({ error: 'The body is not JSON that fits here.' });
    else next(error);
  });
  return router;
}

function guard(deps: ActionDeps) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const permitted = permission(request, deps.adminToken());
    if (permitted.kind === 'granted') {
      next();
      return;
    }
    const { status, problem } = permitted;
    deps.logger.warn({ ...whoAsks(request), path: request.path, status }, 'admin-action-refused');
    if (status === 401) response.setHeader('www-authenticate', 'Bearer realm="leeward admin"');
    response.status(status).json({ error: problem });
  };
}

function whoAsks({ socket, headers }: IncomingMessage): object {
  return {
    from: socket.remoteAddress,
    by: headers.authorization === undefined ? 'loopback' : 'token',
    userAgent: headers['user-agent']?.slice(0, 200),
  };
}

function failed(status: number, error: string): Done {
  return { status, body: { error } };
}

/** A field named `key` is taken for a secret, and hidden. */
function told(body: object): object {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name === 'key' ? 'keyName' : name, value]));
}

/** Which field, and what of it; what was sent is not repeated. */
function problemOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
}

function isBodyFault(error: unknown): error is { readonly status: number } {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 && status < 500;
}
