/**
 * A rolling restart under load, as Kubernetes does it: a new pod beyond the replicas, an old one away when the new one has
 * been ready for long enough, and so on. What the pods are told, and when, is the chart's.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSimulator } from '@leeward/mistral-sim';
import { type Deployment, renderDeployment } from './deployment.ts';
import { Load, STREAM_WORDS, type Tally } from './load.ts';
import { Pod, type PodEnd } from './pod.ts';
import { Service } from './service.ts';

export interface RolloutOptions {
  readonly streamSeconds: number;
  /** At once. */
  readonly streams: number;
  readonly say?: (line: string) => void;
}

export interface RolloutReport extends Tally {
  readonly deployment: Deployment;
  readonly tookMs: number;
  readonly ends: readonly PodEnd[];
  /** The fewest that the load balancer had to choose from. */
  readonly fewestEndpoints: number;
  /** Connections that no pod took. */
  readonly refused: number;
  readonly livenessFailures: number;
}

/** The simulator's tokens in a word of its prose, about. */
const TOKENS_PER_WORD = 3;

const CLIENT_KEY = 'rollout-client-key';

/** Far less than any of the times that count here. */
const LOOK_EVERY_MS = 50;

/** Clients go on asking for so long after the last signal: the moment in which a pod lets go is the one to look at. */
const GO_ON_MS = 2000;

export async function rollOut({
  streamSeconds,
  streams,
  say = () => undefined,
}: RolloutOptions): Promise<RolloutReport> {
  const deployment = await renderDeployment();
  await using simulator = await openSimulator((streamSeconds * 1000) / (STREAM_WORDS * TOKENS_PER_WORD));
  const folder = await mkdtemp(join(tmpdir(), 'leeward-rollout-'));
  const config = await placeConfig(deployment.config, folder, simulator.url);
  let made = 0;
  const start = () => Pod.start(`pod-${++made}`, deployment, { config });
  const old = await Promise.all(Array.from({ length: deployment.replicas }, start));
  const all = [...old];
  const serving = new Set(old);
  await using service = await Service.open(() => [...serving]);
  await until(() => service.endpoints === deployment.replicas);
  // Half a stream's time: when a pod is told to end, its streams are at every point of theirs.
  const load = new Load({ url: service.url, clientKey: CLIENT_KEY, streams, spreadMs: streamSeconds * 500 });
  await until(() => load.streaming === streams);

  const startedMs = performance.now();
  let fewestEndpoints = service.endpoints;
  const watch = setInterval(() => {
    fewestEndpoints = Math.min(fewestEndpoints, service.endpoints);
  }, LOOK_EVERY_MS);
  const leaving: Promise<PodEnd>[] = [];
  while (old.length > 0) {
    const fresh = await Promise.all(old.slice(0, deployment.surge).map(start));
    for (const pod of fresh) {
      all.push(pod);
      serving.add(pod);
    }
    await until(() => fresh.every(({ isAvailable }) => isAvailable));
    for (const pod of old.splice(0, fresh.length)) {
      say(`${seconds(startedMs)} ${pod.name} is told to end; ${load.tally.whole} streams so far`);
      serving.delete(pod);
      leaving.push(pod.terminate().then((end) => told(end, pod)));
    }
  }
  await sleep(deployment.container.lifecycle.preStop.sleep.seconds * 1000 + GO_ON_MS);
  const tally = await load.end();
  const ends = await Promise.all(leaving);
  const tookMs = performance.now() - startedMs;
  clearInterval(watch);
  const livenessFailures = Math.max(...all.map((pod) => pod.livenessFailures));
  await Promise.all([...serving].map((pod) => pod.terminate()));
  await rm(folder, { recursive: true });
  return { ...tally, deployment, tookMs, ends, fewestEndpoints, refused: service.refused, livenessFailures };

  function told(end: PodEnd, { name }: Pod): PodEnd {
    say(`${seconds(startedMs)} ${name} ended with ${end.code}, ${Math.round(end.drainedMs)} ms after the signal`);
    return end;
  }
}

async function openSimulator(perTokenMs: number): Promise<AsyncDisposable & { readonly url: string }> {
  const simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    // A chunk for each token: a stream that is cut is then cut within some tenths of a second.
    chunkTokens: { least: 1, most: 1 },
    latency: { firstTokenMs: 10, perTokenMs },
  });
  return { url: simulator.mistralUrl, [Symbol.asyncDispose]: () => simulator.close() };
}

/** The rendered config with this machine's addresses and secrets. */
async function placeConfig(text: string, folder: string, vendorUrl: string): Promise<string> {
  await writeFile(join(folder, 'client-key'), CLIENT_KEY);
  await writeFile(join(folder, 'mistral-api-key'), 'sim-key-a');
  const path = join(folder, 'leeward.yaml');
  const here = text
    .replaceAll(/0\.0\.0\.0:\d+/g, '127.0.0.1:0')
    .replaceAll(/file:\/\S*\//g, `file:${folder}/`)
    .replace('https://api.mistral.ai', vendorUrl);
  await writeFile(path, here);
  return path;
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(LOOK_EVERY_MS);
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1).padStart(6)} s`;
}
