/** Writes a whole answer, or an upstream's refusal that is the caller's to see. */
import type { Reply, Served } from '@leeward/failover';
import { type ClientRequest, readErrorBody, writeClientAnswer, writeErrorBody } from '@leeward/wire';
import { asGatewayError, respondError } from './error-response.ts';
import type { HttpDownstream } from './http-downstream.ts';
import { servedHeaders } from './response-headers.ts';

/** Answers the status that the client sees. */
export function respondReply(downstream: HttpDownstream, client: ClientRequest, reply: Reply, served: Served): number {
  const from = served.member.target.provider.dialect;
  const headers = servedHeaders(downstream.requestId, served);
  let body: Buffer;
  try {
    body = reply.status === 200 ? writeClientAnswer(client, from, reply.bytes) : refusal(client, from, reply);
  } catch (error) {
    const refused = asGatewayError(error);
    respondError(downstream.response, refused, headers);
    return refused.status;
  }
  const type = reply.headers['content-type'];
  headers['content-type'] = typeof type === 'string' ? type : 'application/json';
  headers['content-length'] = String(body.length);
  downstream.answer(reply.status, headers, body);
  return reply.status;
}

/** Unchanged for a client of the same dialect; else in the one form that every SDK reads. */
function refusal(client: ClientRequest, from: 'mistral' | 'openai', reply: Reply): Buffer {
  const error = client.dialect === from ? undefined : readErrorBody(reply.bytes);
  if (error === undefined) return reply.bytes;
  return writeErrorBody({
    status: reply.status,
    code: error.code ?? String(reply.status),
    type: error.type ?? 'invalid_request_error',
    message: error.message,
  });
}
