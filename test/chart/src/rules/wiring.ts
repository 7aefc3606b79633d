import type { Labels, Pods, Release } from '../release.ts';
import type { Rule } from './rule.ts';

/** What names another object, or a port of it, names one that is there; what selects pods selects one kind of them. */
export const wiring: Rule = (release) => [
  ...selectors(release),
  ...servicePorts(release),
  ...backends(release),
  ...monitors(release),
  ...workloads(release),
];

interface Selecting {
  readonly by: string;
  readonly labels: Labels | undefined;
}

function selectors(release: Release): string[] {
  const selecting: readonly Selecting[] = [
    ...release.all('v1 Service').map((one) => ({ by: nameOf(one), labels: one.spec?.selector })),
    ...release.all('policy/v1 PodDisruptionBudget').map((one) => ({
      by: nameOf(one),
      labels: one.spec?.selector?.matchLabels,
    })),
    ...release.all('networking.k8s.io/v1 NetworkPolicy').map((one) => ({
      by: nameOf(one),
      labels: one.spec?.podSelector?.matchLabels,
    })),
    ...release.all('monitoring.coreos.com/v1 PodMonitor').map((one) => ({
      by: nameOf(one),
      labels: one.spec.selector.matchLabels,
    })),
    ...[...release.all('apps/v1 Deployment'), ...release.all('apps/v1 StatefulSet')].map((one) => ({
      by: nameOf(one),
      labels: one.spec?.selector.matchLabels,
    })),
  ];
  return selecting.flatMap(({ by, labels }) => {
    const found = chosen(release, labels);
    if (found.length === 1) return [];
    return [`${by} selects ${found.length === 0 ? 'no pods' : found.map(({ name }) => name).join(' and ')}`];
  });
}

function servicePorts(release: Release): string[] {
  return release.all('v1 Service').flatMap((service) => {
    const known = chosen(release, service.spec?.selector).flatMap(portNames);
    return (service.spec?.ports ?? []).flatMap(({ targetPort }) =>
      known.includes(String(targetPort)) ? [] : [`${nameOf(service)} leads to port ${targetPort}, which no pod has`],
    );
  });
}

/** Of Ingress and HTTPRoute. */
function backends(release: Release): string[] {
  const services = release.all('v1 Service');
  const ingresses = release.all('networking.k8s.io/v1 Ingress').flatMap((ingress) =>
    (ingress.spec?.rules ?? [])
      .flatMap(({ http }) => http?.paths ?? [])
      .map(({ backend }) => ({
        by: nameOf(ingress),
        service: backend.service?.name,
        port: backend.service?.port?.name ?? backend.service?.port?.number,
      })),
  );
  const routes = [
    ...release.all('gateway.networking.k8s.io/v1 HTTPRoute'),
    ...release.all('gateway.networking.k8s.io/v1beta1 HTTPRoute'),
  ].flatMap((route) =>
    (route.spec.rules ?? [])
      .flatMap(({ backendRefs }) => backendRefs ?? [])
      .map(({ name, port }) => ({ by: nameOf(route), service: name, port })),
  );
  return [...ingresses, ...routes].flatMap(({ by, service, port }) => {
    const ports = services.find(({ metadata }) => metadata.name === service)?.spec?.ports ?? [];
    const known = ports.some((one) => one.name === port || one.port === port);
    return known ? [] : [`${by} leads to ${service}, port ${port}, which is not there`];
  });
}

