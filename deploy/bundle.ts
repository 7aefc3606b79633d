/**
 * `npm run build`: the production build, dist/. One directory of JavaScript that needs Node and nothing else: no
 * node_modules, no TypeScript; the console's page is in it. What a start does not need stays in chunks that are loaded when it is (OpenTelemetry).
 *
 * The same sources give the same bytes: names follow from contents, and no time or path goes in.
 */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildConsole } from './console.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = `${ROOT}dist/`;

/** Packages of CommonJS ask for Node's own modules by `require`, which an ES module does not have. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);";

await rm(DIST, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: {
    leeward: 'services/gateway/src/cli/leeward.ts',
    'worker-entry': 'services/gateway/src/workers/worker-entry.ts',
    'mistral-sim': 'services/mistral-sim/src/cli.ts',
  },
  outdir: DIST,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  // Not minified: an error prints its line, which a person has to read. Licences go with the code.
  legalComments: 'linked',
  banner: { js: REQUIRE },
  metafile: true,
  logLevel: 'warning',
});
await copyFile(`${ROOT}services/mistral-sim/examples/mild.yaml`, `${DIST}mistral-sim.yaml`);
await buildConsole(`${DIST}console`);
const { version } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8')) as { version: string };
await writeFile(`${DIST}package.json`, `${JSON.stringify({ name: 'leeward', version, type: 'module' })}\n`);
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
process.stdout.write(`dist/: ${Object.keys(metafile.outputs).length} files, ${Math.round(bytes / 1024)} KiB\n`);
