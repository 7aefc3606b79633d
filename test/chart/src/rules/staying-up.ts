import type { IContainer } from 'kubernetes-models/v1/Container';
import type { Release } from '../release.ts';
import type { Rule } from './rule.ts';

/** What a node still does after its last stream: the last log lines and spans. */
const FLUSH_SECONDS = 2;

/** The totalMs of a route that says none. */
const DEFAULT_TOTAL_MS = 300_000;

/** A rollout, an emptied machine or a pod that hangs cuts nothing that could go on. */
export const stayingUp: Rule = (release) => [
  ...endings(release),
  ...probes(release),
  ...schemes(release),
  ...rollouts(release),
  ...budgets(release),
];

/** The kubelet kills when the grace is over, and it counts preStop in. */
function endings(release: Release): string[] {
  const { routes, limits } = release.config();
  const longestMs = Math.max(...Object.values(routes).map(({ timeouts }) => timeouts?.totalMs ?? DEFAULT_TOTAL_MS));
  const { spec, containers } = release.gateway();
  const graceSeconds = spec.terminationGracePeriodSeconds ?? 30;
  const preStopSeconds = preStopOf(containers.find(({ name }) => name === 'leeward'));
  const neededSeconds = preStopSeconds + Math.max(longestMs, limits.drainMs) / 1000 + FLUSH_SECONDS;
  return [
    preStopSeconds > 0 ? [] : 'the gateway stops listening before load balancers know',
    graceSeconds > neededSeconds ? [] : `a pod is killed after ${graceSeconds} s, and may need ${neededSeconds} s`,
    limits.drainMs >= Math.min(longestMs, 3_600_000)
      ? []
      : `drainMs, ${limits.drainMs}, cuts streams of ${longestMs} ms`,
  ].flat();
}

function preStopOf(container: IContainer | undefined): number {
  const { sleep, exec } = container?.lifecycle?.preStop ?? {};
  return sleep?.seconds ?? Number(/, (\d+) \* 1000\)/.exec(exec?.command?.at(-1) ?? '')?.[1] ?? 0);
}

function probes(release: Release): string[] {
  return release
    .pods()
    .filter(({ kind }) => kind !== 'Pod')
    .flatMap(({ containers }) => containers)
    .flatMap(({ name, startupProbe, livenessProbe, readinessProbe }) =>
      Object.entries({ startupProbe, livenessProbe, readinessProbe })
        .filter(([, probe]) => probe?.httpGet?.path === undefined)
        .map(([which]) => `${name} has no ${which}`),
    );
}

/** A probe that speaks HTTP to a port with a certificate fails for ever. */
function schemes(release: Release): string[] {
  const wanted = release.config().listen?.adminTls === undefined ? 'HTTP' : 'HTTPS';
  const gateway = release.gateway().containers.find(({ name }) => name === 'leeward');
  return [gateway?.startupProbe, gateway?.livenessProbe, gateway?.readinessProbe]
    .filter((probe) => (probe?.httpGet?.scheme ?? 'HTTP') !== wanted)
    .map(() => `a probe of the gateway does not speak ${wanted}`);
}

function rollouts(release: Release): string[] {
  return release.all('apps/v1 Deployment').flatMap(({ metadata, spec }) => {
    const { maxUnavailable, maxSurge } = spec?.strategy?.rollingUpdate ?? {};
    const surges = maxUnavailable === 0 && maxSurge !== undefined && maxSurge !== 0 && maxSurge !== '0%';
    return surges ? [] : [`${metadata.name} takes pods away before there are new ones`];
  });
}

/** A budget that lets nothing go makes a machine impossible to empty; one that lets all go is none. */
function budgets(release: Release): string[] {
  const workloads = [...release.all('apps/v1 Deployment'), ...release.all('apps/v1 StatefulSet')];
  return workloads.flatMap(({ metadata, spec }) => {
    const { name } = metadata;
    const autoscaler = release
      .all('autoscaling/v2 HorizontalPodAutoscaler')
      .find((one) => one.spec.scaleTargetRef.name === name);
    const least = autoscaler?.spec.minReplicas ?? spec?.replicas ?? 1;
    const budget = release.all('policy/v1 PodDisruptionBudget').find((one) => one.metadata.name === name);
    if (budget === undefined) return least > 1 ? [`${name} has ${least} pods and no budget`] : [];
    const away = inPods(budget.spec?.maxUnavailable, least);
    return away >= 1 && away < least ? [] : [`${name}: ${away} of ${least} pods may be away`];
  });
}

/** As Kubernetes counts a percentage: up. */
function inPods(maxUnavailable: string | number | undefined, pods: number): number {
  if (typeof maxUnavailable === 'number') return maxUnavailable;
  return Math.ceil((Number.parseInt(maxUnavailable ?? '0', 10) * pods) / 100);
}
