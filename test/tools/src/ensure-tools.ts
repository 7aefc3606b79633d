/**
 * Run before `npm test`: every tool that tests start is here afterwards, or it is said what is missing and how to get
 * it. It never ends the run, because most tests need no tool.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { findTool } from './find-tool.ts';
import { installTools, type Machine } from './install-tools.ts';
import { TOOLS } from './tools.ts';

/** Where every Debian has it. */
const APT_GET = '/usr/bin/apt-get';

const machine: Machine = {
  find: (tool) => findTool(tool),
  mayInstall: process.getuid?.() === 0 && existsSync(APT_GET),
  aptGet: async (args) => {
    console.log(`$ apt-get ${args.join(' ')}`);
    const child = spawn(APT_GET, [...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      // No questions; and in run level 1 a package does not start the server that it brings.
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0;
  },
};

for (const line of await installTools(TOOLS, machine)) console.log(line);
