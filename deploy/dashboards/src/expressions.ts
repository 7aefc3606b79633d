/** All that a dashboard asks of Prometheus, so that a test can ask it too. */
export interface Expression {
  readonly panel: string;
  readonly expr: string;
  readonly instant: boolean;
  readonly exemplars: boolean;
}

/** @param json a dashboard as written, because that is what Grafana reads */
export function expressionsOf(json: unknown): readonly Expression[] {
  const found: Expression[] = [];
  for (const panel of listIn(json, 'panels')) {
    for (const target of listIn(panel, 'targets')) {
      const expr = memberOf(target, 'expr');
      if (typeof expr !== 'string') throw new Error('a target has no expression');
      found.push({
        panel: String(memberOf(panel, 'title')),
        expr,
        instant: memberOf(target, 'instant') === true,
        exemplars: memberOf(target, 'exemplar') === true,
      });
    }
  }
  return found;
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? list : [];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (Object.entries(value).find(([key]) => key === name)?.[1] as unknown)
    : undefined;
}
