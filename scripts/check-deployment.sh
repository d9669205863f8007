#!/bin/sh
# The deployment files, without a cluster or an engine: rendered, and held against their schemas.
set -eu
cd "$(dirname "$0")/.."
venv=target/tools/venv/bin

"$venv/hadolint" deploy/Dockerfile

# Compose interpolates secrets; any value will do to read the file.
SECRET_KEY=x POSTGRES_PASSWORD=x REDIS_PASSWORD=x \
    docker-compose --file docker-compose.yml config --quiet
SECRET_KEY=x POSTGRES_PASSWORD=x REDIS_PASSWORD=x SERVICE_TLS_DIR=/x \
    docker-compose --file docker-compose.yml --file deploy/compose.tls.yml config --quiet

if command -v kubectl >/dev/null 2>&1; then
    sh k8s/overlays/kind/secrets.sh
    kubectl kustomize k8s/overlays/kind >target/kind.yaml
    "$venv/kubernetes-validate" --strict --quiet target/kind.yaml
    mkdir -p target/tls
    printf 'resources: [../../k8s/base]\ncomponents: [../../k8s/components/tls]\n' >target/tls/kustomization.yaml
    kubectl kustomize target/tls >target/tls.yaml
    "$venv/kubernetes-validate" --strict --quiet target/tls.yaml
else
    echo "kubectl is not installed: the Kubernetes files are not rendered" >&2
fi
