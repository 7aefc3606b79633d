/**
 * The gateway's only reader of the process environment, and the choice of where the config comes from:
 * `--config`, then LEEWARD_CONFIG, then the built-in config for MISTRAL_API_KEY or MISTRAL_API_KEYS, then the demo.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A copy: nothing that happens to the process later changes what a config was loaded with. */
export function readEnvironment(): Environment {
  return { ...process.env };
}

export type ConfigSource =
  | { readonly kind: 'file'; readonly path: string }
  /** The real Mistral with the keys of the environment; `env` holds each key under a name of its own. */
  | { readonly kind: 'built-in'; readonly text: string; readonly env: Environment }
  | { readonly kind: 'demo' };

export function chooseSource(env: Environment, configFlag: string | undefined): ConfigSource {
  const path = configFlag ?? env['LEEWARD_CONFIG'];
  if (path !== undefined && path !== '') return { kind: 'file', path };
  const keys = mistralKeys(env);
  if (keys.length > 0) return builtIn(keys);
  return { kind: 'demo' };
}

function mistralKeys(env: Environment): string[] {
  const listed = [env['MISTRAL_API_KEY'] ?? '', ...(env['MISTRAL_API_KEYS'] ?? '').split(',')];
  return [...new Set(listed.map((key) => key.trim()).filter((key) => key !== ''))];
}

/** Each key is taken to be of another workspace: then limits are learned apart, which is right for shared ones too. */
function builtIn(keys: readonly string[]): ConfigSource {
  const named = keys.map((key, index) => ({ name: `MISTRAL_API_KEYS_${index + 1}`, key }));
  const config = {
    providers: {
      mistral: {
        dialect: 'mistral',
        baseUrl: 'https://api.mistral.ai',
        keys: named.map(({ name }, index) => ({ name: `key-${index + 1}`, secret: `env:${name}` })),
      },
    },
    routes: { '*': { pools: [[{ provider: 'mistral' }]] } },
    auth: 'none',
  };
  const env = Object.fromEntries(named.map(({ name, key }) => [name, key]));
  return { kind: 'built-in', text: JSON.stringify(config, null, 2), env };
}
