export { requireTool } from './find-tool.ts';
export { BUILDAH, NATS_SERVER } from './tools.ts';
