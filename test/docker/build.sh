#!/usr/bin/env bash
# Builds assay-postgres15:local from Debian's packages alone: no image is pulled. Needs root, debootstrap and a Docker engine.
# The Debian mirror is the one that this machine's apt uses.
set -euo pipefail
cd "$(dirname "$0")"

image=assay-postgres15:local
base=debian-postgres15:local
suite=bookworm # the Debian release whose PostgreSQL is 15

if ! docker image inspect "$base" >/dev/null 2>&1; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" 'Component: main' | head -n 1)
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  debootstrap --variant=minbase --include=postgresql-15 "$suite" "$root" "${mirror:-http://deb.debian.org/debian}" >"$root.log" 2>&1 || {
    tail -n 30 "$root.log" >&2
    exit 1
  }
  rm -rf "$root.log" "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/lib/postgresql/15 "$root"/usr/share/doc
  tar -C "$root" -c . | docker import - "$base" >/dev/null
fi

# The classic builder: Debian's docker.io has no buildx.
DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" . 2> >(grep -v -e DEPRECATED -e BuildKit -e environment-variable -e "^$" >&2)
