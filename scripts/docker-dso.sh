#!/bin/sh
# Docker's plugin. It answers docker's handshake by itself, in a millisecond, and else runs the program beside it.
if [ "$1" = docker-cli-plugin-metadata ]; then
  printf '%s\n' '@METADATA@'
  exit 0
fi
unset NODE_OPTIONS
# Buffers go back to the system when they are let go.
export MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=65536
here=$(readlink -f -- "$0")
here=${here%/*}
for modules in "$here/../node_modules" "$here/../.."; do
  for arch in x64 arm64; do
    node=$modules/node-linux-$arch/bin/node
    if [ -x "$node" ]; then
      exec "$node" --disable-sigusr1 --disable-warning=ExperimentalWarning --max-semi-space-size=2 "$here/cli.js" "$@"
    fi
  done
done
echo "dso: its Node.js is missing beside $here: install it again with optional dependencies (x64 or arm64)" >&2
exit 1
