import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { commands } from './commands.ts';

const house = {
  'package.json': '{"scripts":{"start":"node services/gateway/src/main.ts","test":"vitest run","lint":"oxlint"}}',
  'services/gateway/package.json': '{"bin":{"leeward":"src/cli/leeward.ts"}}',
  'services/gateway/src/main.ts': '',
  'README.md': 'Run:\n\n```sh\nnpm ci && npm start\nnpm ci && npm test   # everything\n```\n',
  '.ci/run': '#!/usr/bin/env bash\n# why\nset -euo pipefail\n\nnpm ci && npm test\n',
};
const breaches = (files: Record<string, string>): string[] => commands(treeOf({ ...house, ...files }));

describe('commands', () => {
  it('is content when every command exists and CI runs the one for tests', () => {
    expect(breaches({ 'CONTRIBUTING.md': 'Use `npm run lint`, then `npx leeward check FILE`.' })).toEqual([]);
  });

  it('refuses a script that package.json does not have', () => {
    expect(breaches({ 'docs/a.md': 'Use `npm run storms`.' })).toEqual(["docs/a.md: there is no script 'storms'"]);
    expect(breaches({ 'docs/a.md': '```sh\nnpm stop\n```' })).toEqual(["docs/a.md: there is no script 'stop'"]);
  });

  it('refuses a command that no package brings', () => {
    expect(breaches({ 'docs/a.md': '`npx leeword keys`' })).toEqual([
      "docs/a.md: no package here has the command 'leeword'",
    ]);
  });

  it('refuses a script that runs a file which is not there', () => {
    expect(breaches({ 'package.json': '{"scripts":{"start":"node gone.ts","test":"vitest run"}}' })).toEqual([
      expect.stringContaining('runs gone.ts'),
    ]);
  });

  it.each(['npm ci && npm test -- --bail', 'npm test', 'npm ci && npm test\nnpm run lint', ''])(
    'refuses a CI that runs: %s',
    (line) => {
      expect(breaches({ '.ci/run': `#!/usr/bin/env bash\nset -e\n${line}\n` })).toEqual([
        expect.stringContaining('must run exactly'),
      ]);
    },
  );

  it('refuses a README that does not say how to run the tests', () => {
    expect(breaches({ 'README.md': 'Good luck.' })).toEqual([expect.stringContaining('no sh block')]);
  });
});
