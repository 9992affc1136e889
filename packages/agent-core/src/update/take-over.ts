import type { AgentParts } from '../agent-parts.ts';
import { ProcessRegistry } from '../process/process-registry.ts';
import type { HandedOver } from '../program.ts';
import type { AgentState } from './hand-over.ts';

/** Takes over what an earlier program of this process has handed over. On trial, it goes on at the confirmation. */
export function takeOver(parts: AgentParts, handedOver: HandedOver): void {
  const { host, log, succession } = parts;
  const { commands, sha256, watches = [], log: lines } = handedOver.value as AgentState;
  if (lines !== undefined) parts.agentLog.restore(lines);
  succession.watches.restore(watches, (index) => handedOver.blob(index));
  if (commands !== undefined) {
    parts.registry = new ProcessRegistry(host, log, parts.policy?.commands);
    parts.registry.restore(commands, (index) => handedOver.blob(index));
  }
  const begin = (): void => {
    host.program.begin();
    parts.registry?.begin();
    succession.gate.open();
    void succession.watches.expire(host, succession.leaving.signal);
  };
  log.info('update.taken-over', {
    commands: commands?.processes.length ?? 0,
    watches: watches.length,
    trial: handedOver.isOnTrial,
  });
  if (handedOver.isOnTrial) {
    succession.trial = { sha256, begin };
    return;
  }
  succession.failed = sha256;
  log.error('update.rolled-back', { version: host.system.agentVersion });
  begin();
}
