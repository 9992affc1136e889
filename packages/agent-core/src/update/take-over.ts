import type { AgentParts } from '../agent-parts.ts';
import { ProcessRegistry } from '../process/process-registry.ts';
import type { HandedOver } from '../program.ts';
import type { AgentState } from './hand-over.ts';

/** Takes over what an earlier program of this process has handed over. On trial, it goes on at the confirmation. */
export function takeOver(parts: AgentParts, handedOver: HandedOver): void {
  const { host, log, succession } = parts;
  const { commands, sha256 } = handedOver.value as AgentState;
  if (commands !== undefined) {
    parts.registry = new ProcessRegistry(host, log, parts.policy?.commands);
    parts.registry.restore(commands, (index) => handedOver.blob(index));
  }
  const begin = (): void => {
    host.program.begin();
    parts.registry?.begin();
    succession.gate.open();
  };
  log.info('update.taken-over', { commands: commands?.processes.length ?? 0, trial: handedOver.isOnTrial });
  if (handedOver.isOnTrial) {
    succession.trial = { sha256, begin };
    return;
  }
  succession.failed = sha256;
  log.error('update.rolled-back', { version: host.system.agentVersion });
  begin();
}
