/** Every case of values, for every version of Kubernetes: rendered by helm, judged by Kubernetes' types and by our rules. */
import { beforeAll, describe, expect, it } from 'vitest';
import { CASES, KUBERNETES } from './cases.ts';
import { helm, render } from './helm.ts';
import { judge } from './judge.ts';
import { CHART } from './places.ts';
import type { Release } from './release.ts';
import { RULES } from './rules/rules.ts';
import { versions } from './rules/versions.ts';

interface Rendering {
  readonly from: string;
  readonly kubernetes: string;
  readonly release: Release;
}

const renderings: Rendering[] = [];

beforeAll(async () => {
  const asked = CASES.flatMap((one) => KUBERNETES.map((kubernetes) => ({ ...one, kubernetes })));
  // Two at once: as many as the smallest machine has cores.
  const next = async (): Promise<void> => {
    for (let one = asked.shift(); one !== undefined; one = asked.shift()) {
      const from = `${one.name}, Kubernetes ${one.kubernetes}`;
      renderings.push({ from, kubernetes: one.kubernetes, release: await render(one) });
    }
  };
  await Promise.all([next(), next()]);
}, 300_000);

function breachesOf(rule: (rendering: Rendering) => readonly string[]): string[] {
  return renderings.flatMap((rendering) => rule(rendering).map((breach) => `${rendering.from}: ${breach}`));
}

describe('the chart', () => {
  it('renders with every case of values for every version', () => {
    expect(renderings).toHaveLength(CASES.length * KUBERNETES.length);
  });

  it('makes nothing but what Kubernetes’ types have', async () => {
    const objects = renderings.flatMap(({ from, release }) => release.objects.map((object) => ({ from, object })));
    expect(await judge(objects)).toEqual([]);
  });

  it('uses nothing that is newer than the cluster', () => {
    expect(breachesOf(({ release, kubernetes }) => versions(release, kubernetes))).toEqual([]);
  });

  it.each(Object.entries(RULES))('holds in every case: %s', (_name, rule) => {
    expect(breachesOf(({ release }) => rule(release))).toEqual([]);
  });

  it('is packed as it stands, and lint finds nothing', async () => {
    const { code, output } = await helm(
      ['lint', CHART, '--strict', '--kube-version', '1.37.0', '--values', '-'],
      '{"secret":{"existingSecret":"keys"}}',
    );
    expect(output).toContain('0 chart(s) failed');
    expect(code).toBe(0);
  });
});
