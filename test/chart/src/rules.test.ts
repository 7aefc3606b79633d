/** Each rule, shown what it is for: a release in which one thing was broken. */
import { beforeAll, expect, it } from 'vitest';
import { CASES } from './cases.ts';
import { render } from './helm.ts';
import { isMapping } from './read-values.ts';
import { Release } from './release.ts';
import { RULES } from './rules/rules.ts';
import { versions } from './rules/versions.ts';

let text = '';

beforeAll(async () => {
  const { values } = CASES.find(({ name }) => name === 'secrets in the values') ?? { values: {} };
  const more = {
    autoscaling: { enabled: true },
    ingress: { enabled: true, host: 'llm.example.com' },
    metrics: { serviceMonitor: { enabled: true } },
  };
  const release = await render({ values: { ...values, ...more }, kubernetes: '1.37.0' });
  text = JSON.stringify(release.objects);
});

/** Sets what is at a path of the first object of a kind; `undefined` takes it away. */
interface Break {
  readonly kind: string;
  readonly name?: string;
  readonly path: string;
  readonly value: unknown;
}

function broken({ kind, name, path, value }: Break): Release {
  const objects = JSON.parse(text) as { kind: string; metadata: { name: string } }[];
  const object = objects.find((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  const steps = path.split('/');
  const last = steps.pop() ?? '';
  let node: unknown = object;
  for (const step of steps) node = isMapping(node) || Array.isArray(node) ? Reflect.get(node, step) : undefined;
  if (typeof node !== 'object' || node === null) throw new Error(`${kind} has no ${path}`);
  Reflect.set(node, last, value);
  return new Release(JSON.parse(JSON.stringify(objects)) as Release['objects']);
}

const POD = 'spec/template/spec';
const CONTAINER = `${POD}/containers/0`;
const config = (change: (text: string) => string): Break => {
  const objects = JSON.parse(text) as { kind: string; data?: Record<string, string> }[];
  const found = objects.find(({ kind, data }) => kind === 'ConfigMap' && data?.['leeward.yaml'] !== undefined);
  return { kind: 'ConfigMap', path: 'data/leeward.yaml', value: change(found?.data?.['leeward.yaml'] ?? '') };
};

it('finds nothing in the release as it is', () => {
  const release = new Release(JSON.parse(text) as Release['objects']);
  expect(Object.values(RULES).flatMap((rule) => rule(release))).toEqual([]);
});

it.each<[string, string, RegExp, () => Break]>([
  [
    'wiring',
    'a Service that selects nobody',
    /selects no pods/,
    () => ({ kind: 'Service', path: 'spec/selector/nobody', value: 'x' }),
  ],
  [
    'wiring',
    'a selector that takes two kinds of pods',
    /selects .* and /,
    () => ({ kind: 'Service', path: 'spec/selector', value: { 'app.kubernetes.io/name': 'leeward' } }),
  ],
  [
    'wiring',
    'a port that is not there',
    /no pod has/,
    () => ({ kind: 'Service', path: 'spec/ports/0/targetPort', value: 'date' }),
  ],
  [
    'wiring',
    'an Ingress that leads nowhere',
    /not there/,
    () => ({ kind: 'Ingress', path: 'spec/rules/0/http/paths/0/backend/service/name', value: 'x' }),
  ],
  [
    'wiring',
    'a monitor that finds no Service',
    /of 0 Services/,
    () => ({ kind: 'ServiceMonitor', path: 'spec/selector/matchLabels/x', value: 'y' }),
  ],
  [
    'wiring',
    'an autoscaler of something else',
    /not there/,
    () => ({ kind: 'HorizontalPodAutoscaler', path: 'spec/scaleTargetRef/name', value: 'x' }),
  ],
  [
    'wiring',
    'replicas beside an autoscaler',
    /undoes its autoscaler/,
    () => ({ kind: 'Deployment', path: 'spec/replicas', value: 3 }),
  ],
  [
    'wiring',
    'a volume that is not there',
    /no volume of it/,
    () => ({ kind: 'Deployment', path: `${CONTAINER}/volumeMounts/0/name`, value: 'x' }),
  ],
  [
    'wiring',
    'a probe of no port',
    /is probed on port x/,
    () => ({ kind: 'Deployment', path: `${CONTAINER}/livenessProbe/httpGet/port`, value: 'x' }),
  ],
  [
    'stayingUp',
    'a grace that cuts the longest stream',
    /is killed after 310 s/,
    () => ({ kind: 'Deployment', path: `${POD}/terminationGracePeriodSeconds`, value: 310 }),
  ],
  [
    'stayingUp',
    'a drain that cuts it',
    /cuts streams/,
    () => config((yaml) => yaml.replace('drainMs: 310000', 'drainMs: 30000')),
  ],
  [
    'stayingUp',
    'no preStop',
    /stops listening/,
    () => ({ kind: 'Deployment', path: `${CONTAINER}/lifecycle`, value: undefined }),
  ],
  [
    'stayingUp',
    'a missing probe',
    /no readinessProbe/,
    () => ({ kind: 'StatefulSet', path: `${CONTAINER}/readinessProbe`, value: undefined }),
  ],
  [
    'stayingUp',
    'a probe in the clear',
    /does not speak HTTPS/,
    () => config((yaml) => yaml.replace('listen:', 'listen:\n  adminTls: {}')),
  ],
  [
    'stayingUp',
    'a rollout that takes first',
    /before there are new ones/,
    () => ({ kind: 'Deployment', path: 'spec/strategy/rollingUpdate/maxUnavailable', value: 1 }),
  ],
  [
    'stayingUp',
    'a budget that lets all go',
    /3 of 3 pods/,
    () => ({ kind: 'PodDisruptionBudget', name: 'prod-leeward', path: 'spec/maxUnavailable', value: '100%' }),
  ],
  [
    'stayingUp',
    'a budget that lets none go',
    /0 of 3 pods/,
    () => ({ kind: 'PodDisruptionBudget', name: 'prod-leeward', path: 'spec/maxUnavailable', value: 0 }),
  ],
  [
    'reach',
    'an upstream behind a closed port',
    /cannot reach port 8443/,
    () => config((yaml) => yaml.replace('api.mistral.ai', 'api.mistral.ai:8443')),
  ],
  [
    'reach',
    'an admin port for anybody',
    /anybody may use its port admin/,
    () => ({ kind: 'NetworkPolicy', name: 'prod-leeward', path: 'spec/ingress/1/from', value: [] }),
  ],
  [
    'reach',
    'a port for nobody',
    /nobody may use its port data/,
    () => ({ kind: 'NetworkPolicy', name: 'prod-leeward', path: 'spec/ingress/0/ports/0/port', value: 1 }),
  ],
  [
    'reach',
    'every port',
    /every port/,
    () => ({ kind: 'NetworkPolicy', name: 'prod-leeward', path: 'spec/egress/1/ports', value: [] }),
  ],
  [
    'secrecy',
    'a secret in a ConfigMap',
    /ConfigMap .* holds a secret/,
    () => config((yaml) => `${yaml}# planted-client-key`),
  ],
  [
    'secrecy',
    'a secret in an environment',
    /Deployment .* holds a secret/,
    () => ({ kind: 'Deployment', path: `${CONTAINER}/env`, value: [{ name: 'KEY', value: 'planted-provider-key' }] }),
  ],
  [
    'secrecy',
    'a literal where a reference belongs',
    /instead of saying/,
    () => config((yaml) => yaml.replace('file:/keys/client-key', 'abc')),
  ],
  [
    'secrecy',
    'a file that is not mounted',
    /not mounted/,
    () => config((yaml) => yaml.replace('file:/keys/client-key', 'file:/elsewhere/key')),
  ],
  ['fitting', 'what no server takes', /has \d+ bytes/, () => config((yaml) => yaml.padEnd(1_100_000, '#'))],
  [
    'hardening',
    'a file system to write to',
    /cannot write/,
    () => ({ kind: 'StatefulSet', path: `${CONTAINER}/securityContext/readOnlyRootFilesystem`, value: false }),
  ],
  ['hardening', 'root', /runs as somebody/, () => ({ kind: 'Pod', path: 'spec/securityContext/runAsUser', value: 0 })],
  [
    'hardening',
    'a token',
    /no token/,
    () => ({ kind: 'Deployment', path: `${POD}/automountServiceAccountToken`, value: true }),
  ],
  ['naming', 'a name that is none', /is no name/, () => ({ kind: 'Service', path: 'metadata/name', value: 'Prod_1' })],
  [
    'naming',
    'a name that is taken',
    /is there twice/,
    () => ({ kind: 'Service', name: 'prod-leeward', path: 'metadata/name', value: 'prod-leeward-nats' }),
  ],
])('%s sees %s', (rule, _what, breach, make) => {
  expect(RULES[rule]?.(broken(make())).join('\n')).toMatch(breach);
});

it('sees what an older cluster does not know', () => {
  const release = new Release(JSON.parse(text) as Release['objects']);
  expect(versions(release, '1.37.0')).toEqual([]);
  expect(versions(release, '1.29.0').join()).toMatch(/preStop\.sleep came with 1\.30/);
});
