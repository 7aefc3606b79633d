/**
 * Who may change this node's state through the admin port. With a token configured: who sends it. Without one: whoever
 * is on this machine and asks of his own accord. A web page of elsewhere that somebody here has open must not, although
 * its calls come from this machine. So the browser's word on where a call comes from counts; and the name that the call
 * was made to must be this machine's, because a page can have its own name lead here.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../config/address.ts';

export type Permission =
  | { readonly kind: 'granted'; readonly by: 'token' | 'loopback' }
  | { readonly kind: 'refused'; readonly status: 401 | 403; readonly problem: string };

/** Longer than any token; hashing more would let a caller buy work with nothing. */
const MAX_TOKEN_CHARS = 1024;

/** A proxy on this machine hands on the calls of others. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

export function permission(request: IncomingMessage, tokenSha256: Buffer | undefined): Permission {
  if (tokenSha256 === undefined) return fromThisMachine(request);
  const { authorization = '' } = request.headers;
  const sent = /^bearer (\S+)$/i.exec(authorization.slice(0, MAX_TOKEN_CHARS))?.[1];
  if (sent === undefined) return refused(401, 'This call needs authorization: Bearer with the admin token.');
  if (!timingSafeEqual(hash('sha256', sent, 'buffer'), tokenSha256)) {
    return refused(401, 'This is not the admin token.');
  }
  return { kind: 'granted', by: 'token' };
}

function fromThisMachine({ socket, headers }: IncomingMessage): Permission {
  const isProxied = PROXY_HEADERS.some((name) => headers[name] !== undefined);
  if (isProxied || !isLoopbackAddress(socket.remoteAddress ?? '')) {
    return refused(403, 'Without admin.token in the config, this call is taken from the node’s own machine only.');
  }
  const { host = '', origin } = headers;
  if (!isLoopbackName(host)) {
    return refused(403, 'Without admin.token in the config, this call is taken under localhost or 127.0.0.1 only.');
  }
  const site = headers['sec-fetch-site'];
  const isSameOrigin = origin === undefined || origin.replace(/^https?:\/\//, '') === host;
  if (!isSameOrigin || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    return refused(403, 'This call comes from the page of another site.');
  }
  return { kind: 'granted', by: 'loopback' };
}

function isLoopbackAddress(address: string): boolean {
  return isLoopback({ host: address.replace(/^::ffff:/i, ''), port: 0 });
}

/** Of a Host header, with or without a port. */
function isLoopbackName(host: string): boolean {
  return isLoopbackAddress(host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
}

function refused(status: 401 | 403, problem: string): Permission {
  return { kind: 'refused', status, problem };
}
