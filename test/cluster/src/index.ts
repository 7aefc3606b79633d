export { CLIENT_KEY, ROUTE } from './cluster.ts';
export { GatewayNode } from './gateway-node.ts';
export { type GatewayProcess, startGateway } from './gateway-process.ts';
export { lastingPort } from './lasting-port.ts';
export { Load } from './load.ts';
export { SimulatorProcess } from './simulator-process.ts';
