/**
 * What `helm test` runs, in a pod of its own: the release answers as a client and as an operator would find it. It
 * asks through the Services, so it proves their selectors and ports as well. Ends with 1 and a sentence when it does
 * not. Written for Node alone, because the image has no shell and no curl; and it imports nothing but Node's own, because
 * it runs from a pod's arguments.
 */
import { readFileSync } from 'node:fs';

const { ADMIN_ASKS_FOR, ADMIN_URL, AUTH, CLIENT_KEY_FILE, DATA_URL } = process.env;

/** A Service is known on every machine of a cluster within seconds; half a minute is a fault. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 1000;

async function status(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
      await response.arrayBuffer();
      return response.status;
    } catch (error) {
      if (performance.now() > untilMs) throw new Error(`${url} does not answer`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

async function expectStatus(what: string, wanted: number, found: Promise<number>): Promise<void> {
  const got = await found;
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`);
  console.log(`${what}: ${got}`);
}

try {
  await expectStatus('a node is ready', 200, status(`${ADMIN_URL}/healthz/ready`));
  const metrics = status(`${ADMIN_URL}/metrics`);
  if (ADMIN_ASKS_FOR === undefined) await expectStatus('metrics are there', 200, metrics);
  else await expectStatus('metrics are for those who have a certificate', 403, metrics);
  if (AUTH === 'none') {
    await expectStatus('models are listed', 200, status(`${DATA_URL}/v1/models`));
  } else {
    await expectStatus('who has no key is turned away', 401, status(`${DATA_URL}/v1/models`));
  }
  if (CLIENT_KEY_FILE !== undefined) {
    const authorization = `Bearer ${readFileSync(CLIENT_KEY_FILE, 'utf8').trim()}`;
    await expectStatus('models are listed to a client', 200, status(`${DATA_URL}/v1/models`, { authorization }));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
