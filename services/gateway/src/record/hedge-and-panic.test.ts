/** What is told of the attempts that stand out: those made beside another one, and those made in panic. */
import { expect, test } from 'vitest';
import { CLIENT_KEY, openGateway, type TestGateway } from '../fixtures/open-gateway.ts';
import { answersChat, chatBody, openUpstream, sayJson } from '../fixtures/open-upstream.ts';

const KEYS = [
  { name: 'a', secret: 'env:KEY_A' },
  { name: 'b', secret: 'env:KEY_B' },
];

/** A few more first tokens than a route wants to have seen before it calls one late: what is older counts for less. */
const ENOUGH = 60;

async function ask(gateway: TestGateway): Promise<void> {
  const init = { method: 'POST', body: chatBody({ stream: true }), headers: { 'x-api-key': CLIENT_KEY } };
  await (await fetch(`${gateway.dataUrl}/v1/chat/completions`, init)).arrayBuffer();
}

async function lastDecision(gateway: TestGateway): Promise<unknown> {
  const response = await fetch(`${gateway.adminUrl}/admin/decisions?limit=1`);
  const { decisions } = (await response.json()) as { decisions: unknown[] };
  return decisions[0];
}

test('a hedge is counted by what became of it, and explained beside the attempt that it helped', async () => {
  let silent = false;
  await using upstream = await openUpstream((request, response, number) => {
    if (!silent) answersChat(request, response, number);
    silent = false;
  });
  await using gateway = await openGateway({
    providers: { mistral: { dialect: 'mistral', baseUrl: upstream.url, keys: KEYS } },
    routes: { '*': { pools: [[{ provider: 'mistral' }]], hedge: { maxShare: 0.5 } } },
  });
  for (let number = 0; number < ENOUGH; number++) await ask(gateway);
  const won = () => gateway.metric('leeward_hedges_total', 'route="*"', 'result="won"');
  // A busy machine may have had its late ones already.
  const before = await won();
  const retries = await gateway.metric('leeward_retries_total');
  silent = true;
  await ask(gateway);
  expect(await won()).toBe(before + 1);
  // It followed upon no failure.
  expect(await gateway.metric('leeward_retries_total')).toBe(retries);
  const decision = await lastDecision(gateway);
  expect(decision).toMatchObject({
    status: 200,
    picker: 'adaptive',
    attempts: [
      { cause: 'first', outcome: 'cancelled' },
      { cause: 'hedge', outcome: 'ok', pool: 0 },
    ],
  });
  const { servedBy, attempts } = decision as { servedBy: string; attempts: { target: string }[] };
  expect(servedBy).toBe(attempts[1]?.target);
  // What both waited for together was waited for once.
  const overhead = await gateway.metric('leeward_overhead_seconds_sum');
  expect(overhead).toBeLessThan(await gateway.metric('leeward_request_duration_seconds_sum'));
});

test('an attempt in panic is counted by its outcome, and explained with what spoke against its target', async () => {
  await using upstream = await openUpstream((_request, response) => sayJson(response, '{"message":"x"}', 500));
  const breaker = { consecutiveFaults: 1, probeAfterMs: 60_000 };
  await using gateway = await openGateway({
    providers: { mistral: { dialect: 'mistral', baseUrl: upstream.url, keys: KEYS.slice(0, 1), breaker } },
    routes: { '*': { pools: [[{ provider: 'mistral' }]], retries: { maxAttempts: 1 } } },
  });
  await ask(gateway);
  expect(await gateway.metric('leeward_panic_attempts_total')).toBe(0);
  await ask(gateway);
  expect(await gateway.metric('leeward_panic_attempts_total', 'route="*"', 'outcome="fault"')).toBe(1);
  expect(await gateway.metric('leeward_retries_total')).toBe(0);
  expect(await lastDecision(gateway)).toMatchObject({
    end: 'refused',
    attempts: [{ cause: 'panic', outcome: 'fault', candidates: [{ state: 'breaker-open' }] }],
  });
});
