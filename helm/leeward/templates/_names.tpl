{{/* Names and labels. Everything that must be the same in two objects stands here once. */}}

{{- define "leeward.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters: what is added behind it must still fit into a label's 63. */}}
{{- define "leeward.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "leeward.name" . -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What Services, policies and budgets choose pods by. Takes (list . COMPONENT). */}}
{{- define "leeward.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "leeward.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Takes (list . COMPONENT). */}}
{{- define "leeward.labels" -}}
{{- $root := index . 0 -}}
{{ include "leeward.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "leeward.image" -}}
{{- with .Values.image -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- with .digest }}@{{ . }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "leeward.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "leeward.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Takes (list . SWITCH APIVERSION): true, false, or auto, which is when the cluster serves that API. Empty is no. */}}
{{- define "leeward.on" -}}
{{- $switch := toString (index . 1) -}}
{{- if or (eq $switch "true") (and (eq $switch "auto") ((index . 0).Capabilities.APIVersions.Has (index . 2))) -}}
on
{{- end -}}
{{- end -}}
