import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readConsoleFiles } from './console-files.ts';

test('the build is read whole, compressed once, and nothing that is no part of a page', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'leeward-console-files-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<p>page</p>');
  await writeFile(join(folder, 'assets', 'index-1.js'), 'script');
  await writeFile(join(folder, 'assets', 'notes.txt'), 'private');
  const files = await readConsoleFiles([join(folder, 'nowhere'), folder]);
  expect([...files.keys()].toSorted()).toEqual(['assets/index-1.js', 'index.html']);
  const page = files.get('index.html');
  expect(page?.contentType).toBe('text/html; charset=utf-8');
  expect(gunzipSync(page?.gzipped ?? '').toString()).toBe('<p>page</p>');
  await rm(folder, { recursive: true });
});

test('a folder without a page is no build', async () => {
  expect((await readConsoleFiles([join(tmpdir(), 'leeward-no-such-folder')])).size).toBe(0);
});
