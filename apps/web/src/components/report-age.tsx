import { AgentState, type Vm } from '@innkeeper/contract/control';
import type { JSX } from 'react';
import { TimeAgo } from './time-ago.tsx';

/** The age of a VM's last report if it is not current; nothing while its agent is connected, or without a report. */
export function ReportAge({ vm: { agent, telemetry } }: { readonly vm: Vm }): JSX.Element | null {
  if (agent?.state === AgentState.CONNECTED || agent?.telemetryUnixNs === undefined || telemetry === undefined)
    return null;
  return (
    <span className="report-age" data-hint="The agent is not connected; this is its last report.">
      reported <TimeAgo unixNs={agent.telemetryUnixNs} />
    </span>
  );
}
