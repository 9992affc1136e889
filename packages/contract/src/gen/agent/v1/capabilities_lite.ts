/** Generated from the capabilities that `proto/agent/v1` gives to its methods. */
export const methodCapabilities = [
  'accounts',
  'exec',
  'file.read',
  'file.resume',
  'file.watch',
  'file.write',
  'filesystem.freeze',
  'filesystem.trim',
  'inventory',
  'network',
  'power',
  'processes',
  'system',
  'telemetry',
  'tunnel',
  'units',
] as const;
