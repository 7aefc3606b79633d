/** What the page is tested with: two keys and a fallback before a simulator whose faults a test turns on and off. */
import { type FaultRuleInput, startSimulator } from '@leeward/mistral-sim';
import { type NodeProcess, startNode } from './node-process.ts';

export const ROUTE = 'mistral-small-latest';
export const TOKEN = 'an-admin-token-of-a-test';

export interface Scene extends AsyncDisposable {
  readonly node: NodeProcess;
  readonly url: string;
  readonly setFaults: (rules: readonly FaultRuleInput[]) => void;
  /** Sends so many chats at once, so that every key gets some, and does not mind how they end. */
  readonly chat: (count: number) => Promise<void>;
}

interface SceneOptions {
  readonly token?: string;
  readonly workers?: number;
}

export async function openScene({ token, workers = 1 }: SceneOptions = {}): Promise<Scene> {
  const simulator = await startSimulator({
    port: 0,
    openaiPort: 0,
    controlPort: 0,
    latency: { firstTokenMs: 20, perTokenMs: 1 },
  });
  const config = {
    auth: 'none',
    providers: {
      mistral: {
        dialect: 'mistral',
        baseUrl: simulator.mistralUrl,
        // Stated, because streamed answers tell none.
        quotaGroups: { one: { limits: { [ROUTE]: { requestsPerMinute: 720, tokensPerMinute: 2_000_000 } } }, two: {} },
        keys: [
          { name: 'a', secret: 'env:KEY_A', quotaGroup: 'one' },
          { name: 'b', secret: 'env:KEY_B', quotaGroup: 'two' },
        ],
        breaker: { consecutiveFaults: 1, probeAfterMs: 60_000, maxProbeAfterMs: 60_000 },
      },
      backup: { dialect: 'openai', baseUrl: simulator.openaiUrl, keys: [{ name: 'main', secret: 'env:KEY_BACKUP' }] },
    },
    routes: { [ROUTE]: { pools: [[{ provider: 'mistral' }], [{ provider: 'backup', model: 'gpt-5-mini' }]] } },
    telemetry: { logLevel: 'warn' },
    ...(token === undefined ? {} : { admin: { token: 'env:ADMIN_TOKEN' } }),
  };
  const env = { KEY_A: 'sim-key-a', KEY_B: 'sim-key-b', KEY_BACKUP: 'sim-openai-key', ADMIN_TOKEN: token ?? '' };
  const node = await startNode(config, env, { workers });
  return {
    node,
    url: `${node.adminUrl}/console`,
    setFaults: (rules) => simulator.faults.set(rules),
    chat: async (count) => {
      await Promise.all(Array.from({ length: count }, () => chatOnce(node.dataUrl)));
    },
    [Symbol.asyncDispose]: async () => {
      await node[Symbol.asyncDispose]();
      await simulator.close();
    },
  };
}

async function chatOnce(dataUrl: string): Promise<void> {
  const body = { model: ROUTE, stream: true, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 5 };
  const response = await fetch(`${dataUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
}
