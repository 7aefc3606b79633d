/**
 * Strict checks without a cluster: each object becomes a literal of its kind's type, and the compiler judges them all in
 * one run. A literal may have no key that its type lacks, which is what an API server's strict validation refuses and
 * what a schema check by default lets pass.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT } from './places.ts';
import type { Rendered } from './release.ts';

interface Judged {
  /** Where it was rendered, for whoever reads the verdict. */
  readonly from: string;
  readonly object: Rendered;
}

/** One line for each fault, with the object and where it was rendered. */
export async function judge(all: readonly Judged[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'leeward-chart-'));
  try {
    const kinds = join(import.meta.dirname, 'kinds.ts');
    // The same object out of several renderings is judged once; each stands in a line of its own, which tells it.
    const distinct = [...new Map(all.map((one) => [JSON.stringify(one.object), one]))];
    const literals = distinct.map(([literal, { object }], index) => {
      return `export const o${index}: Kinds['${object.apiVersion} ${object.kind}'] = ${literal};`;
    });
    const program = [`import type { Kinds } from ${JSON.stringify(kinds)};`, ...literals].join('\n');
    await writeFile(join(folder, 'objects.mts'), program);
    const settings = {
      extends: join(ROOT, 'tsconfig.base.json'),
      compilerOptions: { types: [] },
      files: ['objects.mts'],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    const said = await compile(folder);
    return [...said.matchAll(/^objects\.mts\((?<line>\d+),\d+\): (?<fault>.*)$/gm)].map(({ groups }) => {
      const judged = distinct[Number(groups?.['line']) - 2]?.[1];
      const { apiVersion, kind, metadata } = judged?.object ?? {};
      return `${judged?.from}: ${apiVersion} ${kind} ${metadata?.name}: ${groups?.['fault']}`;
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function compile(folder: string): Promise<string> {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const child = spawn(process.execPath, [tsc, '--project', folder, '--pretty', 'false'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  // A fault anywhere else than in the objects is one of this test.
  if (code !== 0 && !/^objects\.mts\(/m.test(said)) throw new Error(`tsc ended with ${String(code)}: ${said}`);
  return said;
}
