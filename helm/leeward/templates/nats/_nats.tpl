{{/* The release's own NATS, and what the gateway's config says of it. */}}

{{- define "leeward.nats.on" -}}
{{- if and .Values.nats.enabled (not .Values.config.cluster) -}}on{{- end -}}
{{- end -}}

{{- define "leeward.nats.name" -}}
{{- printf "%s-nats" (include "leeward.fullname" .) -}}
{{- end -}}

{{/* Servers are named one by one, so that a node finds another when the first that it asked is away. */}}
{{- define "leeward.nats.cluster" -}}
{{- $name := include "leeward.nats.name" . -}}
name: {{ include "leeward.fullname" . | lower | replace "." "-" }}
nats:
  servers:
    {{- range $index := until (int .Values.nats.replicaCount) }}
    - nats://{{ $name }}-{{ $index }}.{{ $name }}:4222
    {{- end }}
  {{- with .Values.nats.passwordEntry }}
  user: leeward
  password: file:{{ $.Values.secret.mountPath }}/{{ . }}
  {{- end }}
{{- end -}}
