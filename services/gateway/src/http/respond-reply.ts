/** Writes a whole answer, or an upstream's refusal that is the caller's to see. */
import type { ServerResponse } from 'node:http';
import type { Reply, Served } from '@leeward/failover';
import { type ClientRequest, readErrorBody, writeClientAnswer, writeErrorBody } from '@leeward/wire';
import { asGatewayError, respondError } from './error-response.ts';
import { servedHeaders } from './response-headers.ts';

export function respondReply(
  response: ServerResponse,
  requestId: string,
  client: ClientRequest,
  reply: Reply,
  served: Served,
): number {
  const from = served.member.target.provider.dialect;
  const headers = servedHeaders(requestId, served);
  let body: Buffer;
  try {
    body = reply.status === 200 ? writeClientAnswer(client, from, reply.bytes) : refusal(client, from, reply);
  } catch (error) {
    const refused = asGatewayError(error);
    respondError(response, refused, headers);
    return refused.status;
  }
  const type = reply.headers['content-type'];
  headers['content-type'] = typeof type === 'string' ? type : 'application/json';
  headers['content-length'] = String(body.length);
  response.writeHead(reply.status, headers);
  response.end(body);
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
