/** Where things are in the repository. */
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../..');
export const CHART = join(ROOT, 'helm/leeward');
