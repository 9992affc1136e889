import type { HandedOver, ProgramPort } from '@innkeeper/agent-core';
import { endTrial, giveUp, programPath, verifySignature } from 'host';
import type { Reaper } from './reaper.ts';

/** @param umask of the programs that the agent starts, which the next agent has to know */
export function createProgram(reaper: Reaper, umask: number, handedOver: HandedOver | undefined): ProgramPort {
  // Until the trial is over no child is reaped: the end of one that this program had reaped would be lost if it failed.
  reaper.isHeld = handedOver !== undefined;
  return {
    path: programPath(),
    verifySignature,
    handedOver,
    handOver: async (seconds, state) => {
      const { handOver } = await import('../handover/hand-over.ts');
      handOver(seconds, umask, state());
    },
    begin: () => {
      endTrial();
      reaper.isHeld = false;
      reaper.reap();
    },
    giveUp,
  };
}
