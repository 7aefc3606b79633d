/** One process with what a kubelet does to its container: probes, the preStop hook, the signal, the end of patience. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeProcess } from '../node-process.ts';
import type { Deployment, Probe } from './deployment.ts';

/** How it ended. */
export interface PodEnd {
  readonly code: number | null;
  readonly isKilled: boolean;
  /** From the signal. */
  readonly drainedMs: number;
}

export interface PodPlace {
  /** In place of the one that the arguments name. */
  readonly config: string;
}

export class Pod {
  readonly name: string;
  readonly #deployment: Deployment;
  readonly #node: NodeProcess;
  readonly #ended = new AbortController();
  #isReady = false;
  #readySinceMs = 0;
  #livenessFailures = 0;

  private constructor(name: string, deployment: Deployment, node: NodeProcess) {
    this.name = name;
    this.#deployment = deployment;
    this.#node = node;
  }

  /** Resolves when the startup probe has been answered. */
  static async start(name: string, deployment: Deployment, { config }: PodPlace): Promise<Pod> {
    const args = deployment.container.args.map((word) => word.replace('/etc/leeward/leeward.yaml', config));
    const pod = new Pod(name, deployment, await NodeProcess.start({ args, env: {} }));
    const { startupProbe, readinessProbe, livenessProbe } = deployment.container;
    await pod.#answers(startupProbe);
    void pod.#watch(readinessProbe, (failures) => {
      const isReady = failures === 0 || (pod.#isReady && failures < readinessProbe.failureThreshold);
      if (isReady && !pod.#isReady) pod.#readySinceMs = performance.now();
      pod.#isReady = isReady;
    });
    void pod.#watch(livenessProbe, (failures) => {
      pod.#livenessFailures = Math.max(pod.#livenessFailures, failures);
    });
    return pod;
  }

  get dataPort(): number {
    return Number(new URL(this.#node.dataUrl).port);
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** As a Deployment counts: ready for long enough. */
  get isAvailable(): boolean {
    return this.#isReady && performance.now() - this.#readySinceMs >= this.#deployment.minReadySeconds * 1000;
  }

  /** In a row, at the worst. */
  get livenessFailures(): number {
    return this.#livenessFailures;
  }

  /** As when the pod is deleted: preStop, the signal, and the kill when the grace is over, which began with preStop. */
  async terminate(): Promise<PodEnd> {
    const { graceSeconds, container } = this.#deployment;
    const preStopMs = container.lifecycle.preStop.sleep.seconds * 1000;
    await sleep(preStopMs);
    const signalledMs = performance.now();
    this.#node.signal('SIGTERM');
    let isKilled = false;
    const kill = setTimeout(
      () => {
        isKilled = true;
        this.#node.signal('SIGKILL');
      },
      graceSeconds * 1000 - preStopMs,
    );
    const code = await this.#node.exited;
    clearTimeout(kill);
    this.#ended.abort();
    return { code, isKilled, drainedMs: performance.now() - signalledMs };
  }

  async #watch(probe: Probe, told: (failures: number) => void): Promise<void> {
    let failures = 0;
    while (!this.#ended.signal.aborted) {
      failures = (await this.#answers(probe)) ? 0 : failures + 1;
      if (!this.#ended.signal.aborted) told(failures);
      // It rejects only when the pod has ended, which the loop's condition sees.
      await sleep(probe.periodSeconds * 1000, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  async #answers({ httpGet, timeoutSeconds }: Probe): Promise<boolean> {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    // A probe that is refused or late has failed, whatever the reason.
    return fetch(this.#node.adminUrl + httpGet.path, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
