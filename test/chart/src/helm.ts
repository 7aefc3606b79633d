/** A real helm, with no cluster: it renders for the versions and APIs that it is told of. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { HELM, requireTool } from '@leeward/tools';
import { CHART } from './places.ts';
import { Release } from './release.ts';

export interface Ask {
  readonly values: object;
  readonly kubernetes: string;
  /** Beyond Kubernetes' own. */
  readonly apis?: readonly string[] | undefined;
  readonly release?: string | undefined;
  readonly chart?: string;
}

interface Answer {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

export async function helm(args: readonly string[], input = ''): Promise<Answer> {
  const child = spawn(requireTool(HELM), [...args], { stdio: 'pipe' });
  child.stdin.end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: Number(code), output, errors };
}

export async function render(ask: Ask): Promise<Release> {
  const { code, output, errors } = await template(ask);
  if (code !== 0) throw new Error(errors);
  return Release.read(output);
}

/** What helm says when it refuses. */
export async function refusal(ask: Ask): Promise<string> {
  const { code, errors } = await template(ask);
  if (code === 0) throw new Error('helm rendered what it should have refused');
  return errors;
}

function template({ values, kubernetes, apis = [], release = 'prod', chart = CHART }: Ask): Promise<Answer> {
  const versions = ['--kube-version', kubernetes, ...apis.flatMap((api) => ['--api-versions', api])];
  return helm(['template', release, chart, '--namespace', 'llm', '--values', '-', ...versions], JSON.stringify(values));
}
