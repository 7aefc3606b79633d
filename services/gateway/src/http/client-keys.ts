/**
 * Who may use this gateway. Client keys are kept as SHA-256 only: what the process does not hold it cannot leak. The
 * look-up goes by the hash of what was sent, which a caller cannot steer, and the match is confirmed in constant time.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '@leeward/kernel';
import type { Auth } from '../config/settings.ts';

/** Answers the client's name; throws GW_UNAUTHORIZED. */
export type Authenticate = (headers: IncomingHttpHeaders) => string;

const ANONYMOUS = 'anonymous';

/** Longer than any key; hashing more would let a caller buy work with nothing. */
const MAX_KEY_LENGTH = 1024;

export function authenticator(auth: Auth): Authenticate {
  if (auth.kind === 'none') return () => ANONYMOUS;
  const byHash = new Map(auth.keys.map((key) => [key.sha256.toString('base64'), key]));
  return (headers) => {
    const sent = sentKey(headers);
    if (sent === undefined) {
      throw new GatewayError('GW_UNAUTHORIZED', 'No client key: send it as authorization: Bearer, or as x-api-key.');
    }
    const sha256 = hash('sha256', sent, 'buffer');
    const known = byHash.get(sha256.toString('base64'));
    if (known === undefined || !timingSafeEqual(known.sha256, sha256)) {
      throw new GatewayError('GW_UNAUTHORIZED', 'This is no client key of this gateway; a vendor’s key is none.');
    }
    return known.name;
  };
}

function sentKey(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  const bearer = authorization !== undefined && /^bearer /i.test(authorization) ? authorization.slice(7).trim() : '';
  const key = bearer !== '' ? bearer : headers['x-api-key'];
  return typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH ? key : undefined;
}
