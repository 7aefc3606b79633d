/** The rendered Deployment, as far as it says how its pods are started, asked, and ended. */
import { HELM, requireTool } from '@leeward/tools';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CHART } from '../places.ts';
import { runTool } from '../run-tool.ts';

const probe = z.object({
  httpGet: z.object({ path: z.string(), port: z.string() }),
  periodSeconds: z.int(),
  timeoutSeconds: z.int(),
  failureThreshold: z.int(),
});

const container = z.object({
  name: z.string(),
  args: z.array(z.string()),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.int() }) }) }),
});

const deployment = z.object({
  spec: z.object({
    replicas: z.int(),
    minReadySeconds: z.int(),
    strategy: z.object({
      type: z.literal('RollingUpdate'),
      rollingUpdate: z.object({ maxSurge: z.string().regex(/^\d+%$/), maxUnavailable: z.literal(0) }),
    }),
    template: z.object({
      spec: z.object({ terminationGracePeriodSeconds: z.int(), containers: z.tuple([container]) }),
    }),
  }),
});

export type Probe = z.output<typeof probe>;

export interface Deployment {
  readonly replicas: number;
  /** Pods beyond the replicas. */
  readonly surge: number;
  readonly minReadySeconds: number;
  readonly graceSeconds: number;
  readonly container: z.output<typeof container>;
  /** What is mounted as /etc/leeward/leeward.yaml. */
  readonly config: string;
}

/** With the chart's own defaults, but without NATS, which this is not about. */
const VALUES = { secret: { existingSecret: 'leeward-keys' }, nats: { enabled: false } };

/** The first in which the kubelet sleeps by itself. */
const KUBERNETES = '1.30.0';

export async function renderDeployment(): Promise<Deployment> {
  const args = ['template', 'prod', CHART, '--kube-version', KUBERNETES, '--values', '-'];
  const { code, said } = await runTool(requireTool(HELM), args, { input: JSON.stringify(VALUES) });
  if (code !== 0) throw new Error(said);
  const objects = parseAllDocuments(said).map((document) => document.toJS() as { readonly kind?: string } | null);
  const of = (kind: string) => objects.find((object) => object?.kind === kind);
  const { spec } = deployment.parse(of('Deployment'));
  const { data } = z
    .object({ data: z.object({ 'leeward.yaml': z.string() }) })
    .parse(objects.find((object) => object?.kind === 'ConfigMap' && JSON.stringify(object).includes('leeward.yaml')));
  const { rollingUpdate } = spec.strategy;
  return {
    replicas: spec.replicas,
    // Kubernetes rounds surge up.
    surge: Math.ceil((spec.replicas * Number.parseInt(rollingUpdate.maxSurge, 10)) / 100),
    minReadySeconds: spec.minReadySeconds,
    graceSeconds: spec.template.spec.terminationGracePeriodSeconds,
    container: spec.template.spec.containers[0],
    config: data['leeward.yaml'],
  };
}
