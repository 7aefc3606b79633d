import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { APIConnectionError, type APIError, InternalServerError, RateLimitError } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, strike } from './faults.ts';
import { configFor, type GatewayProcess, startGateway } from './gateway-process.ts';
import { chatAll, clientOf, isAnswered } from './traffic.ts';

const UNLIMITED = { requestsPerMinute: 10_000_000, tokensPerMinute: 10_000_000_000 };
const ALL = ['workspace-1', 'workspace-2', 'workspace-3'];
const BACKUP = { when: { personality: 'openai' as const } };

let simulator: Simulator;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startSimulator({ defaultLimit: UNLIMITED });
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  simulator.reset();
});
afterAll(() => simulator.close());

describe.each(Object.entries(FAULTS))('with %s', (name, effect) => {
  test('on two of three workspaces, 1,000 concurrent requests all get the right text', async () => {
    gateway = await startGateway(configFor(simulator));
    simulator.faults.set(strike(effect, ALL.slice(0, 2)));
    const tally = await chatAll(clientOf(gateway), 1000, name);
    expect(tally.errors).toEqual([]);
    expect(tally.wrong).toEqual([]);
    expect(tally.right).toBe(1000);
  });
});

test('with a mixture of faults on all three workspaces the secondary provider answers what they cannot', async () => {
  gateway = await startGateway(configFor(simulator));
  simulator.faults.set([
    { when: { workspace: 'workspace-1' }, effect: { kind: 'silence' } },
    { when: { workspace: 'workspace-2' }, effect: { kind: 'error', error: '502/html' } },
    { when: { workspace: 'workspace-3' }, effect: { kind: 'revoked' } },
  ]);
  const tally = await chatAll(clientOf(gateway), 1000, 'mixture');
  expect(tally.errors).toEqual([]);
  expect(tally.wrong).toEqual([]);
  expect(simulator.state().keys['sim-openai-key']?.completed).toBe(1000);
});

describe('with everything failing', () => {
  test.each(['status 500', 'silence', 'refused connections', 'an empty answer', 'a reset before the first byte'])(
    '(%s) every client gets an error of its SDK’s own class within its deadline, and the process lives',
    async (name) => {
      const config = configFor(simulator);
      gateway = await startGateway(config);
      const effect = FAULTS[name] ?? { kind: 'silence' };
      simulator.faults.set([...strike(effect, ALL), { ...BACKUP, effect }]);
      const tally = await chatAll(clientOf(gateway), 300, name, { headers: { 'x-leeward-deadline-ms': '5000' } });
      expect(tally.right).toBe(0);
      expect(tally.errors).toHaveLength(300);
      for (const error of tally.errors) {
        expect(error).toBeInstanceOf(InternalServerError);
        expect(error).not.toBeInstanceOf(APIConnectionError);
        expect((error as APIError).code).toMatch(/^GW_(NO_TARGET|UPSTREAM_FAILED|DEADLINE)$/);
      }
      expect((await fetch(`${gateway.adminUrl}/healthz/ready`)).status).toBe(200);
    },
  );

  test('(rate limits) every client gets a 429 that says when to come back', async () => {
    gateway = await startGateway(configFor(simulator));
    const effect = { kind: 'error', error: '429/1300' } as const;
    simulator.faults.set([...strike(effect, ALL), { ...BACKUP, effect }]);
    const tally = await chatAll(clientOf(gateway), 300, 'limited');
    expect(tally.errors).toHaveLength(300);
    for (const error of tally.errors) {
      expect(error).toBeInstanceOf(RateLimitError);
      const seconds = Number((error as APIError).headers?.get('retry-after'));
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(59);
    }
  });

  test('and then healing, traffic flows again without a restart', async () => {
    gateway = await startGateway(configFor(simulator));
    const client = clientOf(gateway);
    const effect = { kind: 'error', error: '500/1000' } as const;
    simulator.faults.set([...strike(effect, ALL), { ...BACKUP, effect }]);
    await chatAll(client, 100, 'before');
    simulator.faults.clear();
    await expect
      .poll(() => isAnswered(client, { name: 'after', stream: false }), { timeout: 20_000, interval: 200 })
      .toBe(true);
  });
});
