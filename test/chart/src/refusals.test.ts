/** What cannot work is refused by helm, before anything in the cluster changes, with what to do. */
import { describe, expect, it } from 'vitest';
import { refusal } from './helm.ts';

const secret = { existingSecret: 'leeward-keys' };
const kubernetes = '1.37.0';

describe('the chart refuses', () => {
  it.each<[string, object, RegExp]>([
    ['an unknown value', { secret, replicas: 3 }, /'replicas' not allowed/],
    [
      'an unknown key of the config',
      { secret, config: { limits: { inflight: 1 } } },
      /\/config\/limits.*'inflight' not allowed/,
    ],
    [
      'a config value out of bounds',
      { secret, config: { limits: { bodyBytes: 1 } } },
      /\/config\/limits\/bodyBytes.*minimum/,
    ],
    [
      'a secret written into the config',
      { secret, config: { auth: { clientKeys: [{ name: 'a', secret: 'abc' }] } } },
      /secret.*does not match pattern/,
    ],
    [
      'where to listen in the config',
      { secret, config: { listen: { data: '0.0.0.0:80' } } },
      /\/config\/listen.*'data' not allowed/,
    ],
    ['no Secret', {}, /reads client-key, mistral-api-key from a Secret.*kubectl create secret.*secret\.existingSecret/],
    ['two Secrets', { secret: { ...secret, data: { a: 'b' } } }, /not several/],
    ['a Secret that lacks an entry', { secret: { data: { 'client-key': 'a' } } }, /reads mistral-api-key/],
    [
      'a Secret without the admin token that is named',
      { secret: { data: { 'client-key': 'a', 'mistral-api-key': 'b' } }, admin: { tokenEntry: 'admin-token' } },
      /reads admin-token/,
    ],
    ['an external secret from nowhere', { externalSecret: { enabled: true } }, /externalSecret\.storeRef/],
    [
      'a route to an unknown provider',
      { secret, config: { routes: { a: { pools: [[{ provider: 'x' }]] } } } },
      /config\.routes\.a names the provider "x"/,
    ],
    [
      'a grace that would cut streams',
      { secret, rollout: { terminationGracePeriodSeconds: 60 } },
      /is 60; .* need 330: less would cut streams/,
    ],
    ['stopping before load balancers know', { secret, rollout: { preStopSeconds: 0 } }, /minimum/],
    [
      'both monitors',
      { secret, metrics: { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } } },
      /counted twice/,
    ],
    [
      'autoscaling by nothing',
      { secret, autoscaling: { enabled: true, cpuUtilization: null, inFlight: false } },
      /nothing to go by/,
    ],
    [
      'bounds of autoscaling that cross',
      { secret, autoscaling: { enabled: true, minReplicas: 20 } },
      /above autoscaling\.maxReplicas/,
    ],
    ['an Ingress for no name', { secret, ingress: { enabled: true } }, /ingress\.host/],
    ['an HTTPRoute of no Gateway', { secret, httpRoute: { enabled: true } }, /httpRoute\.parentRefs/],
    ['a switch that is neither', { secret, metrics: { rules: { enabled: 'yes' } } }, /\/metrics\/rules\/enabled/],
  ])('%s', async (_what, values, words) => {
    expect(await refusal({ values, kubernetes })).toMatch(words);
  });

  it('a Kubernetes that is too old', async () => {
    expect(await refusal({ values: { secret }, kubernetes: '1.26.0' })).toMatch(/>=1\.27\.0/);
  });
});
