import { fitting } from './fitting.ts';
import { hardening } from './hardening.ts';
import { naming } from './naming.ts';
import { reach } from './reach.ts';
import type { Rule } from './rule.ts';
import { secrecy } from './secrecy.ts';
import { stayingUp } from './staying-up.ts';
import { wiring } from './wiring.ts';

/** Those that need nothing but the release. */
export const RULES: Readonly<Record<string, Rule>> = { fitting, hardening, naming, reach, secrecy, stayingUp, wiring };
