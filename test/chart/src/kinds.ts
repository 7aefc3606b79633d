/**
 * Every kind that the chart may make, by API version and kind, with its type. Types are erased, so the objects that
 * were rendered are judged by the compiler: judge.ts writes each as a literal of one of these.
 */
import type { IExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret';
import type { IExternalSecret as IExternalSecretV1Beta1 } from '@kubernetes-models/external-secrets/external-secrets.io/v1beta1/ExternalSecret';
import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import type { IHTTPRoute as IHTTPRouteV1Beta1 } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1beta1/HTTPRoute';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IPod } from 'kubernetes-models/v1/Pod';
import type { ISecret } from 'kubernetes-models/v1/Secret';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';

export interface Kinds {
  readonly 'apps/v1 Deployment': IDeployment;
  readonly 'apps/v1 StatefulSet': IStatefulSet;
  readonly 'autoscaling/v2 HorizontalPodAutoscaler': IHorizontalPodAutoscaler;
  readonly 'external-secrets.io/v1 ExternalSecret': IExternalSecret;
  readonly 'external-secrets.io/v1beta1 ExternalSecret': IExternalSecretV1Beta1;
  readonly 'gateway.networking.k8s.io/v1 HTTPRoute': IHTTPRoute;
  readonly 'gateway.networking.k8s.io/v1beta1 HTTPRoute': IHTTPRouteV1Beta1;
  readonly 'monitoring.coreos.com/v1 PodMonitor': IPodMonitor;
  readonly 'monitoring.coreos.com/v1 PrometheusRule': IPrometheusRule;
  readonly 'monitoring.coreos.com/v1 ServiceMonitor': IServiceMonitor;
  readonly 'networking.k8s.io/v1 Ingress': IIngress;
  readonly 'networking.k8s.io/v1 NetworkPolicy': INetworkPolicy;
  readonly 'policy/v1 PodDisruptionBudget': IPodDisruptionBudget;
  readonly 'v1 ConfigMap': IConfigMap;
  readonly 'v1 Pod': IPod;
  readonly 'v1 Secret': ISecret;
  readonly 'v1 Service': IService;
  readonly 'v1 ServiceAccount': IServiceAccount;
}
