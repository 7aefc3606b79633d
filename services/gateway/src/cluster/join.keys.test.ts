import { expect, test } from 'vitest';
import { JoinedFleets, providerWith } from '../fixtures/joined-fleets.ts';

const REJECTED = { kind: 'credentials' } as const;
const KEYS = ['a', 'b', 'c'];

test('probe', async () => {
  const fleets = new JoinedFleets();
  const nodes = ['one', 'two', 'three'].map((name) => fleets.join(name, providerWith(KEYS)));
  await fleets.meet();
  const [one, two, three] = nodes;
  for (const node of [one, two]) await node?.attempt('a', REJECTED as never);
  for (let i = 0; i < 120; i++) {
    await fleets.clock.advance(1000);
    console.log(i, nodes.map((n) => n.target('a').state + ' ' + n.target('a').key.quarantine.state).join(' | '));
  }
});
