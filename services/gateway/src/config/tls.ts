/** What a port needs to speak TLS, as the config has it. A pair that does not work together is refused here. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { Secret } from '@leeward/kernel';
import { z } from 'zod';

const pem = z.instanceof(Secret);

export const dataTlsOptions = z.strictObject({ cert: pem, key: pem }).superRefine(mustWork);

export const adminTlsOptions = z.strictObject({ cert: pem, key: pem, clientCa: pem.optional() }).superRefine(mustWork);

export interface TlsIdentity {
  /** With the certificates in between, if any, in PEM. */
  readonly cert: Secret;
  readonly key: Secret;
  /** Who must have signed a client's certificate. */
  readonly clientCa?: Secret | undefined;
}

function mustWork(identity: TlsIdentity, context: z.RefinementCtx): void {
  // An empty one is a reference that leads nowhere, which is told elsewhere.
  if (Object.values(identity).some((text: Secret | undefined) => text?.reveal() === '')) return;
  try {
    createSecureContext({ cert: identity.cert.reveal(), key: identity.key.reveal() });
    // As an authority, the context above would take any text, and then trust nobody.
    if (identity.clientCa !== undefined && !new X509Certificate(identity.clientCa.reveal()).ca) {
      throw new Error('clientCa is not a certificate of an authority');
    }
  } catch (error) {
    // OpenSSL's messages name what is wrong in words of its own, and quote nothing.
    const reason = error instanceof Error ? error.message.replace(/^error:\w+:/, '') : 'unreadable';
    context.addIssue({ code: 'custom', message: `must be a certificate and its key in PEM: ${reason}` });
  }
}
