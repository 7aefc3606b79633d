/**
 * Lays out the root of the production image in the folder that is named: the bundle, this Node, the shared libraries that
 * it has loaded, and the software bill of materials. Which libraries those are, Node says itself: no other tool is needed.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('..', import.meta.url));

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('say which folder: node deploy/image-root.ts FOLDER');

/** As the dynamic linker will look for it, whatever links the system has on the way there. */
async function copyFile(path: string, to: string): Promise<void> {
  const destination = join(target ?? '', to);
  await mkdir(dirname(destination), { recursive: true });
  await cp(await realpath(path), destination);
}

const { sharedObjects } = process.report.getReport() as unknown as { readonly sharedObjects: readonly string[] };
// The kernel's own (linux-vdso) is no file.
for (const library of sharedObjects.filter((path) => path.startsWith('/'))) await copyFile(library, library);
await copyFile(process.execPath, '/bin/node');
await cp(join(SOURCE, 'dist'), join(target, 'app'), { recursive: true });

const asked = [
  'sbom',
  '--sbom-format',
  'cyclonedx',
  '--omit',
  'dev',
  '--package-lock-only',
  '--workspace',
  '@leeward/gateway',
];
const sbom = JSON.parse(execFileSync('npm', asked, { cwd: SOURCE, encoding: 'utf8' })) as Record<string, object>;
// What differs from one build to the next of the same sources.
delete sbom['serialNumber'];
delete (sbom['metadata'] as Record<string, unknown>)['timestamp'];
await writeFile(join(target, 'app', 'sbom.cdx.json'), `${JSON.stringify(sbom)}\n`);
await mkdir(join(target, 'etc'), { recursive: true });
await writeFile(join(target, 'etc', 'passwd'), 'nobody:x:65532:65532:nobody:/:/sbin/nologin\n');
