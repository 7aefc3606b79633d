export { requireTool } from './find-tool.ts';
export { NATS_SERVER } from './tools.ts';
