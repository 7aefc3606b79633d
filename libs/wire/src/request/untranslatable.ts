import { GatewayError } from '@leeward/kernel';

/** What one dialect says and the other cannot. `what` names the field as the client wrote it. */
export function untranslatable(what: string, why: string): GatewayError {
  return new GatewayError('GW_UNTRANSLATABLE', `${what}: ${why}`);
}
