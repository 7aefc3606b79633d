import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { Release } from '../release.ts';
import type { Rule } from './rule.ts';

const USUAL: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80, 'nats:': 4222, 'tls:': 4222 };

/** Ports that nobody but the kubelet asks, whose probes a policy does not hold up. */
const PROBED_ONLY = new Set(['monitor']);

/**
 * A network policy lets through what the release does, and no more: each port of its pods from somewhere, the admin port
 * not from everywhere, and out to every address that the config names.
 */
export const reach: Rule = (release) => {
  const policies = release.all('networking.k8s.io/v1 NetworkPolicy');
  return policies.length === 0
    ? []
    : policies.flatMap((policy) => [...inward(release, policy), ...outward(release, policy)]);
};

function inward(release: Release, policy: INetworkPolicy): string[] {
  const { ingress = [], podSelector } = policy.spec ?? {};
  const component = podSelector?.matchLabels?.['app.kubernetes.io/component'] ?? '';
  const own = release.pods().filter(({ labels }) => labels['app.kubernetes.io/component'] === component);
  const ports = own.flatMap(({ containers }) =>
    containers.flatMap((one) => (one.ports ?? []).map(({ name = '' }) => name)),
  );
  return ports
    .filter((port) => !PROBED_ONLY.has(port))
    .flatMap((port) => {
      const rules = ingress.filter((rule) => rule.ports?.some((one) => one.port === port));
      const fromAnywhere = rules.some(({ from = [] }) => from.length === 0);
      return [
        rules.length > 0 ? [] : `${component}: nobody may use its port ${port}`,
        fromAnywhere && port !== 'data' ? `${component}: anybody may use its port ${port}` : [],
      ].flat();
    });
}

function outward(release: Release, policy: INetworkPolicy): string[] {
  const { egress = [], podSelector, policyTypes = [] } = policy.spec ?? {};
  const component = podSelector?.matchLabels?.['app.kubernetes.io/component'] ?? '';
  const open = (protocol: string, port: number): boolean =>
    egress.some((rule) => rule.ports?.some((one) => one.protocol === protocol && one.port === port));
  const wanted = component === 'gateway' ? upstreamPorts(release) : [6222];
  return [
    ...(policyTypes.includes('Egress') && policyTypes.includes('Ingress')
      ? []
      : [`${component}: one way is not limited`]),
    ...(['UDP', 'TCP'].every((protocol) => open(protocol, 53)) ? [] : [`${component} cannot resolve names`]),
    ...wanted.filter((port) => !open('TCP', port)).map((port) => `${component} cannot reach port ${port}`),
    ...egress.filter(({ ports = [] }) => ports.length === 0).map(() => `${component} may reach every port`),
  ];
}

function upstreamPorts(release: Release): readonly number[] {
  const { providers, telemetry, cluster } = release.config();
  const urls = [
    ...Object.values(providers).map(({ baseUrl }) => baseUrl),
    ...(telemetry?.otlp === undefined ? [] : [telemetry.otlp.endpoint]),
    ...(cluster?.nats.servers ?? []),
  ];
  return urls.map((text) => {
    const { protocol, port } = new URL(text);
    return port === '' ? (USUAL[protocol] ?? Number.NaN) : Number(port);
  });
}
