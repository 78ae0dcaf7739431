/** Where DSO lives on a host (docs/delivery.md). Fixed: tests give an agent its own host view by namespaces. */
export const paths = {
  config: '/etc/dso/dso.yaml',
  localKey: '/etc/dso/local.key',
  state: '/var/lib/dso',
  log: '/var/log/dso',
  run: '/run/dso',
  values: '/run/dso/values',
  /** A tmpfs inside values/: last good values, the fingerprint key. */
  ram: '/run/dso/values/store',
  statusSocket: '/run/dso/status.sock',
  controlSocket: '/run/dso/control.sock',
  rootSocket: '/run/dso/root.sock',
  pluginSocket: '/run/docker/plugins/dso.sock',
  dockerSocket: '/var/run/docker.sock',
} as const
