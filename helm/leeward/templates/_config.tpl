{{/*
The config file, and what the pods must know of it: how long the longest request may last, what it talks to, which
files it reads. Each of these is worked out from the config that is mounted, so that they cannot disagree.
*/}}

{{- define "leeward.config" -}}
{{- $defaults := tpl (.Files.Get "files/default-config.yaml") . | fromYaml -}}
{{- $config := deepCopy .Values.config -}}
{{- range $section := list "auth" "providers" "routes" -}}
{{- if not (index $config $section) -}}
{{- $_ := set $config $section (index $defaults $section) -}}
{{- end -}}
{{- end -}}
{{- range $route, $options := $config.routes -}}
{{- range $pool := $options.pools -}}
{{- range $entry := $pool -}}
{{- if not (hasKey $config.providers $entry.provider) -}}
{{- fail (printf "config.routes.%s names the provider %q, and config.providers has only %s" $route $entry.provider (keys $config.providers | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $address := ternary (printf "[%s]" .Values.listenAddress) .Values.listenAddress (contains ":" .Values.listenAddress) -}}
{{- $_ := set $config "listen" (merge (default dict $config.listen) (dict "data" (printf "%s:%v" $address .Values.ports.data) "admin" (printf "%s:%v" $address .Values.ports.admin))) -}}
{{- if include "leeward.nats.on" . -}}
{{- $_ := set $config "cluster" (include "leeward.nats.cluster" . | fromYaml) -}}
{{- end -}}
{{- if and .Values.admin.tokenEntry (not $config.admin) -}}
{{- $_ := set $config "admin" (dict "token" (printf "file:%s/%s" .Values.secret.mountPath .Values.admin.tokenEntry)) -}}
{{- end -}}
{{- $limits := default dict $config.limits -}}
{{- if not (hasKey $limits "drainMs") -}}
{{- $longest := include "leeward.longestMs" $config | int64 -}}
{{- $_ := set $limits "drainMs" (min 3600000 (add $longest 10000)) -}}
{{- end -}}
{{- $_ := set $config "limits" $limits -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The longest totalMs of a config's routes. A route that says none has 300 s. */}}
{{- define "leeward.longestMs" -}}
{{- $longest := 0 -}}
{{- range $_, $options := .routes -}}
{{- $timeouts := default dict $options.timeouts -}}
{{- $longest = max $longest (ternary $timeouts.totalMs 300000 (hasKey $timeouts "totalMs") | int64) -}}
{{- end -}}
{{- $longest -}}
{{- end -}}

{{/* What a port speaks. Takes (list . "dataTls") or (list . "adminTls"). */}}
{{- define "leeward.scheme" -}}
{{- $listen := default dict (index . 0).Values.config.listen -}}
{{- ternary "https" "http" (hasKey $listen (index . 1)) -}}
{{- end -}}

{{/*
preStop, then as long as the node itself waits for its streams (drainMs), then ten seconds for the rest: the last log
lines and spans have two of them, and the kernel and the kubelet hardly need the others.
*/}}
{{- define "leeward.graceSeconds" -}}
{{- $config := include "leeward.config" . | fromYaml -}}
{{- $drainMs := max (int64 $config.limits.drainMs) (include "leeward.longestMs" $config | int64) -}}
{{- $needed := add (int64 .Values.rollout.preStopSeconds) (div (add $drainMs 999) 1000) 10 -}}
{{- $asked := .Values.rollout.terminationGracePeriodSeconds -}}
{{- if kindIs "invalid" $asked -}}
{{- $needed -}}
{{- else if lt (int64 $asked) $needed -}}
{{- fail (printf "rollout.terminationGracePeriodSeconds is %d; preStop, the longest request and the end need %d: less would cut streams" (int64 $asked) $needed) -}}
{{- else -}}
{{- int64 $asked -}}
{{- end -}}
{{- end -}}

{{/* What only a restart takes over: services/gateway/src/config/needs-restart.ts names the same. */}}
{{- define "leeward.needsRestart" -}}
{{- $config := include "leeward.config" . | fromYaml -}}
{{- $limits := pick $config.limits "headerBytes" "headersMs" "connections" "keepAliveMs" -}}
{{- $telemetry := pick (default dict $config.telemetry) "otlp" "traceSampling" "serviceName" -}}
{{- dict "listen" $config.listen "limits" $limits "telemetry" $telemetry "cluster" (default dict $config.cluster) | toJson | sha256sum -}}
{{- end -}}

{{/* TCP ports outside that the config makes the node talk to, as a JSON list without repetition. */}}
{{- define "leeward.upstreamPorts" -}}
{{- $config := include "leeward.config" . | fromYaml -}}
{{- $urls := list -}}
{{- range $_, $provider := $config.providers -}}
{{- $urls = append $urls $provider.baseUrl -}}
{{- end -}}
{{- with (default dict $config.telemetry).otlp -}}
{{- $urls = append $urls .endpoint -}}
{{- end -}}
{{- if not (include "leeward.nats.on" .) -}}
{{- with $config.cluster -}}
{{- $urls = concat $urls .nats.servers -}}
{{- end -}}
{{- end -}}
{{- $usual := dict "https" 443 "http" 80 "nats" 4222 "tls" 4222 -}}
{{- $ports := list -}}
{{- range $url := $urls -}}
{{- $parts := urlParse $url -}}
{{- $stated := regexFind ":[0-9]+$" $parts.host | trimPrefix ":" -}}
{{- $ports = append $ports (ternary (index $usual $parts.scheme) (int $stated) (eq $stated "")) -}}
{{- end -}}
{{- dict "ports" (uniq $ports) | toJson -}}
{{- end -}}
