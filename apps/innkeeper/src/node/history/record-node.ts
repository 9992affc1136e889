import { errorMessage, type Log } from '@innkeeper/kit';
import type { Node } from '../node.ts';
import type { History } from './history.ts';
import { metricReport } from './metric-points.ts';

/** Records the reports of a node's VMs in history. Returns a function that stops it. */
export function recordNode(node: Node, history: History, log: Log): () => void {
  const endMeasured = node.measured.add(({ runner, change }) => {
    const { agent, usage, row } = runner;
    const report = change === 'telemetry' ? metricReport(agent.telemetry, undefined) : metricReport(undefined, usage);
    const timeMs = (change === 'telemetry' ? agent.telemetryMs : usage?.sampledMs) ?? Date.now();
    history.record(row.id, report, timeMs).catch((error: unknown) => {
      log.error('history.not-recorded', {
        vm: row.name,
        message: errorMessage(error),
      });
    });
  });
  const endChanges = node.changes.add((id) => {
    if (node.find(id) === undefined) history.forget(id);
  });
  return () => {
    endMeasured();
    endChanges();
  };
}
