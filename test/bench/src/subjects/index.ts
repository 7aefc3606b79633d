/** In the order in which a round visits them. */
import { direct } from './direct.ts';
import { haproxy } from './haproxy.ts';
import { leeward } from './leeward.ts';
import { litellm } from './litellm.ts';
import { nginx } from './nginx.ts';
import { portkey } from './portkey.ts';
import { smg } from './smg.ts';
import type { Subject } from './subject.ts';

export const SUBJECTS: readonly Subject[] = [direct, nginx, haproxy, portkey, litellm, smg, leeward];
