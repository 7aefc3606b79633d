export { requireTool } from './find-tool.ts';
export { ALERTMANAGER, AMTOOL, BUILDAH, CHROMIUM, HELM, NATS_SERVER, PROMETHEUS, PROMTOOL } from './tools.ts';
export { NatsServer, type NatsServerOptions } from './nats-server.ts';
