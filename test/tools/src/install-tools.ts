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
}

/** One line per tool, for whoever reads the log. Never fails: the tests that need a tool do, and say the same. */
export async function installTools(tools: readonly Tool[], machine: Machine): Promise<string[]> {
  const missing = tools.filter((tool) => machine.find(tool) === undefined);
  const installed = missing.length > 0 && machine.mayInstall && (await install(missing, machine));
  return tools.map((tool) => {
    const place = machine.find(tool);
    if (place === undefined) {
      const tried = machine.mayInstall && !installed ? ' (apt-get was tried and failed)' : '';
      return `${howToGet(tool)}${tried}`;
    }
    return missing.includes(tool) ? `${tool.command}: installed, ${place}` : `${tool.command}: ${place}`;
  });
}

async function install(missing: readonly Tool[], { aptGet }: Machine): Promise<boolean> {
  // A new machine has no lists of packages; one whose lists cannot be renewed may have good ones.
  await aptGet(['update']);
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))];
  return aptGet(['install', '--yes', '--no-install-recommends', ...packages]);
}
