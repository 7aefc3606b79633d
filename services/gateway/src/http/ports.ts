/** The two ports as a config wants them: plain or with TLS, the admin port perhaps for known certificates alone. */
import type { RequestListener, Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Settings } from '../config/settings.ts';
import { requireCertificate } from './require-certificate.ts';
import { httpServer } from './server.ts';

export function dataServer(listener: RequestListener, { listen, limits }: Settings): Server | TlsServer {
  return httpServer(listener, limits, listen.dataTls);
}

export function adminServer(listener: RequestListener, { listen, limits }: Settings): Server | TlsServer {
  const { adminTls } = listen;
  return httpServer(adminTls?.clientCa === undefined ? listener : requireCertificate(listener), limits, adminTls);
}
