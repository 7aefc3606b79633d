/**
 * values.schema.json: what helm checks values by before it renders. `config` is the gateway's own schema, so a slip in
 * it is refused by `helm install` and not by a pod that does not start; the rest follows from the defaults in
 * values.yaml, with what a default cannot say written below. Unknown keys are errors, as in the config.
 */
import { isMapping, type Value } from './read-values.ts';

type Schema = Readonly<Record<string, unknown>>;

const switched = { enum: [true, false, 'auto'] };
const texts = { type: 'object', additionalProperties: { type: 'string' } };
const mappings = { type: 'array', items: { type: 'object' } };
const lines = { type: 'array', items: { type: 'string' } };
const port = { type: 'integer', minimum: 1, maximum: 65_535 };
const count = { type: 'integer', minimum: 0 };
const numberOrPercent = { anyOf: [count, { type: 'string', pattern: '^[0-9]+%$' }] };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

/** By path: what the type of the default leaves open. */
const SAID: Readonly<Record<string, Schema>> = {
  replicaCount: count,
  'image.digest': { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
  'image.pullPolicy': { enum: ['Always', 'IfNotPresent', 'Never'] },
  imagePullSecrets: mappings,
  commonLabels: texts,
  'secret.data': texts,
  'secret.mountPath': { type: 'string', pattern: '^/[A-Za-z0-9/._-]*[A-Za-z0-9]$' },
  'externalSecret.storeRef': texts,
  'externalSecret.data': mappings,
  'externalSecret.dataFrom': mappings,
  'admin.tokenEntry': { type: 'string', pattern: '^[A-Za-z0-9._-]*$' },
  workers: { anyOf: [{ type: 'integer', minimum: 1, maximum: 256 }, { const: 'auto' }] },
  'ports.data': port,
  'ports.admin': port,
  'service.type': { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
  'service.port': port,
  'service.nodePort': orNull(port),
  'service.annotations': texts,
  'service.loadBalancerSourceRanges': lines,
  'service.externalTrafficPolicy': { enum: ['', 'Cluster', 'Local'] },
  'ingress.annotations': texts,
  'httpRoute.parentRefs': mappings,
  'httpRoute.hostnames': lines,
  'httpRoute.annotations': texts,
  'rollout.maxSurge': numberOrPercent,
  'rollout.minReadySeconds': count,
  // Less than a second, and load balancers are still sending when the node stops listening.
  'rollout.preStopSeconds': { type: 'integer', minimum: 1, maximum: 300 },
  'rollout.terminationGracePeriodSeconds': orNull(count),
  'autoscaling.minReplicas': { type: 'integer', minimum: 1 },
  'autoscaling.maxReplicas': { type: 'integer', minimum: 1 },
  'autoscaling.cpuUtilization': orNull({ type: 'integer', minimum: 1, maximum: 1000 }),
  'autoscaling.inFlightPerPod': orNull({ type: 'integer', minimum: 1 }),
  'autoscaling.inFlight': switched,
  'autoscaling.scaleDownSeconds': { type: 'integer', minimum: 1, maximum: 1800 },
  'podDisruptionBudget.maxUnavailable': numberOrPercent,
  'topologySpread.whenUnsatisfiable': { enum: ['ScheduleAnyway', 'DoNotSchedule'] },
  'serviceAccount.annotations': texts,
  podAnnotations: texts,
  podLabels: texts,
  nodeSelector: texts,
  tolerations: mappings,
  extraEnv: mappings,
  extraEnvFrom: mappings,
  extraVolumes: mappings,
  extraVolumeMounts: mappings,
  extraContainers: mappings,
  initContainers: mappings,
  extraObjects: { type: 'array', items: { type: ['object', 'string'] } },
  'networkPolicy.clients': mappings,
  'networkPolicy.operators': mappings,
  'networkPolicy.upstreams': mappings,
  'networkPolicy.extraIngress': mappings,
  'networkPolicy.extraEgress': mappings,
  'metrics.serviceMonitor.enabled': switched,
  'metrics.serviceMonitor.labels': texts,
  'metrics.podMonitor.labels': texts,
  'metrics.rules.enabled': switched,
  'metrics.rules.labels': texts,
  'metrics.rules.runbooksAt': { type: 'string', pattern: '^(https?://.+)?$' },
  'metrics.dashboards.labels': texts,
  'metrics.dashboards.annotations': texts,
  'nats.replicaCount': { type: 'integer', minimum: 1, maximum: 32 },
  'nats.image.pullPolicy': { enum: ['Always', 'IfNotPresent', 'Never'] },
  'nats.nodeSelector': texts,
  'nats.tolerations': mappings,
};

/** `configSchema` is docs/leeward.schema.json. */
export function valuesSchema(values: readonly Value[], configSchema: Schema): Schema {
  const said = new Set(Object.keys(SAID));
  const schemaOf = (path: readonly string[]): Schema => {
    const inner = values.filter((value) => isIn(value.path, path));
    return {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(inner.map((value) => [value.path.at(-1), describe(value)])),
    };
  };
  const describe = (value: Value): Schema => {
    const name = value.path.join('.');
    const described = value.meaning === '' ? {} : { description: value.meaning };
    if (name === 'config') return { ...described, ...withoutWhatTheChartWrites(configSchema) };
    if (value.isSection) return { ...described, ...schemaOf(value.path) };
    said.delete(name);
    return { ...described, ...(SAID[name] ?? typeOf(name, value.byDefault)) };
  };
  const whole = schemaOf([]);
  if (said.size > 0) throw new Error(`values.yaml has no ${[...said].join(', ')}`);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart leeward',
    ...whole,
    // Helm gives every chart its parent's.
    properties: { ...(whole['properties'] as Schema), global: { type: 'object' } },
  };
}

/** Which sections must be there is the chart's to say: it has defaults for them. */
function withoutWhatTheChartWrites(schema: Schema): Schema {
  const properties = mappingAt(schema, 'properties');
  const listen = mappingAt(properties, 'listen');
  const ports = without(mappingAt(listen, 'properties'), ['data', 'admin']);
  const kept = { ...properties, listen: { ...listen, properties: ports } };
  return { ...without(schema, ['$schema', 'title', 'required']), properties: kept };
}

function mappingAt(schema: Schema, key: string): Schema {
  const found = schema[key];
  if (isMapping(found)) return found;
  throw new Error(`docs/leeward.schema.json has no ${key} where it had one`);
}

function without(schema: Schema, keys: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}

function typeOf(name: string, byDefault: unknown): Schema {
  if (typeof byDefault === 'string') return { type: 'string' };
  if (typeof byDefault === 'boolean') return { type: 'boolean' };
  if (isMapping(byDefault)) return { type: 'object' };
  throw new Error(`values.yaml: ${name} needs its bounds written down beside the others`);
}

function isIn(path: readonly string[], section: readonly string[]): boolean {
  return path.length === section.length + 1 && section.every((step, at) => path[at] === step);
}
