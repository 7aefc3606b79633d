/** Where things are in the repository. */
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
export const COMPOSE = join(ROOT, 'deploy/compose');
export const EXAMPLES = join(ROOT, 'docs/examples');
export const CHART = join(ROOT, 'helm/leeward');
export const LEEWARD = join(ROOT, 'services/gateway/src/cli/leeward.ts');
