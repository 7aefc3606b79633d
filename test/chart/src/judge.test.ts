import { expect, it } from 'vitest';
import { judge } from './judge.ts';
import type { Rendered } from './release.ts';

const service: Rendered = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'one' },
  spec: { ports: [{ port: 80 }] },
};
const verdict = (object: object): Promise<readonly string[]> =>
  judge([{ from: 'here', object: { ...service, ...object } }]);

it('finds nothing in a sound object', async () => {
  expect(await verdict({})).toEqual([]);
});

it('refuses a field that the type lacks, however deep, and says in which object', async () => {
  const [fault, ...more] = await verdict({ spec: { ports: [{ port: 80, targetport: 'data' }] } });
  expect(fault).toMatch(/^here: v1 Service one: .*targetport/);
  expect(more).toEqual([]);
});

it('refuses a text where a number belongs, and a missing field', async () => {
  expect(await verdict({ spec: { ports: [{ port: '80' }] } })).toHaveLength(1);
  expect(await verdict({ spec: { ports: [{ name: 'data' }] } })).toHaveLength(1);
});

it('refuses a kind that the chart has no business with', async () => {
  expect((await verdict({ kind: 'Servce' })).join()).toContain('v1 Servce');
});
