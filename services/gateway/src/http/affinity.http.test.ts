/** Affinity as a client meets it. */
import { describe, expect, test } from 'vitest';
import { openGateway } from '../fixtures/open-gateway.ts';
import { answersChat, chatBody, openUpstream, sayJson } from '../fixtures/open-upstream.ts';

function twoKeys(baseUrl: string): object {
  const keys = [
    { name: 'a', secret: 'env:KEY_A' },
    { name: 'b', secret: 'env:KEY_B' },
  ];
  return {
    auth: 'none',
    providers: { mistral: { dialect: 'mistral', baseUrl, keys } },
    routes: { '*': { pools: [[{ provider: 'mistral' }]] } },
  };
}

function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

describe('a session', () => {
  test('stays with one key, which other sessions do not all share, and is nothing that an upstream hears of', async () => {
    // A caller's fault teaches nothing of a target's speed, so that chance has no part in the picks.
    await using upstream = await openUpstream((_request, response) => sayJson(response, '{"message":"x"}', 422));
    await using gateway = await openGateway(twoKeys(upstream.url));
    const url = `${gateway.dataUrl}/v1/chat/completions`;
    const keysFor = async (headers: Record<string, string>) => {
      const keys = new Set<string | null>();
      for (let turn = 1; turn <= 12; turn++) {
        const response = await post(url, chatBody(), headers);
        await response.arrayBuffer();
        keys.add(response.headers.get('x-leeward-key'));
      }
      return [...keys];
    };
    const homes = new Set<string | null>();
    for (let session = 1; session <= 12; session++) {
      const [home, ...others] = await keysFor({ 'x-leeward-session': `s-${session}` });
      expect(others).toEqual([]);
      homes.add(home ?? null);
    }
    expect(homes).toEqual(new Set(['a', 'b']));
    await (await post(`${gateway.dataUrl}/v1/files`, '{}', { 'x-leeward-session': 's-1' })).arrayBuffer();
    expect(upstream.received).toHaveLength(12 * 12 + 1);
    for (const { headers } of upstream.received) expect(headers).not.toHaveProperty('x-leeward-session');
  });

  test('that is none is refused, and costs no upstream call', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(twoKeys(upstream.url));
    for (const session of ['two words', 'x'.repeat(257)]) {
      const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody(), {
        'x-leeward-session': session,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        code: 'GW_BAD_REQUEST',
        message: expect.stringContaining('x-leeward-session must be 1 to 256 visible ASCII characters'),
      });
    }
    expect(upstream.seen()).toBe(0);
  });
});
