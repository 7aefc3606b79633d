/** Where a tool is on this machine. Who needs one that is missing fails with the words that say how to get it. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Tool } from './tools.ts';

export function findTool(tool: Tool, path: string = process.env['PATH'] ?? ''): string | undefined {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...tool.alsoIn];
  return folders.map((folder) => join(folder, tool.command)).find(isExecutable);
}

export function requireTool(tool: Tool): string {
  const found = findTool(tool);
  if (found === undefined) throw new Error(howToGet(tool));
  return found;
}

export function howToGet({ command, debianPackage, goPackage, site, neededFor }: Tool): string {
  const ways = [
    debianPackage === undefined ? [] : `Debian and Ubuntu: apt-get install ${debianPackage}`,
    goPackage === undefined ? [] : `with Go: go install ${goPackage}`,
    `elsewhere: ${site}`,
  ].flat();
  return `${command} is missing. It is needed for ${neededFor}. ${ways.join('; ')}. It must be on the PATH.`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not to be executed: either way not what is looked for.
    return false;
  }
}
