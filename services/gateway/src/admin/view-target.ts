/** A target as an operator sees it: its own view, and the two figures that a picker weighs it by. */
import type { Target, TargetView } from '@leeward/upstream';
import { rounded } from '../record/rounded.ts';

export interface TargetRow extends TargetView {
  readonly load: number;
  readonly headroom: number;
}

export function viewTarget(target: Target): TargetRow {
  return { ...target.view(), load: rounded(target.load), headroom: rounded(target.headroom) };
}
