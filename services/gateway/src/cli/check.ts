/** `leeward check FILE`: every problem of a config, as `file:line: path problem`, which editors and CI make clickable. */
import { type ConfigDeps, type ConfigResult, loadConfig } from '../config/load.ts';
import type { Problem } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';

export interface CheckOptions {
  /** Passes over secrets that are not on this machine, which is most often not the one that the config is for. */
  readonly withoutSecrets: boolean;
}

export async function check(
  path: string,
  { withoutSecrets }: CheckOptions,
  deps: ConfigDeps,
  print: (line: string) => void,
): Promise<0 | 1> {
  const result = await loadConfig({ path }, deps);
  if (withoutSecrets && result.kind === 'refused') {
    const problems = result.problems.filter(({ isUnread }) => isUnread !== true);
    if (problems.length === 0) {
      print(`${path} is good, as far as can be told without its secrets`);
      return 0;
    }
    for (const line of resultLines(path, { ...result, problems })) print(line);
    return 1;
  }
  for (const line of resultLines(path, result)) print(line);
  if (result.kind === 'refused') return 1;
  print(`${path} is good: ${summary(result.settings)}`);
  return 0;
}

/** `origin` is the file, or what else the config came from. */
export function resultLines(origin: string, result: ConfigResult): string[] {
  switch (result.kind) {
    case 'ok':
      return result.warnings.map((warning) => problemLine(origin, warning, 'warning: '));
    case 'refused':
      return [
        ...result.problems.map((problem) => problemLine(origin, problem, '')),
        `${origin} is refused: ${counted(result.problems.length, 'problem')}`,
      ];
  }
}

function problemLine(origin: string, { path, problem, line }: Problem, mark: string): string {
  return `${origin}${line === undefined ? '' : `:${line}`}: ${mark}${path} ${problem}`;
}

function summary({ providers, routes }: Settings): string {
  const keys = Object.values(providers).reduce((sum, provider) => sum + provider.keys.length, 0);
  return [
    counted(Object.keys(providers).length, 'provider'),
    counted(keys, 'key'),
    counted(Object.keys(routes).length, 'route'),
  ].join(', ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
