import type { Pods } from '../release.ts';
import type { Rule } from './rule.ts';

/** What Kubernetes calls the restricted standard, a file system that cannot be written to, and no token of the API's. */
export const hardening: Rule = (release) =>
  release.pods().flatMap((pods) => [
    ...podBreaches(pods),
    ...pods.containers.flatMap((container) => {
      const { securityContext: context, resources } = container;
      return expected(`${pods.name}, container ${container.name}`, {
        'runs as somebody': context?.runAsNonRoot === true,
        'cannot become more': context?.allowPrivilegeEscalation === false && context.privileged !== true,
        'has no capability': context?.capabilities?.drop?.join() === 'ALL' && context.capabilities.add === undefined,
        'cannot write to its image': context?.readOnlyRootFilesystem === true,
        'says what memory it needs':
          resources?.requests?.['memory'] !== undefined && resources.limits?.['memory'] !== undefined,
        'says what CPU it needs': resources?.requests?.['cpu'] !== undefined,
      });
    }),
  ]);

function podBreaches({ name, spec }: Pods): string[] {
  const { securityContext: context } = spec;
  return expected(name, {
    'runs as somebody': context?.runAsNonRoot === true && (context.runAsUser ?? 0) > 0,
    'has the runtime’s filter of system calls': context?.seccompProfile?.type === 'RuntimeDefault',
    'has no token': spec.automountServiceAccountToken === false,
    'stays off the machine': [spec.hostNetwork, spec.hostPID, spec.hostIPC].every((one) => one !== true),
    'mounts nothing of the machine': (spec.volumes ?? []).every(({ hostPath }) => hostPath === undefined),
    'is not told of every Service': spec.enableServiceLinks === false,
  });
}

function expected(who: string, facts: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(facts)
    .filter(([, holds]) => !holds)
    .map(([fact]) => `${who}: not true that it ${fact}`);
}
