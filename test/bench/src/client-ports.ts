/** Which process of a subject holds which connection, from /proc: how requests are told apart by the worker that took them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The clients' ports of the loopback connections to `serverPort` that the process holds now. */
export function clientPortsOf(pid: number, serverPort: number): ReadonlySet<number> {
  return clientPorts(readFileSync('/proc/net/tcp', 'utf8'), serverPort, socketsOf(pid));
}

/** As the kernel numbers the states of a connection. */
const ESTABLISHED = '01';

/** Inodes of its sockets. */
function socketsOf(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // Closed since it was listed.
  }
}

/** @param table the kernel's: a line for each socket, `sl local:port remote:port ... inode` with ports in hexadecimal */
export function clientPorts(table: string, serverPort: number, inodes: ReadonlySet<string>): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', remote = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state === ESTABLISHED && portOf(local) === serverPort && inodes.has(inode)) ports.add(portOf(remote));
  }
  return ports;
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16);
}
