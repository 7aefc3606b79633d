import type { IncomingMessage } from 'node:http';

/** Letters, digits and the punctuation that ids use; what a log or a header could trip over is not kept. */
const ACCEPTABLE = /^[\w.:/+=@-]{1,128}$/;

const ids = new WeakMap<IncomingMessage, string>();

/** The client's own id when it is presentable, else a new one; the same for the same request ever after. */
export function requestIdOf(request: IncomingMessage, newId: () => string): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const sent = request.headers['x-request-id'];
  const id = typeof sent === 'string' && ACCEPTABLE.test(sent) ? sent : newId();
  ids.set(request, id);
  return id;
}
