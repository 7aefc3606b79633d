/**
 * The values that the chart is rendered with: the least, each thing that can be switched, and together what may get in
 * each other's way. Secrets in them are planted, so that they can be looked for where they must not be.
 */

export interface Case {
  readonly name: string;
  readonly values: object;
  readonly apis?: readonly string[];
  readonly release?: string;
}

export const PLANTED = ['planted-provider-key', 'planted-client-key', 'planted-nats-password'] as const;

/** Oldest supported, where preStop changed, and the newest two of whom clusters are. */
export const KUBERNETES = ['1.27.0', '1.30.4', '1.36.0', '1.37.2'] as const;

const OPERATOR = 'monitoring.coreos.com/v1';
const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const ADAPTER = 'custom.metrics.k8s.io/v1beta2';

/** An empty namespace's: one Secret, and the address under which clients come. */
export const LEAST = {
  secret: { existingSecret: 'leeward-keys' },
  ingress: { enabled: true, host: 'llm.example.com' },
} as const;

const secret = LEAST.secret;

const twoProviders = {
  auth: {
    clientKeys: [
      { name: 'checkout', secret: 'file:/run/secrets/leeward/checkout' },
      { name: 'search', secret: 'env:LEEWARD_KEY_SEARCH' },
    ],
  },
  providers: {
    mistral: {
      dialect: 'mistral',
      baseUrl: 'https://api.mistral.ai',
      quotaGroups: {
        two: {},
        one: { limits: { 'mistral-large-latest': { requestsPerMinute: 720, tokensPerMinute: 5_000_000 } } },
      },
      keys: [
        { name: 'a', secret: 'file:/run/secrets/leeward/mistral-a', quotaGroup: 'one' },
        { name: 'b', secret: 'file:/run/secrets/leeward/mistral-b', quotaGroup: 'two', weight: 0.5 },
      ],
    },
    inside: { dialect: 'openai', baseUrl: 'http://vllm.models:8000', keys: [{ name: 'main', secret: 'env:VLLM_KEY' }] },
    plain: { dialect: 'openai', baseUrl: 'http://[fd00::1]/v1', keys: [{ name: 'main', secret: 'env:VLLM_KEY' }] },
  },
  routes: {
    'mistral-large-latest': {
      pools: [
        [{ provider: 'mistral' }],
        [
          { provider: 'inside', model: 'large' },
          { provider: 'plain', model: 'l' },
        ],
      ],
      timeouts: { totalMs: 900_000 },
    },
    '*': { pools: [[{ provider: 'mistral' }]] },
  },
  limits: { inFlight: 20_000, bodyBytes: 104_857_600 },
  telemetry: { otlp: { endpoint: 'http://collector.telemetry:4318', headers: { authorization: 'env:OTLP' } } },
} as const;

const ownNats = {
  cluster: {
    name: 'prod',
    nats: {
      servers: ['tls://nats-0.nats:4222', 'nats://nats.messaging'],
      user: 'leeward',
      password: 'file:/run/secrets/leeward/nats-password',
    },
  },
} as const;

const tls = { cert: 'file:/tls/tls.crt', key: 'file:/tls/tls.key' } as const;

/** As cert-manager makes it, mounted as one's own volume. */
const certificates = {
  extraVolumes: [{ name: 'tls', secret: { secretName: 'leeward-tls', defaultMode: 0o440 } }],
  extraVolumeMounts: [{ name: 'tls', mountPath: '/tls', readOnly: true }],
} as const;

export const WITH_TLS = {
  secret,
  ...certificates,
  config: { listen: { dataTls: tls, adminTls: { ...tls, clientCa: 'file:/tls/ca.crt' } } },
} as const;

const env = ['LEEWARD_KEY_SEARCH', 'VLLM_KEY', 'OTLP'].map((name) => ({
  name,
  valueFrom: { secretKeyRef: { name: 'more-keys', key: name } },
}));

