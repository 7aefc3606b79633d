import type { IncomingMessage } from 'node:http';

/** Letters, digits and the punctuation that ids use; what a log or a header could trip over is not kept. */
const ACCEPTABLE = /^[\w.:/+=@-]{1,128}$/;

/** The client's own id when it is presentable, else a new one. */
export function requestIdFor(request: IncomingMessage, newId: () => string): string {
  const sent = request.headers['x-request-id'];
  return typeof sent === 'string' && ACCEPTABLE.test(sent) ? sent : newId();
}
