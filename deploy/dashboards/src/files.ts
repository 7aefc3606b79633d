import type { Built } from './frame.ts';

/** Where Grafana's provisioning finds them. */
export const GRAFANA = new URL('../../grafana/', import.meta.url);

export function textOf(built: Built): string {
  return `${JSON.stringify(built, null, 2)}\n`;
}
