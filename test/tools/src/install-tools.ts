/**
 * Gets the tools that are missing where that is safe to do unasked: as root on a machine with apt-get, which a container
 * or a CI runner is. A person's own machine is left alone, and told what to type.
 */
import { howToGet } from './find-tool.ts';
import type { Tool } from './tools.ts';

/** What the decision rests on, so that a test can be a machine. */
export interface Machine {
  readonly find: (tool: Tool) => string | undefined;
  readonly mayInstall: boolean;
  /** Whether apt-get ended well with these arguments. */
  readonly aptGet: (args: readonly string[]) => Promise<boolean>;
  /** Whether `go install` did; false without Go. */
  readonly goInstall: (goPackage: string) => Promise<boolean>;
}

/** One line per tool, for whoever reads the log. Never fails: the tests that need a tool do, and say the same. */
export async function installTools(tools: readonly Tool[], machine: Machine): Promise<string[]> {
  const missing = tools.filter((tool) => machine.find(tool) === undefined);
  const failed = machine.mayInstall ? await install(missing, machine) : [];
  return tools.map((tool) => {
    const place = machine.find(tool);
    if (place === undefined) {
      const tried = tool.debianPackage === undefined ? 'go install' : 'apt-get';
      return `${howToGet(tool)}${failed.includes(tool) ? ` (${tried} was tried and failed)` : ''}`;
    }
    return missing.includes(tool) ? `${tool.command}: installed, ${place}` : `${tool.command}: ${place}`;
  });
}

/** Those that could not be installed. What downloads and what compiles need different parts of a machine: both at once. */
async function install(missing: readonly Tool[], machine: Machine): Promise<readonly Tool[]> {
  const failed = await Promise.all([installPackages(missing, machine), build(missing, machine)]);
  return failed.flat();
}

async function installPackages(missing: readonly Tool[], { aptGet }: Machine): Promise<readonly Tool[]> {
  const packages = [...new Set(missing.flatMap(({ debianPackage = [] }) => debianPackage))];
  if (packages.length === 0) return [];
  // A new machine has no lists of packages; one whose lists cannot be renewed may have good ones.
  await aptGet(['update']);
  const isWell = await aptGet(['install', '--yes', '--no-install-recommends', ...packages]);
  return isWell ? [] : missing.filter(({ debianPackage }) => debianPackage !== undefined);
}

async function build(missing: readonly Tool[], { goInstall }: Machine): Promise<readonly Tool[]> {
  const failed: Tool[] = [];
  for (const tool of missing) {
    if (tool.debianPackage !== undefined || tool.goPackage === undefined) continue;
    if (!(await goInstall(tool.goPackage))) failed.push(tool);
  }
  return failed;
}
