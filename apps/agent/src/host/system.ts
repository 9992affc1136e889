import type { SystemPort } from '@innkeeper/agent-core';
import * as host from 'host';
import { agentVersion } from '../version.ts';

export function createSystem(subreaper: boolean): SystemPort {
  const { pid, clockTicksPerSecond, pageSizeBytes, pidfd } = host.constants();
  const supported = { openat2: host.supportsOpenat2(), pidfd, subreaper };
  return {
    agentVersion,
    pid,
    uname: host.uname,
    clockTicksPerSecond,
    pageSizeBytes,
    supports: (feature) => supported[feature],
  };
}
