/** `host:port`, the form every tool prints and reads; an IPv6 host stands in brackets. */
import { BlockList, isIP, isIPv6 } from 'node:net';

export interface Address {
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
}

type AddressResult =
  | { readonly kind: 'ok'; readonly address: Address }
  | { readonly kind: 'refused'; readonly problem: string };

export function readAddress(text: string): AddressResult {
  const match = /^(?:\[([^\][]*)\]|([^:\][]*)):(\d{1,5})$/.exec(text);
  if (match === null) return refused('must be host:port, with an IPv6 host in brackets');
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return refused('must have a port of at most 65535');
  if (bracketed !== undefined) {
    return isIPv6(bracketed) ? ok(bracketed, port) : refused('must have an IPv6 address inside the brackets');
  }
  const host = plain ?? '';
  if (host === '') return refused('must name a host; 0.0.0.0 means every interface');
  return isHost(host) ? ok(host, port) : refused('must have a host that is a name or an IP address');
}

/** `127.0.0.0/8`, `::1`, and `localhost`, which resolves to one of them. */
export function isLoopback({ host }: Address): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && LOOPBACK.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

export function addressText({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** A name whose last label is a number is a mistyped IPv4 address: no top-level domain is one. */
function isHost(host: string): boolean {
  if (isIP(host) !== 0) return true;
  if (host.length > 253) return false;
  const labels = host.split('.');
  return (
    labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  );
}

function ok(host: string, port: number): AddressResult {
  return { kind: 'ok', address: { host, port } };
}

function refused(problem: string): AddressResult {
  return { kind: 'refused', problem };
}
