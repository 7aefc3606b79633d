/**
 * The console's production build, held in memory: a handful of files, read once, so that no path of a request ever
 * reaches the file system. `npm run build:console` makes them in services/console; beside a bundled gateway they
 * stand in `console/`. Where there is no build, the admin port has its plain page.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface ConsoleFile {
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

/** By their path under /console/, without a slash in front. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/** What the build makes; anything else is not ours to serve. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The build has five; a folder with more is another one. */
const MAX_FILES = 64;

/** Beside a bundle, and in the source tree. */
const FOLDERS = ['./console/', '../../../console/dist/'].map((place) => fileURLToPath(new URL(place, import.meta.url)));

/** Empty when there is no build. */
export async function readConsoleFiles(folders: readonly string[] = FOLDERS): Promise<ConsoleFiles> {
  for (const folder of folders) {
    const files = await readFolder(folder);
    if (files.has('index.html')) return files;
  }
  return new Map();
}

async function readFolder(folder: string): Promise<ConsoleFiles> {
  const files = new Map<string, ConsoleFile>();
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of found.slice(0, MAX_FILES)) {
    const contentType = CONTENT_TYPES[extname(entry.name)];
    if (!entry.isFile() || contentType === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    const name = relative(folder, path).replaceAll(sep, '/');
    files.set(name, { contentType, bytes, gzipped: await promisify(gzip)(bytes, { level: 9 }) });
  }
  return files;
}
