/**
 * Run before `npm test`: every tool that tests start is here afterwards, or it is said what is missing and how to get
 * it. It never ends the run, because most tests need no tool.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { findTool } from './find-tool.ts';
import { installTools, type Machine } from './install-tools.ts';
import { GO_TOOLS, type Tool, TOOLS } from './tools.ts';

/** Where every Debian has it. */
const APT_GET = '/usr/bin/apt-get';

/** It is no tool that tests start, so it is not installed; where it is, it builds those that Debian does not have. */
const GO: Tool = {
  command: 'go',
  site: 'https://go.dev/dl',
  neededFor: 'building tools',
  alsoIn: ['/usr/local/go/bin'],
};

const machine: Machine = {
  find: (tool) => findTool(tool),
  mayInstall: process.getuid?.() === 0 && existsSync(APT_GET),
  // No questions; and in run level 1 a package does not start the server that it brings.
  aptGet: (args) => run(APT_GET, args, { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }),
  goInstall: async (goPackage) => {
    const go = findTool(GO);
    // Minutes on a new machine, and seconds after: Go keeps what it has built. Without names for debuggers, a third less.
    return go !== undefined && (await run(go, ['install', '-ldflags=-s -w', goPackage], { GOBIN: GO_TOOLS }));
  },
};

async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> {
  console.log(`$ ${command} ${args.join(' ')}`);
  const child = spawn(command, [...args], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

for (const line of await installTools(TOOLS, machine)) console.log(line);
