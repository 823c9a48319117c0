{{- define "tenantry.labels" -}}
app.kubernetes.io/name: tenantry
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tenantry.allLabels" -}}
{{ include "tenantry.labels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "tenantry.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* What `init` and `serve` have in common. */}}
{{- define "tenantry.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
envFrom:
  - configMapRef:
      name: {{ include "tenantry.name" . }}
env:
  - name: TENANTRY_MASTER_KEY_FILE
    value: /run/secrets/tenantry/master.key
  - name: TENANTRY_DATABASE_URL
    valueFrom:
      secretKeyRef:
        name: {{ required "existingSecret: a secret with master.key and database-url" .Values.existingSecret }}
        key: database-url
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: secret
    mountPath: /run/secrets/tenantry
    readOnly: true
  - name: data
    mountPath: /var/lib/tenantry
  - name: tmp
    mountPath: /tmp
{{- end }}
