import type { Log } from '@innkeeper/kit';
import type { RunRepository } from '@innkeeper/store';
import type { NodeOfControl } from '../control/node-of-control.ts';
import { RunManager } from './run-manager.ts';

/** The runs on a node's VMs. `start` goes on with those of an earlier daemon. */
export function createRunManager({ vms }: NodeOfControl, runs: RunRepository, log: Log): RunManager {
  return new RunManager({
    ...{ runs, log },
    agent: async (vmId, signal) => {
      const vm = vms.find(vmId);
      vm.assertAllowed('guest');
      return await vm.agent({ signal });
    },
  });
}
