/**
 * Calls to a child process over Node's own channel, one at a time. Both ends are ours and start from the same files,
 * so the messages are typed by agreement and not validated.
 */
import type { ChildProcess } from 'node:child_process';

type Reply<Answer> = { ok: true; answer: Answer } | { ok: false; error: string };

/** The child's end: answers each request in turn. `never`: what comes is what `handle` takes, by agreement. */
export function serve(handle: (request: never) => unknown): void {
  const reply = (message: Reply<unknown>) => process.send?.(message);
  process.on('message', (request: unknown) => {
    Promise.resolve()
      .then(() => handle(request as never))
      .then(
        (answer: unknown) => reply({ ok: true, answer }),
        (error: unknown) => reply({ ok: false, error: error instanceof Error ? error.message : String(error) }),
      );
  });
  // The parent is gone: nobody will ask any more.
  process.on('disconnect', () => process.exit(0));
}

/** The parent's end. Rejects when the child ends instead of answering. */
export function call<Answer>(child: ChildProcess, request: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const onMessage = (reply: Reply<Answer>) => {
      settle();
      if (reply.ok) resolve(reply.answer);
      else reject(new Error(reply.error));
    };
    const onExit = () => {
      settle();
      reject(new Error('the child ended before it answered'));
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(request);
  });
}
