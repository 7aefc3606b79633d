/** A real gateway process in front of a simulator in this one, and what it logs. */
import { type GatewayProcess, startGateway } from '@leeward/test-cluster';

export interface NodeProcess extends AsyncDisposable, Pick<GatewayProcess, 'dataUrl' | 'adminUrl' | 'pid'> {
  readonly log: () => readonly Readonly<Record<string, unknown>>[];
}

interface StartOptions {
  readonly workers?: number;
}

export async function startNode(
  config: object,
  env: Readonly<Record<string, string>>,
  { workers = 1 }: StartOptions = {},
): Promise<NodeProcess> {
  const { dataUrl, adminUrl, pid, output, stop } = await startGateway({
    config: { listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' }, ...config },
    env,
    options: ['--workers', String(workers)],
  });
  return {
    dataUrl,
    adminUrl,
    pid,
    log: () =>
      output()
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map(parsed),
    [Symbol.asyncDispose]: stop,
  };
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  return JSON.parse(line) as Readonly<Record<string, unknown>>;
}
