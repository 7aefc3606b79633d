{{/* The one Secret that the pods mount, wherever it comes from. */}}

{{/* The entries that the config reads, as JSON: {"entries": [...]}. */}}
{{- define "leeward.secret.entries" -}}
{{- $prefix := printf "file:%s/" .Values.secret.mountPath -}}
{{- $found := regexFindAll (printf "\"%s[^\"]+\"" (regexQuoteMeta $prefix)) (include "leeward.config" . | fromYaml | toJson) -1 -}}
{{- $entries := list -}}
{{- range $found -}}
{{- $entries = append $entries (. | trimAll "\"" | trimPrefix $prefix) -}}
{{- end -}}
{{- dict "entries" (uniq $entries | sortAlpha) | toJson -}}
{{- end -}}

{{/* Its name; empty when there is none. Refuses what cannot work, with what to do. */}}
{{- define "leeward.secret.name" -}}
{{- $own := printf "%s-keys" (include "leeward.fullname" .) -}}
{{- $entries := (include "leeward.secret.entries" . | fromJson).entries -}}
{{- $sources := compact (list .Values.secret.existingSecret (ternary "data" "" (gt (len .Values.secret.data) 0)) (ternary "external" "" .Values.externalSecret.enabled)) -}}
{{- if gt (len $sources) 1 -}}
{{- fail "give one of secret.existingSecret, secret.data and externalSecret.enabled, not several" -}}
{{- else if .Values.secret.existingSecret -}}
{{- .Values.secret.existingSecret -}}
{{- else if .Values.secret.data -}}
{{- range $entries -}}
{{- if not (hasKey $.Values.secret.data .) -}}
{{- fail (printf "the config reads %s from the Secret, and secret.data has no such entry" .) -}}
{{- end -}}
{{- end -}}
{{- $own -}}
{{- else if .Values.externalSecret.enabled -}}
{{- $own -}}
{{- else if $entries -}}
{{- fail (printf "the config reads %s from a Secret: make one (kubectl create secret generic NAME --from-file=%s=...) and set secret.existingSecret=NAME" (join ", " $entries) (first $entries)) -}}
{{- end -}}
{{- end -}}
