/**
 * `npm run build:console`: the console as the gateway serves it, from its sources in services/console. Nothing is left to
 * load from elsewhere, and nothing stands inline, because the page's policy allows neither.
 *
 *   --if-stale   only when a source is newer than what was built: what `npm start` does first
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const CONSOLE = fileURLToPath(new URL('../services/console', import.meta.url));

/** Where a gateway that runs from its sources looks. */
const DIST = join(CONSOLE, 'dist');

/** Answers how much script it is, compressed. */
export async function buildConsole(outDir: string): Promise<number> {
  // Loaded when there is something to build: it takes half a second.
  const { build } = await import('vite');
  // Whoever builds, a test among them: Vite asks the environment, and would make another page.
  process.env['NODE_ENV'] = 'production';
  await build({
    root: CONSOLE,
    mode: 'production',
    configFile: false,
    base: '/console/',
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir,
      emptyOutDir: true,
      // Every browser that knows light-dark(); older ones have the plain page.
      target: 'es2023',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  const assets = join(outDir, 'assets');
  const scripts = (await readdir(assets)).filter((name) => name.endsWith('.js'));
  const weights = await Promise.all(scripts.map(async (name) => gzipSync(await readFile(join(assets, name))).length));
  return weights.reduce((sum, weight) => sum + weight, 0);
}

async function isStale(): Promise<boolean> {
  const built = await changedMs(join(DIST, 'index.html'));
  const sources = await readdir(join(CONSOLE, 'src'), { recursive: true });
  const changes = await Promise.all(
    ['index.html', ...sources.map((name) => join('src', name))].map((name) => changedMs(join(CONSOLE, name))),
  );
  return changes.some((changed) => changed > built);
}

/** 0 for what is not there. */
async function changedMs(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

if (import.meta.main && (!process.argv.includes('--if-stale') || (await isStale()))) {
  const bytes = await buildConsole(DIST);
  process.stdout.write(`services/console/dist/: ${(bytes / 1024).toFixed(1)} KiB of script, compressed\n`);
}
