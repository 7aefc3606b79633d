/** The load generator's process. A `first-answer` must come before a subject's loops: it says what they compare with. */
import { serve } from '../rpc.ts';
import { runClosedLoop } from './closed-loop.ts';
import { runOpenLoop } from './open-loop.ts';
import { runStreams } from './streams.ts';
import type { LoadResult, LoadTask } from './tasks.ts';
import { firstAnswer, isUntouched } from './verified.ts';

const expectedByPort = new Map<number, Buffer>();

function expected(port: number): Buffer {
  const body = expectedByPort.get(port);
  if (body === undefined) throw new Error('no first answer was taken');
  return body;
}

serve(async (task: LoadTask): Promise<LoadResult> => {
  switch (task.kind) {
    case 'first-answer': {
      const body = await firstAnswer(task.recipe);
      expectedByPort.set(task.recipe.port, body);
      return { untouched: isUntouched(body) };
    }
    case 'closed-loop':
      return runClosedLoop(task, expected(task.recipe.port));
    case 'open-loop':
      return runOpenLoop(task, expected(task.recipe.port));
    case 'streams':
      return runStreams(task);
  }
});
