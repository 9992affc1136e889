import { UpdateServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import type { AgentParts } from '../agent-parts.ts';
import { firstOf, type Operation, operation, unaryOperation } from '../dispatch.ts';
import { hex } from '../hex.ts';
import { checkManifest } from './check-manifest.ts';
import { handOver, untilFew } from './hand-over.ts';
import { removePrevious, StagedProgram } from './staged-program.ts';

/** Apply and Confirm. */
export function updateOperations(parts: AgentParts): Operation[] {
  const { host, log, succession } = parts;
  let isBusy = false;
  let isSwitching = false;
  return [
    operation(UpdateServiceLite.apply, async (input, { send }) => {
      const first = (await firstOf(input)).input;
      if (first.case !== 'manifest')
        throw new OperationError('INVALID_ARGUMENT', 'The first message must be manifest.');
      const manifest = checkManifest(host, parts.updateKeysPath, first.value);
      if (isBusy || succession.trial !== undefined)
        throw new OperationError('UPDATE_BUSY', 'Another update of this agent is in progress.');
      isBusy = true;
      try {
        checkProgramPath(host.program.path);
        await send({ event: { case: 'accepted', value: {} } });
        const staged = await StagedProgram.receive(host, manifest, input);
        try {
          await staged.check();
          succession.gate.close();
          await untilFew(parts, manifest.cutCalls);
          await staged.swap();
        } catch (error) {
          staged.discard();
          throw error;
        }
        isSwitching = true;
        log.info('update.switching', { version: manifest.version });
        const commands = parts.registry?.runningCount ?? 0;
        try {
          await send({ event: { case: 'switching', value: { commands } } });
        } catch (error) {
          staged.swapBack();
          throw error;
        }
        // After the end of this call was sent.
        host.clock.setTimer(0, () => {
          handOver(parts, manifest).catch((error: unknown) => {
            log.error('update.failed', { error: String(error) });
            try {
              staged.swapBack();
            } catch (swapError) {
              log.error('update.failed', { error: String(swapError) });
            }
            host.program.giveUp();
          });
        });
      } catch (error) {
        isBusy = false;
        isSwitching = false;
        succession.gate.open();
        throw error;
      }
    }),
    unaryOperation(UpdateServiceLite.confirm, ({ sha256 }) => {
      if (isSwitching) throw new OperationError('AGENT_UPDATING', 'The new agent is about to begin.');
      const wanted = hex(sha256);
      if (succession.trial?.sha256 === wanted) {
        removePrevious(host);
        succession.trial.begin();
        succession.trial = undefined;
        succession.confirmed = wanted;
        log.info('update.confirmed', { version: host.system.agentVersion });
      }
      if (succession.confirmed !== wanted)
        throw new OperationError(
          'UPDATE_ROLLED_BACK',
          `The agent ${host.system.agentVersion} goes on: ${succession.failed === wanted ? 'the new one failed, or was not confirmed in time' : 'no other one was begun'}.`,
        );
      return { version: host.system.agentVersion };
    }),
  ];
}

/** The kernel marks the path of a program whose file was removed or replaced. */
function checkProgramPath(path: string): void {
  if (!path.startsWith('/') || path.endsWith(' (deleted)'))
    throw new OperationError(
      'UPDATE_REFUSED',
      `The program of this agent was replaced since it started (${path}). Restart the agent first.`,
    );
}
