import type { Rule } from './rule.ts';

interface Home {
  readonly vendor: RegExp;
  readonly homes: readonly RegExp[];
}

/** One home each, so that replacing a vendor, or reading how it is used, means opening one place. */
const HOMES: readonly Home[] = [
  { vendor: /^express(?:\/|$)/, homes: [/^services\/[^/]+\/src\/http\//] },
  { vendor: /^http-proxy-middleware(?:\/|$)/, homes: [/^services\/gateway\/src\/http\/passthrough(?:\.test)?\.ts$/] },
  { vendor: /^opossum(?:\/|$)/, homes: [/^libs\/upstream\/src\/breaker(?:\.test)?\.ts$/] },
  {
    vendor: /^hashring(?:\/|$)/,
    homes: [/^libs\/balancer\/src\/ring(?:\.test)?\.ts$/, /^libs\/cluster\/src\/ownership(?:\.test)?\.ts$/],
  },
  { vendor: /^(?:prom-client|pino|@opentelemetry\/[^/]+)(?:\/|$)/, homes: [/^libs\/telemetry\//] },
  { vendor: /^@grafana\//, homes: [/^deploy\/dashboards\//] },
  { vendor: /^(?:preact|uplot)(?:\/|$)/, homes: [/^services\/console\//] },
  { vendor: /^(?:playwright-core|axe-core)(?:\/|$)/, homes: [/^test\/console\//] },
  { vendor: /^(?:nats|@nats-io\/[^/]+)(?:\/|$)/, homes: [/^libs\/cluster\/src\/bus\/nats-bus(?:\.test)?\.ts$/] },
];

export const vendors: Rule = (tree) =>
  tree.sources.flatMap(({ path, imports }) =>
    imports.flatMap(({ specifier, line }) => {
      const home = HOMES.find(({ vendor }) => vendor.test(specifier));
      if (home === undefined || home.homes.some((place) => place.test(path))) return [];
      return [`${path}:${line}: ${specifier} is used outside its home`];
    }),
  );
