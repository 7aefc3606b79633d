/** The process in which picks are measured: nothing else has warmed its compiler or filled its heap. */
import { serve } from '../rpc.ts';
import { measurePick, type PickFigures } from './measure-pick.ts';

export interface PickTask {
  targets: number;
}

serve(({ targets }: PickTask): Promise<PickFigures> => {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('start it with --expose-gc');
  return measurePick(targets, () => collect());
});