function monitors(release: Release): string[] {
  const ofServices = release.all('monitoring.coreos.com/v1 ServiceMonitor').flatMap((monitor) => {
    const { matchLabels } = monitor.spec.selector;
    const found = release.all('v1 Service').filter(({ metadata }) => isWithin(matchLabels, metadata.labels ?? {}));
    const names = found.flatMap(({ spec }) => (spec?.ports ?? []).map(({ name }) => name));
    const wanted = monitor.spec.endpoints.map(({ port }) => port);
    const right = found.length === 1 && wanted.every((port) => names.includes(port));
    return right ? [] : [`${nameOf(monitor)} reads ${wanted.join()} of ${found.length} Services`];
  });
  const ofPods = release.all('monitoring.coreos.com/v1 PodMonitor').flatMap((monitor) => {
    const names = chosen(release, monitor.spec.selector.matchLabels).flatMap(portNames);
    return (monitor.spec.podMetricsEndpoints ?? []).flatMap(({ port = '' }) =>
      names.includes(port) ? [] : [`${nameOf(monitor)} reads port ${port}, which no pod has`],
    );
  });
  const readers = [
    ...release.all('monitoring.coreos.com/v1 ServiceMonitor'),
    ...release.all('monitoring.coreos.com/v1 PodMonitor'),
  ];
  return [...ofServices, ...ofPods, ...(readers.length > 1 ? ['every metric would be read twice'] : [])];
}

/** Autoscalers, StatefulSets' Services, probes and volumes. */
function workloads(release: Release): string[] {
  const scaled = release.all('autoscaling/v2 HorizontalPodAutoscaler').flatMap((autoscaler) => {
    const { name, kind } = autoscaler.spec.scaleTargetRef;
    const target = release.all('apps/v1 Deployment').find(({ metadata }) => metadata.name === name);
    if (kind !== 'Deployment' || target === undefined)
      return [`${nameOf(autoscaler)} scales ${name}, which is not there`];
    const containers = (target.spec?.template?.spec?.containers ?? []).map(({ name: container }) => container);
    const asked = (autoscaler.spec.metrics ?? []).flatMap(
      ({ containerResource }) => containerResource?.container ?? [],
    );
    return [
      ...(target.spec?.replicas === undefined ? [] : [`${name} has replicas, so each upgrade undoes its autoscaler`]),
      ...asked.filter((one) => !containers.includes(one)).map((one) => `${name} has no container ${one} to measure`),
    ];
  });
  const governed = release.all('apps/v1 StatefulSet').flatMap((set) => {
    const service = release.all('v1 Service').find(({ metadata }) => metadata.name === set.spec?.serviceName);
    return service?.spec?.clusterIP === 'None' ? [] : [`${nameOf(set)} has no Service that gives its pods names`];
  });
  const pods = release.pods().flatMap(({ name, spec, containers }) => {
    const volumes = (spec.volumes ?? []).map((volume) => volume.name);
    const configMaps = release.all('v1 ConfigMap').map(({ metadata }) => metadata.name);
    return [
      ...containers
        .flatMap(({ volumeMounts }) => volumeMounts ?? [])
        .filter((mount) => !volumes.includes(mount.name))
        .map((mount) => `${name} mounts ${mount.name}, which is no volume of it`),
      ...(spec.volumes ?? [])
        .filter(({ name: volume }) => volume === 'config')
        .filter(({ configMap }) => !configMaps.includes(configMap?.name ?? ''))
        .map(({ configMap }) => `${name} mounts the ConfigMap ${configMap?.name}, which is not there`),
      ...containers.flatMap(({ ports, livenessProbe, readinessProbe, startupProbe }) =>
        [livenessProbe, readinessProbe, startupProbe]
          .flatMap((probe) => probe?.httpGet?.port ?? [])
          .filter((port) => !(ports ?? []).some((one) => one.name === port))
          .map((port) => `${name} is probed on port ${port}, which it does not have`),
      ),
    ];
  });
  return [...scaled, ...governed, ...pods];
}

function chosen(release: Release, labels: Labels | undefined): readonly Pods[] {
  return release.pods().filter((pods) => isWithin(labels, pods.labels));
}

function isWithin(wanted: Labels | undefined, labels: Labels): boolean {
  return wanted !== undefined && Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function portNames({ containers }: Pods): readonly string[] {
  return containers.flatMap(({ ports }) => (ports ?? []).flatMap(({ name }) => name ?? []));
}

function nameOf({ kind, metadata }: { readonly kind: string; readonly metadata: { readonly name: string } }): string {
  return `${kind} ${metadata.name}`;
}
