/**
 * Lets in whose certificate the admin port's authorities have signed. Health is for everyone, because an orchestrator's
 * probes have no certificate.
 */
import type { RequestListener } from 'node:http';
import { TLSSocket } from 'node:tls';

export function requireCertificate(listener: RequestListener): RequestListener {
  return (request, response) => {
    const isKnown = request.socket instanceof TLSSocket && request.socket.authorized;
    if (isKnown || request.url?.startsWith('/healthz/') === true) {
      listener(request, response);
      return;
    }
    response.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify({ error: 'this port wants a client certificate' }));
  };
}
