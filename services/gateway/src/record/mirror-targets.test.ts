import { expect, test } from 'vitest';
import { CLIENT_KEY, openGateway } from '../fixtures/open-gateway.ts';
import { CHAT_ANSWER, chatBody, openUpstream, sayJson } from '../fixtures/open-upstream.ts';

test('each scrape shows the targets as they are: limits configured and learned, load, and none that is gone', async () => {
  await using upstream = await openUpstream((_request, response) =>
    sayJson(response, CHAT_ANSWER, 200, {
      'x-ratelimit-limit-req-minute': '720',
      'x-ratelimit-remaining-req-minute': '719',
    }),
  );
  const config = (route: string) => ({
    providers: {
      mistral: {
        dialect: 'mistral',
        baseUrl: upstream.url,
        quotaGroups: { w1: { limits: { 'mistral-large-latest': { tokensPerMinute: 5000 } } } },
        keys: [{ name: 'a', secret: 'env:KEY_A', quotaGroup: 'w1' }],
      },
    },
    routes: { [route]: { pools: [[{ provider: 'mistral' }]] }, '*': { pools: [[{ provider: 'mistral' }]] } },
  });
  await using gateway = await openGateway(config('mistral-large-latest'));
  for (const model of ['mistral-large-latest', 'made-up']) {
    const init = { method: 'POST', body: chatBody({ model }), headers: { 'x-api-key': CLIENT_KEY } };
    await (await fetch(`${gateway.dataUrl}/v1/chat/completions`, init)).arrayBuffer();
  }
  const quota = ['provider="mistral"', 'quota_group="w1"', 'model="mistral-large-latest"'];
  expect(await gateway.metric('leeward_quota_limit', ...quota, 'unit="tokens-per-minute"')).toBe(5000);
  expect(await gateway.metric('leeward_quota_limit', ...quota, 'unit="requests-per-minute"')).toBe(720);
  expect(await gateway.metric('leeward_quota_remaining', ...quota, 'unit="requests-per-minute"')).toBe(719);
  expect(await gateway.metric('leeward_target_state', ...quota, 'key="a"', 'state="available"')).toBe(1);
  const target = ['provider="mistral"', 'key="a"', 'model="mistral-large-latest"'];
  expect(await gateway.metric('leeward_target_load', ...target)).toBeGreaterThan(0);
  expect(await gateway.metric('leeward_target_first_token_seconds', ...target)).toBeGreaterThan(0);
  expect(await gateway.metric('leeward_target_token_seconds', ...target)).toBeGreaterThan(0);
  // 1200 of its 5000 tokens are spent: plenty is left.
  expect(await gateway.metric('leeward_quota_headroom', ...quota)).toBe(1);
  const page = async () => (await gateway.gateway.metrics.text(undefined)).body;
  expect(await page()).toMatch(/leeward_breaker_state\{.*model="mistral-large-latest"\} 0\n/);
  expect(await page()).not.toContain('made-up');
  // It has not been down.
  expect(await page()).not.toContain('leeward_target_slow_start_window{');
  await gateway.reload(config('other-route'));
  expect(await page()).not.toMatch(
    /leeward_(breaker_state|target_state|quota_limit|target_load)\{.*mistral-large-latest/,
  );
});
