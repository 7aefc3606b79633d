export { requireTool } from './find-tool.ts';
export { BUILDAH, HELM, NATS_SERVER } from './tools.ts';
