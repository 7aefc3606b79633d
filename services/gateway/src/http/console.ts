/**
 * `/console`: the page for the minute of an incident, where it has been built, and the plain one otherwise. The page may
 * load what this port serves and nothing else, run no script that stands in its text, and be framed by nobody.
 */
import { type Response, Router } from 'express';
import { MAX_SHOWN_DECISIONS, overviewPage } from '../admin/overview-page.ts';
import type { AdminDeps } from './admin-deps.ts';
import type { ConsoleFile, ConsoleFiles } from './console-files.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The plain page's style stands in it; and it has no script. */
const PLAIN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** Their names change with their contents. */
const FOR_EVER = 'public, max-age=31536000, immutable';

type PageDeps = Pick<AdminDeps, 'inFlight' | 'targets' | 'decisions' | 'isDraining'>;

export function consoleRouter(deps: PageDeps, files: ConsoleFiles): Router {
  const router = Router();
  const page = files.get('index.html');
  router.get('/', async (request, response) => {
    if (page === undefined) await sendPlain(deps, response, false);
    else send(response, page, acceptsGzip(request.headers['accept-encoding']));
  });
  router.get('/plain', async (_request, response) => sendPlain(deps, response, page !== undefined));
  router.get('/assets/:name', (request, response, next) => {
    const file = files.get(`assets/${request.params.name}`);
    if (file === undefined) {
      next();
      return;
    }
    response.setHeader('cache-control', FOR_EVER);
    send(response, file, acceptsGzip(request.headers['accept-encoding']));
  });
  return router;
}

function send(response: Response, { contentType, bytes, gzipped }: ConsoleFile, gzip: boolean): void {
  response.setHeader('content-security-policy', POLICY);
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('content-type', contentType);
  response.setHeader('vary', 'accept-encoding');
  if (gzip) response.setHeader('content-encoding', 'gzip');
  response.end(gzip ? gzipped : bytes);
}

async function sendPlain(deps: PageDeps, response: Response, hasLivePage: boolean): Promise<void> {
  const [inFlight, targets, decisions] = await Promise.all([
    deps.inFlight(),
    deps.targets(),
    deps.decisions({ limit: MAX_SHOWN_DECISIONS }),
  ]);
  response.setHeader('content-security-policy', PLAIN_POLICY);
  response
    .type('html')
    .send(overviewPage({ isDraining: deps.isDraining(), inFlight, targets, decisions, hasLivePage }));
}

function acceptsGzip(accepted: string | string[] | undefined): boolean {
  return /\bgzip\b(?!;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(accepted));
}