export const CASES: readonly Case[] = [
  { name: 'least', values: LEAST },
  {
    name: 'one pod, alone',
    values: { secret, replicaCount: 1, nats: { enabled: false }, networkPolicy: { enabled: false } },
  },
  { name: 'one NATS', values: { secret, nats: { replicaCount: 1 } } },
  { name: 'NATS with a password', values: { secret, nats: { passwordEntry: 'nats-password' } } },
  { name: 'an admin token', values: { secret, admin: { tokenEntry: 'admin-token' } } },
  { name: 'NATS of one’s own', values: { secret, config: ownNats } },
  { name: 'several providers', values: { secret, config: twoProviders, extraEnv: env, workers: 'auto' } },
  {
    name: 'secrets in the values',
    values: {
      secret: {
        data: { 'mistral-api-key': PLANTED[0], 'client-key': PLANTED[1], 'nats-password': PLANTED[2] },
        mountPath: '/keys',
      },
      nats: { passwordEntry: 'nats-password' },
    },
  },
  {
    name: 'external secrets',
    apis: ['external-secrets.io/v1'],
    values: {
      externalSecret: {
        enabled: true,
        storeRef: { name: 'vault', kind: 'ClusterSecretStore' },
        data: [{ secretKey: 'client-key', remoteRef: { key: 'leeward', property: 'client-key' } }],
        dataFrom: [{ extract: { key: 'leeward' } }],
      },
    },
  },
  {
    name: 'external secrets of an older operator',
    apis: ['external-secrets.io/v1beta1'],
    values: {
      externalSecret: { enabled: true, storeRef: { name: 'vault' }, dataFrom: [{ extract: { key: 'leeward' } }] },
    },
  },
  {
    name: 'autoscaling by CPU and requests',
    apis: [ADAPTER],
    values: { secret, autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 40 } },
  },
  { name: 'autoscaling by CPU', values: { secret, autoscaling: { enabled: true, minReplicas: 1 } } },
  {
    name: 'the Prometheus Operator',
    apis: [OPERATOR],
    values: {
      secret,
      metrics: {
        serviceMonitor: { labels: { release: 'prometheus' } },
        rules: { labels: { release: 'prometheus' }, runbooksAt: 'https://git.example.com/leeward/' },
        dashboards: { annotations: { grafana_folder: 'Leeward' } },
      },
    },
  },
  {
    name: 'a PodMonitor',
    apis: [OPERATOR],
    values: { secret, metrics: { podMonitor: { enabled: true, interval: '30s' }, dashboards: { enabled: false } } },
  },
  {
    name: 'ingress by nginx',
    values: {
      secret,
      config: { limits: { bodyBytes: 104_857_600 } },
      ingress: {
        enabled: true,
        className: 'nginx',
        host: 'llm.example.com',
        tlsSecret: 'llm-tls',
        annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': '64m' },
      },
    },
  },
  {
    name: 'the Gateway API',
    apis: [GATEWAY_API],
    values: {
      secret,
      httpRoute: {
        enabled: true,
        parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
        hostnames: ['llm.example.com'],
      },
    },
  },
  {
    name: 'an older Gateway API',
    apis: ['gateway.networking.k8s.io/v1beta1'],
    values: { secret, httpRoute: { enabled: true, parentRefs: [{ name: 'public' }], timeouts: false } },
  },
  {
    name: 'a load balancer in a cluster of IPv6',
    values: {
      secret,
      listenAddress: '::',
      ports: { data: 8443, admin: 9443 },
      service: {
        type: 'LoadBalancer',
        port: 80,
        nodePort: 30_080,
        annotations: { 'example.com/scheme': 'internal' },
        loadBalancerClass: 'example.com/lb',
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        externalTrafficPolicy: 'Local',
      },
    },
  },
  {
    name: 'no auth, and keys from the environment',
    values: {
      config: {
        auth: 'none',
        providers: {
          mistral: {
            dialect: 'mistral',
            baseUrl: 'https://api.mistral.ai',
            keys: [{ name: 'main', secret: 'env:VLLM_KEY' }],
          },
        },
      },
      extraEnv: env,
      nats: { enabled: false },
    },
  },
  {
    name: 'an hour’s requests',
    values: {
      secret,
      config: { routes: { '*': { pools: [[{ provider: 'mistral' }]], timeouts: { totalMs: 3_600_000 } } } },
    },
  },
  {
    name: 'certificates on both ports',
    apis: [OPERATOR],
    values: {
      ...WITH_TLS,
      ingress: { ...LEAST.ingress, className: 'nginx' },
      metrics: { serviceMonitor: { tlsConfig: { ca: { secret: { name: 'leeward-tls', key: 'ca.crt' } } } } },
    },
  },
  {
    name: 'everything of one’s own',
    release: 'a-release-with-a-name-as-long-as-helm-takes-them-53',
    values: {
      secret,
      replicaCount: 5,
      image: { repository: 'registry.example.com/llm/leeward', tag: '1', digest: `sha256:${'0'.repeat(64)}` },
      imagePullSecrets: [{ name: 'registry' }],
      nameOverride: 'gateway',
      commonLabels: { team: 'llm' },
      rollout: { maxSurge: 1, minReadySeconds: 0, preStopSeconds: 30, terminationGracePeriodSeconds: 900 },
      podDisruptionBudget: { maxUnavailable: '40%' },
      topologySpread: { whenUnsatisfiable: 'DoNotSchedule' },
      serviceAccount: { create: false, name: 'workload' },
      podAnnotations: { 'example.com/one': '1' },
      podLabels: { tier: 'edge' },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'llm', operator: 'Exists', effect: 'NoSchedule' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
      dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
      extraEnv: env,
      extraEnvFrom: [{ secretRef: { name: 'more-keys' } }],
      extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
      extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
      extraObjects: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more' }, data: { release: '{{ .Release.Name }}' } },
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include "leeward.fullname" . }}-text\n',
      ],
      networkPolicy: {
        clients: [{ namespaceSelector: { matchLabels: { team: 'shop' } } }],
        operators: [{ podSelector: {} }],
        upstreams: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } }],
        extraIngress: [{ ports: [{ port: 15_020, protocol: 'TCP' }] }],
        extraEgress: [{ ports: [{ port: 15_012, protocol: 'TCP' }] }],
      },
      nats: {
        image: { repository: 'registry.example.com/nats' },
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ operator: 'Exists' }],
        affinity: { nodeAffinity: {} },
      },
    },
  },
];
