import type { HandedOver, ProgramPort } from '@innkeeper/agent-core';
import { endTrial, giveUp, programPath, verifySignature } from 'host';
import type { Reaper } from './reaper.ts';

/** @param umask of the programs that the agent starts, which the next agent has to know */
export function createProgram(reaper: Reaper, umask: number, handedOver: HandedOver | undefined): ProgramPort {
  // Whoever reaps a child has to report its end, and may not go on.
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
